"""ByteNite presets: strict YAML, lenient exports, names foretold and matched."""

import json
from pathlib import Path
from typing import Any

import pytest

from reelworks.bytenite.presets import ByteNitePreset, Rendition, match_results
from reelworks.core import presets
from reelworks.core.errors import BadInputError, BadOutputError

CROP = {"bottom": 0, "left": 0, "right": 0, "top": 0}
DOCUMENT_BODY: dict[str, Any] = {
    "data": {
        "output_code_template": "",
        "output_template": "{{.job_name}}_{{.output_params.Aspect.Resolution.Height}}",
        "outputs": [
            {
                "output_params": {
                    "aspect": {
                        "cropping": CROP,
                        "orientation": {"flip": "", "rotation": ""},
                        "padding": {"fill_color": "#000000", "final_aspect_ratio": ""},
                        "resolution": {"aspect_ratio": "", "avoid_upscaling": False, "height": "720p"},
                    },
                    "audio": {
                        "audio_bitrate": "320k",
                        "audio_channel": "2.0",
                        "audio_codec": "AAC",
                        "audio_sample_rate": "48khz",
                    },
                    "video": {
                        "bitrate": {
                            "avg_bitrate": "3000k",
                            "buffer_size": "8000k",
                            "max_bitrate": "8000k",
                            "min_bitrate": "700k",
                            "rate_control_mode": "variable_bitrate",
                        },
                        "codec": "libx264",
                        "codec_params": {"level": "", "preset": "slow", "profile": "", "tune": "film"},
                        "frame_rate": {"fps": "", "up_mode": "avoid"},
                    },
                },
                "output_type": "mp4",
            },
            {
                "output_params": {
                    "aspect": {
                        "cropping": CROP,
                        "orientation": {"flip": "", "rotation": ""},
                        "padding": {"fill_color": "#000000", "final_aspect_ratio": ""},
                        "resolution": {"aspect_ratio": "", "avoid_upscaling": False, "height": "480p"},
                    },
                    "audio": {
                        "audio_bitrate": "320k",
                        "audio_channel": "2.0",
                        "audio_codec": "AAC",
                        "audio_sample_rate": "48khz",
                    },
                    "video": {
                        "bitrate": {
                            "avg_bitrate": "800k",
                            "buffer_size": "2000k",
                            "max_bitrate": "2000k",
                            "min_bitrate": "400k",
                            "rate_control_mode": "variable_bitrate",
                        },
                        "codec": "libvpx-vp9",
                        "codec_params": {"cpu_used": 1},
                        "frame_rate": {"fps": "", "up_mode": "avoid"},
                    },
                },
                "output_type": "mp4",
            },
        ],
    },
    "preset": "unpackaged",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REELWORKS_PRESETS", str(tmp_path))
    (tmp_path / "bytenite").mkdir()
    return tmp_path / "bytenite"


def loaded(folder: Path, text: str, suffix: str = "yaml") -> ByteNitePreset:
    (folder / f"x.{suffix}").write_text(text)
    return presets.load("bytenite", "x", ByteNitePreset)


def yaml_of(video: str = "", resolution: str = "height: 720p", more: str = "") -> str:
    video = video or "codec: libx264, bitrate: {rate_control_mode: constant_bitrate, target_bitrate: 900k}"
    params = f"{{aspect: {{resolution: {{{resolution}}}}}, video: {{{video}}}}}"
    return f"data: {{outputs: [{{output_params: {params}, output_type: mp4{more}}}]}}"


def test_every_preset_that_ships_loads_and_makes_distinct_files() -> None:
    names = presets.preset_names("bytenite")
    assert {"h264_360p", "h264_480p", "h264_720p", "h264_1080p", "hevc_1080p", "vp9_720p"} <= set(names)
    assert {"h264_ladder", "document_example"} <= set(names)
    for name in names:
        preset = presets.load("bytenite", name, ByteNitePreset)
        renditions = preset.renditions("a job")
        assert preset.description
        assert len({r.name for r in renditions}) == len({r.result_name for r in renditions}) == len(renditions)
        assert None not in {r.result_name for r in renditions}
        assert json.loads(json.dumps(preset.params())) == preset.params()


def test_the_document_example_sends_exactly_the_documents_body() -> None:
    assert presets.load("bytenite", "document_example", ByteNitePreset).params() == DOCUMENT_BODY


def test_the_documents_own_names_come_out() -> None:
    low_and_high = presets.load("bytenite", "document_example", ByteNitePreset).renditions("Example job")
    assert [r.result_name for r in low_and_high] == ["Example_job_720p.mp4", "Example_job_480p.mp4"]
    assert [(r.name, r.codec, r.height) for r in low_and_high] == [
        ("h264_720p.mp4", "h264", 720),
        ("vp9_480p.mp4", "vp9", 480),
    ]


def test_results_are_matched_by_name_and_not_by_index() -> None:
    renditions = presets.load("bytenite", "document_example", ByteNitePreset).renditions("Example job")
    results = ["out_0/Example_job_480p.mp4", "out_1/Example_job_720p.mp4"]
    assert match_results(renditions, results) == {
        "h264_720p.mp4": "out_1/Example_job_720p.mp4",
        "vp9_480p.mp4": "out_0/Example_job_480p.mp4",
    }


def test_numbers_that_yaml_reads_are_sent_as_the_vendors_strings(folder: Path) -> None:
    text = yaml_of(
        "codec: libx264, codec_params: {level: 4.1}, frame_rate: {fps: 30}, "
        "bitrate: {rate_control_mode: constant_quality, crf: 23, buffer_size: 900k}"
    )
    video = loaded(folder, text).params()["data"]["outputs"][0]["output_params"]["video"]
    assert (video["codec_params"]["level"], video["frame_rate"]["fps"]) == ("4.1", "30")


VBR = "codec: libx264, bitrate: {rate_control_mode: variable_bitrate, buffer_size: 9k, "


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (yaml_of("codec: libx266"), "output_params.video: Input tag 'libx266' found using 'codec'"),
        (yaml_of("bitrate: {}"), "output_params.video: Unable to extract tag using discriminator 'codec'"),
        (yaml_of("codec: libvpx-vp9, codec_params: {tune: film}"), "video.codec_params.tune: unknown field"),
        (yaml_of("codec: libx265, codec_params: {level: 4}"), "video.codec_params.level: unknown field"),
        (yaml_of("codec: libx264"), "output_params.video.bitrate: Field required"),
        (yaml_of(more=", colour: red"), "data.outputs.0.colour: unknown field"),
        (yaml_of(resolution="height: custom"), "aspect.resolution: height is custom, so custom_height must"),
        (yaml_of(resolution="custom_height: 540"), "custom_height needs height: custom"),
        (yaml_of(resolution="height: custom, custom_height: 541"), "custom_height must be even"),
        (yaml_of(resolution="height: 700p"), "resolution.height: Input should be '480p'"),
        (yaml_of(VBR + "min_bitrate: 5k, avg_bitrate: 4k, max_bitrate: 9k}"), "min_bitrate <= avg_bitrate"),
        (yaml_of(VBR + "min_bitrate: 5k, avg_bitrate: 5M, max_bitrate: 9k}"), "should look like 3000k"),
        (
            yaml_of("codec: libx264, bitrate: {rate_control_mode: constant_quality, crf: 55, buffer_size: 1k}"),
            "crf goes up to 51",
        ),
        ("data: {outputs: []}", "data.outputs: Tuple should have at least 1 item"),
        ("outputs: []", "outputs: unknown field"),
    ],
)
def test_a_slip_in_yaml_names_field_and_rule(folder: Path, text: str, said: str) -> None:
    with pytest.raises(BadInputError) as error:
        loaded(folder, text)
    assert "bytenite/x.yaml: " in str(error.value)
    assert said in str(error.value)


