"""Each family of parameters, seen in what comes out."""

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.caller import Caller, fetch_streams, small_output, streams_of
from tests.sandbox.process import SandboxProcess

X265 = {"video__codec": "libx265", "video__codec_params": {"preset": "ultrafast"}}
VP9 = {"video__codec": "libvpx-vp9", "video__codec_params": {"cpu_used": 8}}
SQUARE = {"height": "custom", "custom_height": 90, "aspect_ratio": "1:1"}
VARIABLE = {"rate_control_mode": "variable_bitrate", "avg_bitrate": "100k", "min_bitrate": "200k"}
CONSTANT = {"rate_control_mode": "constant_bitrate", "target_bitrate": "120k"}
QUALITY = {"rate_control_mode": "constant_quality", "crf": 30, "buffer_size": "1200k"}

# The source is 160x120, 25 pictures a second, h264 with a 44.1 kHz mono sound.
PICTURES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"codec_name": "h264", "width": 120, "height": 90, "pix_fmt": "yuv420p"}),
    (X265, {"codec_name": "hevc", "codec_tag_string": "hvc1"}),
    (VP9, {"codec_name": "vp9"}),
    (
        {"video__codec_params": {"preset": "fast", "profile": "main", "level": "3.1", "tune": "film"}},
        {"profile": "Main", "level": 31},
    ),
    (
        {**X265, "video__codec_params": {"preset": "ultrafast", "profile": "main", "level": "4.0"}},
        {"profile": "Main", "level": 120},
    ),
    (
        {"video__codec_params": {"preset": "ultrafast", "profile": "high10"}},
        {"profile": "High 10", "pix_fmt": "yuv420p10le"},
    ),
    ({"aspect__resolution": {"height": "240p", "avoid_upscaling": False}}, {"width": 320, "height": 240}),
    ({"aspect__resolution": {"height": "240p", "avoid_upscaling": True}}, {"width": 160, "height": 120}),
    ({"aspect__resolution": {"height": ""}}, {"width": 160, "height": 120}),
    ({"aspect__resolution": SQUARE}, {"width": 90, "height": 90}),
    ({"aspect__padding": {"final_aspect_ratio": "16:9", "fill_color": "#ff0000"}}, {"width": 160, "height": 90}),
    ({"aspect__padding__final_aspect_ratio": "1:1"}, {"width": 90, "height": 90}),
    ({"aspect__cropping": {"left": 20, "right": 20, "top": 10, "bottom": 10}}, {"width": 108, "height": 90}),
    ({"aspect__orientation": {"rotation": "90", "flip": "horizontal"}}, {"width": 68, "height": 90}),
    ({"aspect__orientation": {"rotation": "180", "flip": "vertical"}}, {"width": 120, "height": 90}),
    ({"video__frame_rate": {"fps": "50", "up_mode": "avoid"}}, {"avg_frame_rate": "25/1"}),
    ({"video__frame_rate": {"fps": "50", "up_mode": "duplicate"}}, {"avg_frame_rate": "50/1"}),
    ({"video__frame_rate": {"fps": "5", "up_mode": "avoid"}}, {"avg_frame_rate": "5/1"}),
]


