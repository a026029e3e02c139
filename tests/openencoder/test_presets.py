"""Open Encoder's presets as files: typed, strict, and telling what they make."""

from pathlib import Path
from typing import Any

import pytest

from reelworks.core.errors import BadInputError
from reelworks.core.presets import load, preset_names
from reelworks.openencoder.presets import OpenEncoderPreset

RAW = """
description: a test
output: out.mp4
data: {raw: ["-vf scale=-2:360", "-c:v libx264", "-y"]}
"""
OBJECTS = """
description: a test
output: out.webm
data:
  video: {codec: libvpx-vp9, bitrate: 800k, size: custom, width: -2, height: 360}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REELWORKS_PRESETS", str(tmp_path))
    (tmp_path / "openencoder").mkdir()
    return tmp_path / "openencoder"


def read(folder: Path, text: str, name: str = "p.yaml") -> OpenEncoderPreset:
    (folder / name).write_text(text)
    return load("openencoder", name.partition(".")[0], OpenEncoderPreset)


def test_every_file_that_ships_is_good_and_says_what_it_makes() -> None:
    for name in preset_names("openencoder"):
        preset = load("openencoder", name, OpenEncoderPreset)
        rendition = preset.rendition()
        assert rendition.codec in ("h264", "hevc", "vp9")
        assert rendition.height
        assert preset.keeps_duration()


def test_form_a_is_sent_as_it_is(folder: Path) -> None:
    preset = read(folder, RAW)

    assert preset.row()["data"] == '{"raw":["-vf scale=-2:360","-c:v libx264","-y"]}'
    assert (preset.rendition().codec, preset.rendition().height, preset.rendition().container) == ("h264", 360, "mp4")


def test_form_b_is_sent_with_its_defaults_spelled_out(folder: Path) -> None:
    preset = read(folder, OBJECTS)

    assert preset.data["filter"]["denoise"] == preset.data["filter"]["deinterlace"] == "none"
    assert preset.data["video"]["pass"] == "1"
    assert (preset.data["video"]["height"], preset.data["video"]["crf"]) == ("360", 0)
    assert (preset.rendition().codec, preset.rendition().height, preset.rendition().container) == ("vp9", 360, "webm")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (RAW.replace(', "-y"', ""), '"-y" is missing'),
        (RAW.replace('"-c:v libx264"', '"-c:v  libx264"'), "one option with its value"),
        (RAW.replace('"-c:v libx264"', '"libx264"'), "one option with its value"),
        (RAW.replace('"-c:v libx264"', '"-i x.mp4"'), "-i is not for a preset"),
        (RAW.replace("out.mp4", "a/b.mp4"), "output: is a plain file name"),
        (RAW.replace("out.mp4", "../b.mp4"), "output: is a plain file name"),
        (RAW.replace("a test", "x" * 129), "at most 128"),
        (RAW + "surprise: 1", "surprise: unknown field"),
        (RAW + "name: other", "name: is 'other', but the file is called 'p'"),
        (OBJECTS.replace("bitrate: 800k", "crf: 23"), "pass: crf"),
        (OBJECTS.replace("bitrate: 800k", 'pass: "2"'), "data.video.pass"),
        (OBJECTS.replace("size: custom, ", ""), "size: custom"),
        (OBJECTS.replace("libvpx-vp9", "h264"), "data.video.codec"),
        (OBJECTS.replace("bitrate: 800k", "frame_rate: 30"), "pixel_format"),
        (OBJECTS.replace("bitrate: 800k", "bitrate: a lot"), "3000k"),
    ],
)
def test_a_slip_is_told_with_its_file_and_field(folder: Path, text: str, fault: str) -> None:
    with pytest.raises(BadInputError) as told:
        read(folder, text)
    assert fault in str(told.value)
    assert "openencoder/p.yaml" in str(told.value)


@pytest.mark.parametrize("option", ["-ss 5", "-t 10", "-to 10"])
def test_a_preset_that_cuts_says_so(folder: Path, option: str) -> None:
    assert not read(folder, RAW.replace('"-y"', f'"{option}", "-y"')).keeps_duration()
    assert read(folder, RAW.replace('"-y"', '"-an", "-y"')).rendition().has_audio is False


def test_a_row_of_the_server_is_a_preset_too(folder: Path) -> None:
    preset = read(folder, RAW)

    assert OpenEncoderPreset.from_row({"id": 7, **preset.row()}) == preset


@pytest.mark.parametrize("data", ["this is not json", "[1]", "17", '"text"'])
def test_data_that_is_no_object_is_kept_as_text(data: Any) -> None:
    preset = OpenEncoderPreset.from_row(
        {"name": "n", "description": "d", "output": "o.mp4", "active": True, "data": data}
    )

    assert (preset.text, preset.row()["data"]) == (data, data)