def test_two_outputs_with_one_result_name_are_refused(folder: Path) -> None:
    one = yaml_of()[len("data: {outputs: [") : -2]
    with pytest.raises(BadInputError, match=r"outputs\.1 would get the same result name as data\.outputs\.0"):
        loaded(folder, f"data: {{outputs: [{one}, {one}]}}")


def export() -> dict[str, Any]:
    """A GUI export as the public notebooks show it: bounds out of order, custom heights, names."""
    body: dict[str, Any] = json.loads(json.dumps(DOCUMENT_BODY))
    body["data"]["output_template"] = (
        "{{if .name}}{{.name}}{{else}}{{.job_name}}_{{.output_params.Aspect.Resolution.CustomHeight}}p"
        "@{{.output_params.Video.Bitrate.AvgBitrate}}{{end}}"
    )
    first, second = body["data"]["outputs"]
    first["name"] = "360p @365kbps"
    first["output_params"]["video"]["bitrate"] |= {"avg_bitrate": "365k", "min_bitrate": "548k"}
    second["output_params"]["aspect"]["resolution"] |= {"height": "custom", "custom_height": 720}
    second["a_field_of_2027"] = {"x": [1.5, None, "é"]}
    return body


@pytest.mark.parametrize("wrap", [lambda b: b, lambda b: {"params": b}, lambda b: {"job": {"params": b}}])
def test_an_export_is_sent_as_it_is_however_it_is_wrapped(folder: Path, wrap: Any) -> None:
    preset = loaded(folder, json.dumps(wrap(export())), "json")
    assert json.dumps(preset.params()) == json.dumps(export())


