"""Ingest: what is found in a file."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sandbox.pixop.metadata import NotAVideoError, ingest
from tests.sandbox.pixop.pixels.conftest import Clips


def found(path: Path, *, light: bool = True) -> dict[str, Any]:
    return asyncio.run(ingest(path, light=light))[0]


def quality(path: Path) -> dict[str, Any]:
    assessment = asyncio.run(ingest(path, light=False))[1]
    assert assessment is not None
    return assessment


def marks(path: Path) -> dict[str, float]:
    return {metric["name"]: metric["subjectiveScore"] for metric in quality(path)["metrics"]}


def test_every_field_of_the_document_is_there(clips: Clips) -> None:
    path = clips("film.mp4")

    metadata = found(path)

    assert 0 < metadata.pop("videoStreamSize") < metadata["size"]
    assert metadata.pop("size") == path.stat().st_size
    assert metadata == {
        "containerName": "mov,mp4,m4a,3gp,3g2,mj2",
        "longContainerName": "QuickTime / MOV",
        "codecName": "h264",
        "longCodecName": "H.264 / AVC / MPEG-4 AVC / MPEG-4 part 10",
        "pixelFormat": {"name": "yuv420p", "chromaSubsampling": {"yuv": "4:2:0", "bits": 8}},
        "frameWidth": 320,
        "frameHeight": 180,
        "scanning": {"metadata": {"scanningType": "progressive", "interlacedFieldOrder": None}},
        "averageFramerate": 25.0,
        "durationInMillis": 400,
        "totalFrames": 10,
        "sandbox": {"container": "mp4", "displayAspectRatio": "16:9", "constantFramerate": True},
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("deep.mkv", {"name": "yuv422p10le", "chromaSubsampling": {"yuv": "4:2:2", "bits": 10}}),
        ("ramp25.mkv", {"name": "yuv420p", "chromaSubsampling": {"yuv": "4:2:0", "bits": 8}}),
    ],
)
def test_the_pixel_format_is_spelled_out(clips: Clips, name: str, expected: dict[str, Any]) -> None:
    assert found(clips(name))["pixelFormat"] == expected


def test_what_matroska_does_not_tell_is_counted(clips: Clips) -> None:
    metadata = found(clips("tape.mkv"))

    assert (metadata["totalFrames"], metadata["durationInMillis"]) == (10, 400)
    assert 0 < metadata["videoStreamSize"] < metadata["size"]


def test_a_tape_is_interlaced_and_its_pixels_are_not_square(clips: Clips) -> None:
    metadata = found(clips("tape.mkv"))

    assert metadata["scanning"]["metadata"] == {"scanningType": "interlaced", "interlacedFieldOrder": "top_field"}
    assert metadata["sandbox"]["displayAspectRatio"] == "4:3"


def test_a_turned_picture_has_the_size_that_is_shown(clips: Clips) -> None:
    metadata = found(clips("phone.mp4"))

    assert (metadata["frameWidth"], metadata["frameHeight"]) == (72, 128)
    assert metadata["sandbox"]["displayAspectRatio"] == "9:16"


def test_a_changing_frame_rate_is_noticed(clips: Clips) -> None:
    assert not found(clips("loose.mp4"))["sandbox"]["constantFramerate"]


@pytest.mark.parametrize(("name", "scanning"), [("fields.mkv", "interlaced"), ("ramp25.mkv", "progressive")])
def test_the_pictures_themselves_are_looked_at_unless_light(clips: Clips, name: str, scanning: str) -> None:
    path = clips(name)

    assert found(path, light=False)["scanning"]["heuristics"]["scanningType"] == scanning
    assert "heuristics" not in found(path, light=True)["scanning"]


def test_a_light_ingest_assesses_no_quality(clips: Clips) -> None:
    assert asyncio.run(ingest(clips("film.mp4"), light=True))[1] is None


def test_quality_is_the_document_s_and_the_same_each_time(clips: Clips) -> None:
    first = quality(clips("film.mp4"))

    assert first == quality(clips("film.mp4"))
    scores = [metric["subjectiveScore"] for metric in first["metrics"]]
    assert first["overallSubjectiveScore"] == pytest.approx(sum(scores) / len(scores), abs=0.01)
    for metric in first["metrics"]:
        assert set(metric) == {"name", "sampleMean", "subjectiveLabel", "subjectiveScore"}
        assert 0 <= metric["subjectiveScore"] <= 5


def test_blur_and_noise_cost_marks(clips: Clips) -> None:
    assert marks(clips("blurred.mkv"))["blur"] < marks(clips("sharp.mkv"))["blur"]
    assert marks(clips("noisy.mkv"))["noise"] < marks(clips("grey.mkv"))["noise"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"this is no video\n" * 100,
        b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 500,
        b"ffconcat version 1.0\nfile small.mp4\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsmall.mp4\n#EXT-X-ENDLIST\n",
    ],
    ids=["empty", "text", "cut", "concat list", "playlist"],
)
def test_what_is_no_video_is_refused_without_naming_a_path(clips: Clips, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "small.mp4").write_bytes(clips("small.mp4").read_bytes())
    upload = tmp_path / "upload"
    upload.write_bytes(content)

    with pytest.raises(NotAVideoError) as refusal:
        found(upload)

    assert str(refusal.value)
    assert str(tmp_path) not in str(refusal.value)


def test_sound_alone_is_no_video(clips: Clips) -> None:
    with pytest.raises(NotAVideoError, match="no video stream"):
        found(clips("sound.mp4"))
