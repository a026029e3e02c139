"""Both forms of a preset's data, encoded with."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.openencoder.arguments import output_arguments
from sandbox.openencoder.options import OptionsError
from tests.sandbox.caller import streams_of
from tests.sandbox.openencoder.client import Client

CLEAN = {"denoise": "none", "deinterlace": "none"}
FULL: dict[str, Any] = {
    "format": {"container": "mp4", "clip": True, "startTime": "0.1", "stopTime": "0.5"},
    "video": {
        "codec": "libx264",
        "preset": "ultrafast",
        "pass": "crf",
        "crf": 30,
        "faststart": True,
        "bitrate": "0",
        "pixel_format": "yuv420p",
        "frame_rate": "10",
        "speed": "auto",
        "tune": "fastdecode",
        "profile": "main",
        "level": "3.1",
        "size": "custom",
        "width": "96",
        "height": "54",
        "scaling": "bicubic",
        "codec_options": "keyint=5",
    },
    "audio": {"codec": "aac", "channel": "1", "quality": "32k", "sample_rate": "22050", "volume": "50"},
    "filter": {**CLEAN, "deband": True, "contrast": "1.1", "brightness": "0.1", "gamma": "1", "saturation": "1.5"},
}


def test_form_a_is_split_at_blanks(client: Client, tmp_path: Path) -> None:
    client.add_preset("form-a", {"raw": ["-vf scale=-2:48", "-c:v libx264 -preset ultrafast", "-an", "-y"]}, "a.mp4")
    assert client.encode(dest="form/", preset="form-a")["status"] == "completed"
    streams = streams_of(client.fetch("form/a.mp4", tmp_path / "a.mp4"))
    assert set(streams) == {"video"}
    assert streams["video"]["height"] == 48


def test_form_b_has_a_flag_for_each_field(client: Client, tmp_path: Path) -> None:
    client.add_preset("form-b", FULL, "b.mp4")
    assert client.encode(dest="form/", preset="form-b")["status"] == "completed"
    path = client.fetch("form/b.mp4", tmp_path / "b.mp4")
    streams = streams_of(path)
    video, audio = streams["video"], streams["audio"]
    assert (video["codec_name"], video["width"], video["height"]) == ("h264", 96, 54)
    assert (video["r_frame_rate"], float(video["duration"])) == ("10/1", pytest.approx(0.4, abs=0.11))
    assert (audio["channels"], audio["sample_rate"]) == (1, "22050")
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_form_b_as_arguments() -> None:
    arguments = """
    -ss 0.1 -to 0.5 -c:v libx264 -preset ultrafast -crf 30 -movflags faststart -pix_fmt yuv420p -r 10
    -tune fastdecode -profile:v main -level 3.1 -x264-params keyint=5
    -vf scale=96:54:flags=bicubic,deband,eq=contrast=1.1:brightness=0.1:saturation=1.5:gamma=1
    -c:a aac -rematrix_maxval 1.0 -ac 1 -b:a 32k -ar 22050 -af volume=0.50 -y
    """
    assert output_arguments(json.dumps(FULL)) == arguments.split()


@pytest.mark.parametrize(
    ("data", "arguments"),
    [
        ({"raw": ["-c copy"], "video": {"codec": "libx264"}}, "-c copy"),
        ({"raw": [], "video": {"codec": "libx265"}, "filter": CLEAN}, "-c:v libx265 -y"),
        ({"video": {"crf": 20, "pass": "1"}, "filter": CLEAN}, "-y"),
        ({"video": {"pixel_format": "auto", "frame_rate": "25"}, "filter": CLEAN}, "-y"),
        ({"video": {"size": "720"}, "filter": CLEAN}, "-vf scale=-1:720 -y"),
        ({"video": {"size": "720", "format": "widescreen"}, "filter": CLEAN}, "-vf scale=720:-1 -y"),
        ({"video": {"speed": "2*PTS"}, "filter": CLEAN}, "-vf setpts=2*PTS -y"),
        (
            {"filter": {"denoise": "light", "deinterlace": "frame", "acontrast": "50"}},
            "-vf removegrain=22,yadif=0:-1:0 -af acontrast=0.50 -y",
        ),
        ({"unknown": 1, "filter": CLEAN | {"other": 2}}, "-y"),
        # Odd filters that nobody asked for.
        ({}, "-vf removegrain=0, -y"),
        (None, "-vf removegrain=0, -y"),
    ],
)
def test_the_servers_way_with_the_fields(data: Any, arguments: str) -> None:
    assert output_arguments(json.dumps(data)) == arguments.split(" ")


@pytest.mark.parametrize(
    "data", ["this is not json", "[]", '{"raw": "-y"}', '{"video": {"crf": "20"}}', '{"filter": {"deband": 1}}']
)
def test_data_of_the_wrong_type_panics(data: str) -> None:
    with pytest.raises(OptionsError):
        output_arguments(data)


def test_with_data_that_is_no_json_a_job_stays_encoding(client: Client) -> None:
    client.add_preset("no-json", "this is not json")
    job = client.create(preset="no-json")
    client.wait(job, "encoding")
    assert client.encode(dest="form/other/")["status"] == "completed"
    assert client.state(job) in ("encoding", "downloading", "probing")


@pytest.mark.parametrize(
    "data",
    [
        {"video": {"codec": "no_such_codec"}, "filter": CLEAN},
        {"video": {"pass": "2"}, "filter": CLEAN},
        {"raw": ["-metadata title=\0", "-y"]},
    ],
    ids=["unknown codec", "two passes", "zero byte"],
)
def test_what_ffmpeg_refuses_is_an_error(client: Client, data: dict[str, Any]) -> None:
    name = json.dumps(data)
    client.add_preset(name, data)
    assert client.encode(preset=name)["status"] == "error"


@pytest.mark.parametrize("output", ["../../escaped.mp4", "/tmp/escaped.mp4", "no/such/folder.mp4"])
def test_an_output_outside_the_workers_folder_is_an_error(client: Client, output: str) -> None:
    client.add_preset(output, output=output)
    assert client.encode(preset=output)["status"] == "error"
    assert not Path("/tmp/escaped.mp4").exists()


def test_every_file_that_an_encode_leaves_is_uploaded(client: Client) -> None:
    raw = ["-vf scale=-2:48 -c:v libx264 -preset ultrafast -g 5", "-f hls -hls_time 0.2 -y"]
    client.add_preset("hls", {"raw": raw}, "list.m3u8")
    assert client.encode(dest="hls/", preset="hls")["status"] == "completed"
    found = client.sandbox.s3().list_objects_v2(Bucket="openencoder-out", Prefix="hls/")["Contents"]
    assert {each["Key"] for each in found} >= {"hls/list.m3u8", "hls/list0.ts", "hls/list1.ts"}


def test_of_presets_with_one_name_the_oldest_is_used(client: Client) -> None:
    client.settings(instant=True)
    for number in (1, 2):
        client.add_preset("twin", output=f"twin{number}.mp4")
    job = client.encode(dest="twins/", preset="twin")
    assert client.row(job["id"])["output"] == "twins/twin1.mp4"


def test_an_update_answers_the_new_output_and_keeps_the_old(client: Client) -> None:
    number = client.add_preset("kept", output="old.mp4")
    body = {"name": "kept", "description": "d", "output": "new.mp4", "data": "{}", "active": False}
    assert client.call("PUT", f"/presets/{number}", body).json() == {"id": number, **body}
    assert client.get(f"/presets/{number}")["preset"] == {"id": number, **body, "output": "old.mp4"}


def test_streaming_from_a_presigned_url_ends_in_error(client: Client) -> None:
    usual = {each["name"]: each["value"] for each in client.get("/settings")["settings"]}
    client.call("PUT", "/settings", usual | {"S3_STREAMING": "enabled"})
    assert client.encode()["status"] == "error"
    client.call("PUT", "/settings", usual)


def test_instant_outputs_are_of_the_presets_kind(client: Client, tmp_path: Path) -> None:
    client.settings(instant=True)
    client.encode(dest="instant/", preset="h264_main_480p_1000")
    streams = streams_of(client.fetch("instant/h264_main_480p_1000.mp4", tmp_path / "out.mp4"))
    assert (streams["video"]["codec_name"], streams["video"]["height"]) == ("h264", 480)
    assert client.ledger()["instant"] is True