@pytest.mark.parametrize(("changes", "expected"), PICTURES)
def test_the_picture_is_as_asked(
    caller: Caller, sources: dict[str, str], tmp_path: Path, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    video = caller.encode(sources["sound"], small_output(**changes), tmp_path / "a.mp4")["video"]

    assert {key: video[key] for key in expected} == expected


def test_every_codec_takes_every_rate_control(caller: Caller, sources: dict[str, str]) -> None:
    codecs: list[dict[str, Any]] = [{}, X265, VP9]
    outputs = [small_output(**codec, video__bitrate=rate) for codec in codecs for rate in (VARIABLE, CONSTANT, QUALITY)]

    job = caller.finish(sources["silent"], *outputs)

    assert job["state"] == "JOB_STATE_COMPLETE", job.get("errorMessage")
    assert len(caller.results(job["id"])) == 9


def test_the_sound_is_as_asked(caller: Caller, sources: dict[str, str], tmp_path: Path) -> None:
    wanted = {"audio_codec": "AAC", "audio_channel": "2.0", "audio_sample_rate": "48khz", "audio_bitrate": "96k"}

    sound = caller.encode(sources["sound"], small_output(audio=wanted), tmp_path / "a.mp4")["audio"]

    assert (sound["codec_name"], sound["channels"], sound["sample_rate"]) == ("aac", 2, "48000")


def test_a_silent_source_makes_a_silent_output(caller: Caller, sources: dict[str, str], tmp_path: Path) -> None:
    assert "audio" not in caller.encode(sources["silent"], small_output(), tmp_path / "a.mp4")


def test_an_mp4_begins_with_its_index(caller: Caller, sources: dict[str, str], tmp_path: Path) -> None:
    caller.encode(sources["sound"], small_output(), target := tmp_path / "a.mp4")

    content = target.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize(
    ("source", "said"),
    [("text", "cannot be decoded"), ("empty", "empty"), ("missing", "404"), ("forbidden", "403"), ("dead", "Connect")],
)
def test_a_source_that_cannot_be_used_fails_the_job_without_telling_its_signature(
    caller: Caller, sources: dict[str, str], source: str, said: str
) -> None:
    target = {"Bucket": "inbox", "Key": "no such key"}
    missing = caller.sandbox.s3().generate_presigned_url("get_object", Params=target)
    links = sources | {
        "missing": missing,
        "forbidden": sources["sound"].replace("Signature=", "Signature=0"),
        "dead": "http://127.0.0.1:1/a.mp4?X-Amz-Signature=abc",
    }

    job = caller.finish(links[source])

    assert job["state"] == "JOB_STATE_FAILED"
    assert said in job["errorMessage"]
    assert "Signature" not in job["errorMessage"]
    assert job["completedAt"] is None
    assert "X-Amz-Signature" not in (caller.sandbox.state_dir / "sandbox.log").read_text()


def test_names_follow_the_template(caller: Caller, sources: dict[str, str]) -> None:
    caller.sandbox.settings(instant=True)
    template = (
        "{{if .name}}{{.name}}{{else}}{{.job_name}}_"
        "{{.output_params.Aspect.Resolution.CustomHeight}}p@{{.output_params.Video.Bitrate.AvgBitrate}}{{end}}"
    )
    plain = small_output(video__bitrate=VARIABLE)

    job = caller.finish("http://127.0.0.1:1/a.mp4", {**plain, "name": "tiny one"}, plain, template=template)

    assert list(caller.results(job["id"])) == ["out_0/Example_job_90p@100k.mp4", "out_1/tiny_one.mp4"]


def test_instant_results_are_of_the_right_kind(caller: Caller, tmp_path: Path) -> None:
    caller.sandbox.settings(instant=True)

    job = caller.finish("http://127.0.0.1:1/a.mp4", small_output(**X265), small_output())

    kinds = [
        fetch_streams(link, tmp_path / "a.mp4")["video"]["codec_name"] for link in caller.results(job["id"]).values()
    ]
    assert kinds == ["h264", "hevc"]
    assert streams_of(tmp_path / "a.mp4")["video"]["height"] == 90


def test_progress_grows_while_a_job_runs(sandbox: SandboxProcess) -> None:
    sandbox.settings(instant=True, job_seconds=0.8)
    caller = Caller(sandbox)
    job_id = caller.draft("http://127.0.0.1:1/a.mp4")
    caller.run(job_id)
    seen = []
    while caller.job(job_id)["state"] not in ("JOB_STATE_COMPLETE", "JOB_STATE_FAILED"):
        (row,) = [row for row in sandbox.ledger()["jobs"] if row["id"] == job_id]
        seen.append(row["progress"])

    assert seen == sorted(seen)
    assert len(set(seen)) > 3
