"""Pixop's presets as files: typed, strict, and sent in the document's own words."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from reelworks.core.errors import BadInputError
from reelworks.core.presets import load, preset_names
from reelworks.media.probe import Probe, VideoStream
from reelworks.pixop.presets import PixopPreset
from tests.pixop.written import Desk

SHIPPED = Path(__file__).parents[2] / "include" / "presets"
TAPE = Probe(
    container="mov", duration=60.04, size=1, bitrate=1, audio=(),
    video=(VideoStream(codec="dvvideo", width=720, height=576, fps=25, pix_fmt="yuv420p", field_order="bb"),),
)  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def test_every_file_that_ships_is_good_and_its_first_lines_say_when_to_take_it() -> None:
    names = preset_names("pixop")
    assert {"sd_tape_1080p", "dvd_1080p", "hd_4k", "pal_25_to_50", "denoise", "prores_422_hq"} <= set(names)
    for name in names:
        preset = load("pixop", name, PixopPreset)
        preset.fits(TAPE, preset.preview_ms(10, TAPE))
        assert preset.rendition(TAPE).name == f"{name}.{preset.suffix('mov')}"
        assert (SHIPPED / "pixop" / f"{name}.yaml").read_text().startswith("# For ")
        assert not preset.allow_unlisted


def test_the_readme_names_every_file_that_ships_and_its_example_loads(desk: Desk) -> None:
    readme = (SHIPPED / "README.md").read_text()
    shipped = sorted(file.stem for file in (SHIPPED / "pixop").iterdir())
    told = readme.partition("## Pixop")[2]
    assert [name for name in shipped if f"`{name}`" not in told] == []

    example = desk.file(readme.partition("# pixop: ")[2].partition("```")[0].partition("\n")[2])

    assert example.rendition().height == 720


def test_no_two_files_that_ship_make_the_same() -> None:
    digests = [load("pixop", name, PixopPreset).digest for name in preset_names("pixop")]
    assert len(set(digests)) == len(digests)


def test_the_body_leaves_out_what_is_not_set(desk: Desk) -> None:
    preset = desk.request("{resolution: {height: 1080}, mediaContainerCodec: {codec: h264}}")

    assert preset.body() == {"mediaContainerCodec": {"codec": "h264"}, "resolution": {"height": 1080}}
    assert "null" not in json.dumps(preset.body())


@pytest.mark.parametrize(
    ("own", "told", "sent"),
    [
        ("", (0, 10_000), (0, 10_000)),
        ("", (5_000, 8_000), (5_000, 8_000)),
        ("startPositionMilliseconds: 60000", (0, 10_000), (60_000, 70_000)),
        ("endPositionMilliseconds: 4000", (0, 10_000), (0, 4_000)),
        ("startPositionMilliseconds: 60000, endPositionMilliseconds: 65000", (1_000, 10_000), (61_000, 65_000)),
    ],
)
def test_a_range_told_at_run_time_lies_within_the_presets_own(
    desk: Desk, own: str, told: tuple[int, int], sent: tuple[int, int]
) -> None:
    preset = desk.request(f"{{denoiser: denoise, range: {{{own}}}}}" if own else "{denoiser: denoise}")

    body = preset.body(told)

    assert body["range"] == {"startPositionMilliseconds": sent[0], "endPositionMilliseconds": sent[1]}


@pytest.mark.parametrize("told", [(5, 5), (9, 3), (-1, 3), (4_000, 5_000)])
def test_a_range_that_leaves_nothing_is_refused(desk: Desk, told: tuple[int, int]) -> None:
    preset = desk.request("{denoiser: denoise, range: {endPositionMilliseconds: 4000}}")
    with pytest.raises(ValueError, match="leaves nothing"):
        preset.body(told)


def test_a_preview_never_outlasts_its_source(desk: Desk) -> None:
    plain = desk.request("{denoiser: denoise}")
    late = desk.request("{denoiser: denoise, range: {startPositionMilliseconds: 55000}}")

    assert plain.preview_ms(10, TAPE) == (25_020, 35_020)
    assert plain.preview_ms(100, TAPE) == (0, 60_040)
    assert late.body(late.preview_ms(10, TAPE))["range"]["endPositionMilliseconds"] == 60_040


def test_a_preview_is_taken_out_of_the_middle_of_what_the_preset_takes(desk: Desk) -> None:
    ranged = desk.request("{range: {startPositionMilliseconds: 10000, endPositionMilliseconds: 30000}}")

    clip = ranged.body(ranged.preview_ms(4, TAPE))["range"]

    assert clip == {"startPositionMilliseconds": 18_000, "endPositionMilliseconds": 22_000}


def test_a_preview_of_a_source_without_a_length_is_its_beginning(desk: Desk) -> None:
    endless = TAPE.model_copy(update={"duration": None})

    assert desk.request("{denoiser: denoise}").preview_ms(10, endless) == (0, 10_000)


def test_the_digest_is_of_what_is_sent_however_it_is_written(desk: Desk) -> None:
    one = desk.request("{resolution: {height: 1080, aspectRatioTag: '16:9'}, bitrate: {mbps: 20}}")
    other = desk.file(
        "request:\n  bitrate:\n    mbps: 20.0\n  resolution:\n    aspectRatioTag: 16:9\n    height: 1080\n"
        "description: other words\n"
    )
    assert one.digest == other.digest
    assert one.digest != desk.request("{bitrate: {mbps: 21}}").digest
    sent = b'{"bitrate":{"mbps":20.0},"resolution":{"aspectRatioTag":"16:9","height":1080}}'
    assert one.digest == hashlib.sha256(sent).hexdigest()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("{chromaSubsampling: {yuv: 4:2:2}}", {"chromaSubsampling": {"yuv": "4:2:2"}}),
        ("{chromaSubsampling: {yuv: 4:1:0}}", {"chromaSubsampling": {"yuv": "4:1:0"}}),
        ("{resolution: {width: 64, aspectRatioTag: 4:3}}", {"resolution": {"width": 64, "aspectRatioTag": "4:3"}}),
    ],
)
def test_a_ratio_that_yaml_takes_for_a_time_of_day_is_read_as_it_was_meant(
    desk: Desk, written: str, meant: dict[str, object]
) -> None:
    assert desk.request(written).body() == meant


def test_the_one_profile_that_yaml_takes_for_a_number_is_read_as_it_was_meant(desk: Desk) -> None:
    body = desk.request("{mediaContainerCodec: {codec: prores}, appleProresProfile: 4444}").body()
    assert body["appleProresProfile"] == "4444"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "request: Input should be a valid dictionary"),
        ("hello", "request: Input should be a valid dictionary"),
        ("{}", "request: is empty, and would pay for a copy"),
        ("{resolution: [1920, 1080]}", "request.resolution: Input should be a valid dictionary"),
        ("{resolution: {heigth: 1080}}", "request.resolution: there is no field 'heigth'. Did you mean 'height'?"),
        ("{denoizer: denoise}", "there is no field 'denoizer'. Did you mean 'denoiser'?"),
        ("{surprise: 1}", "request.surprise: unknown field"),
        ("{1: 2}", "request"),
        ("{resolution: {width: '1920'}}", "request.resolution.width: Input should be a valid integer"),
        ("{resolution: {width: 1920.0}}", "request.resolution.width: Input should be a valid integer"),
        ("{resolution: {width: true}}", "request.resolution.width: Input should be a valid integer"),
        ("{resolution: {width: 99999999999999999999999999999}}", "request.resolution.width: "),
        ("{chromaSubsampling: {bits: true}}", "request.chromaSubsampling.bits: Input should be a valid integer"),
        ("{bitrate: {mbps: .nan}}", "request.bitrate.mbps: Input should be a finite number"),
        ("{bitrate: {mbps: .inf}}", "request.bitrate.mbps: Input should be a finite number"),
        ("{bitrate: {mbps: '20'}}", "request.bitrate.mbps: Input should be a valid number"),
        ("{bitrate: {mbps: true}}", "request.bitrate.mbps: Input should be a valid number"),
        ("{bitrate: {mbps: 1e308}}", "request.bitrate.mbps: "),
        ("{frameRate: {fps: .nan}}", "request.frameRate.fps: Input should be a finite number"),
        ("{denoiser: [denoise]}", "request.denoiser: Input should be a valid string"),
        ("{denoiser: 7}", "request.denoiser: Input should be a valid string"),
        ("{denoiser: ''}", "request.denoiser: String should match pattern"),
        ("{range: {startPositionMilliseconds: 1e3}}", "Input should be a valid integer"),
        ("{denoiser: denoise, denoiser: hqdn3d}", "the key 'denoiser' is written twice"),
        ("!!python/object/apply:os.system [true]", "could not determine a constructor"),
    ],
)
@pytest.mark.parametrize("allow_unlisted", [False, True])
def test_hostile_yaml_is_told_with_its_file_and_field(desk: Desk, text: str, said: str, allow_unlisted: bool) -> None:
    with pytest.raises(BadInputError) as told:
        desk.request(text, allow_unlisted)
    assert said in str(told.value)
    assert "pixop/p.yaml: " in str(told.value)


@pytest.mark.parametrize("word", ["a b", "x" * 65, "héllo", "a\\nb", "a\\n", "{}", "<b>"])
def test_even_an_unlisted_word_is_one_plain_word(desk: Desk, word: str) -> None:
    with pytest.raises(BadInputError, match=r"request\.scaler: String should match pattern"):
        desk.request(f'{{scaler: "{word}"}}', allow_unlisted=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "valid dictionary"),
        ("{}", "p.yaml: is empty; give it a description and a request"),
        ("description:\nrequest: {denoiser: denoise}", "description is empty; give it a value"),
        ("description: no request", "request: Field required"),
        ("request: {denoiser: denoise}", "description: Field required"),
        ("description: ''\nrequest: {denoiser: denoise}", "description: String should have at least 1"),
        (
            "description: d\nallow_unlisted: 'yes'\nrequest: {scaler: x2}",
            "allow_unlisted: Input should be a valid bool",
        ),
        ("description: d\nallow_unlisted: 1\nrequest: {scaler: x2}", "request.scaler: is one of"),
        ("description: d\ncodec: h264\nrequest: {denoiser: denoise}", "codec: unknown field"),
        ("description: d\nallow_unlistd: true\nrequest: {scaler: x2}", "Did you mean 'allow_unlisted'?"),
    ],
)
def test_the_file_itself_is_checked_as_strictly(desk: Desk, text: str, said: str) -> None:
    with pytest.raises(BadInputError) as told:
        desk.file(text)
    assert said in str(told.value)


def test_json_is_refused_with_the_remedy(desk: Desk) -> None:
    with pytest.raises(BadInputError, match=r"pixop/p\.json: Pixop exports no presets; write it as p\.yaml"):
        desk.file('{"denoiser": "denoise"}', "p.json")


def test_a_preset_cannot_be_changed_once_it_is_read(desk: Desk) -> None:
    preset = desk.request("{denoiser: denoise}")
    with pytest.raises(ValueError, match="frozen"):
        preset.request.denoiser = "hqdn3d"
    preset.body()["denoiser"] = "hqdn3d"
    assert preset.body() == {"denoiser": "denoise"}