def test_templates_with_branches_are_foretold(folder: Path) -> None:
    renditions = loaded(folder, json.dumps(export()), "json").renditions("my job")
    assert [r.result_name for r in renditions] == ["360p_@365kbps.mp4", "my_job_720p@800k.mp4"]
    assert [r.name for r in renditions] == ["360p_@365kbps.mp4", "vp9_720p.mp4"]


@pytest.mark.parametrize("text", ["[]", "{}", '{"data": {"outputs": []}}', '{"data": {"outputs": [1]}}'])
def test_an_export_of_another_shape_is_refused(folder: Path, text: str) -> None:
    with pytest.raises(BadInputError, match=r"bytenite/x\.json: "):
        loaded(folder, text, "json")


def test_the_parameters_cannot_be_changed_from_outside(folder: Path) -> None:
    preset = loaded(folder, yaml_of())
    digest = preset.digest
    preset.params()["data"]["outputs"].clear()
    assert preset.digest == digest


def rendition(name: str, result_name: str | None) -> Rendition:
    return Rendition(name, result_name, "mp4", "h264", 720, True, True)


@pytest.mark.parametrize(
    ("results", "said"),
    [
        (["out_0/a.mp4"], "missing: b.mp4"),
        (["a.mp4", "b.mp4", "c.mp4"], "unexpected: c.mp4"),
        (["out_0/a.mp4", "out_1/a.mp4", "b.mp4"], "two results have the same name"),
        ([], "missing: a.mp4, b.mp4"),
    ],
)
def test_missing_unexpected_and_double_results_are_errors(results: list[str], said: str) -> None:
    with pytest.raises(BadOutputError, match=said):
        match_results([rendition("1.mp4", "a.mp4"), rendition("2.mp4", "b.mp4")], results)


def test_one_name_not_foretold_takes_the_one_result_left() -> None:
    wanted = [rendition("1.mp4", "a.mp4"), rendition("2.mp4", None)]
    assert match_results(wanted, ["x/what.mp4", "a.mp4"]) == {"1.mp4": "a.mp4", "2.mp4": "x/what.mp4"}


def test_several_names_not_foretold_fall_back_to_safe_base_names() -> None:
    wanted = [rendition("1.mp4", None), rendition("2.mp4", None), rendition("3.mp4", None)]
    results = ["../../x.mp4", "out_1/a b\n.mp4", "..\\.."]
    assert match_results(wanted, results) == {
        "x.mp4": "../../x.mp4",
        "a_b_.mp4": "out_1/a b\n.mp4",
        "output": "..\\..",
    }


def test_a_template_of_an_unknown_form_foretells_nothing(folder: Path) -> None:
    for template in ["{{.job_name | upper}}", "{{- .job_name}}", "{{if .name}}x", "{{.nothing}}", "{{end}}"]:
        text = f"{yaml_of()[:-1]}, output_template: {json.dumps(template)}}}"
        assert loaded(folder, text).renditions("job")[0].result_name is None, template


def test_padding_cropping_or_turning_leave_the_height_open(folder: Path) -> None:
    for aspect in ("cropping: {top: 2}", "orientation: {rotation: 90}", 'padding: {final_aspect_ratio: "1:1"}'):
        text = yaml_of().replace("resolution: {", aspect + ", resolution: {")
        assert loaded(folder, text).renditions("job")[0].height is None, aspect
