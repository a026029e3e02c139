"""Sizes, clips and endings of a processing."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.pixop.enhance import EnhanceError, enhance, file_suffix
from sandbox.pixop.metadata import ingest
from sandbox.pixop.request import Order, read_request
from tests.sandbox.pixop.pixels.clips import greys, onset, probe
from tests.sandbox.pixop.pixels.conftest import Clips, Make

LOSSLESS: dict[str, Any] = {"mediaContainerCodec": {"container": "mov", "codec": "ffv1"}}


def order_for(path: Path, body: dict[str, Any]) -> Order:
    return read_request(body, asyncio.run(ingest(path, light=True))[0])


def children_with(text: str) -> list[str]:
    """Return the command lines of running ffmpegs that name a path."""
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().decode(errors="replace")
        except OSError:  # it ended meanwhile
            continue
        if text in line and "ffmpeg" in line:
            lines.append(line)
    return lines


@pytest.mark.parametrize(
    ("source", "resolution", "expected"),
    [
        ("tape.mkv", {"height": 288, "aspectRatioTag": "display"}, (384, 288, "1:1")),
        ("tape.mkv", {"width": 360, "aspectRatioTag": "storage"}, (360, 288, "16:15")),
        ("tape.mkv", {"height": 288, "aspectRatioTag": "16:9"}, (512, 288, "1:1")),
        ("tape.mkv", {"width": 320, "aspectRatioTag": "4:3"}, (320, 240, "1:1")),
        ("tape.mkv", {"width": 320, "height": 180}, (320, 180, "3:4")),
        ("tape.mkv", {"tag": "2x"}, (360, 288, "16:15")),
        ("small.mp4", {"tag": "hd_1080p"}, (1920, 1080, "1:1")),
        ("small.mp4", {"tag": "3x"}, (384, 216, "1:1")),
        ("small.mp4", {"tag": "4x"}, (512, 288, "1:1")),
        ("small.mp4", {"tag": "no_scaling"}, (128, 72, "1:1")),
        ("small.mp4", {"width": 16, "height": 16}, (16, 16, "16:9")),
        ("phone.mp4", {"tag": "2x"}, (144, 256, "1:1")),
    ],
    ids=str,
)
def test_the_size_is_as_asked(
    make: Make, source: str, resolution: dict[str, Any], expected: tuple[int, int, str]
) -> None:
    body = {"resolution": resolution, "scanning": {"tag": "progressive"}}

    video = probe(make(source, body))["video"]

    assert (video["width"], video["height"], video["sample_aspect_ratio"]) == expected


def test_a_turned_picture_is_upright_without_being_told(make: Make) -> None:
    video = probe(make("phone.mp4", {}))["video"]

    assert (video["width"], video["height"]) == (72, 128)
    assert "side_data_list" not in video


@pytest.mark.parametrize("source", ["beep.mov", "stream.mts"])
def test_a_clip_begins_and_ends_with_the_picture_asked_for(make: Make, source: str) -> None:
    body = {**LOSSLESS, "range": {"startPositionMilliseconds": 80, "endPositionMilliseconds": 280}}

    made = make(source, body)

    assert greys(made) == pytest.approx([40 + 8 * place for place in range(2, 7)], abs=2)
    assert float(probe(made)["video"]["duration"]) == pytest.approx(0.2, abs=0.001)


@pytest.mark.parametrize(("source", "tolerance"), [("beep.mov", 0.001), ("stream.mts", 0.05)])
def test_the_sound_of_a_clip_is_in_step(make: Make, source: str, tolerance: float) -> None:
    whole = make(source, LOSSLESS)
    heard = onset(whole)

    made = make(source, {**LOSSLESS, "range": {"startPositionMilliseconds": 80, "endPositionMilliseconds": 280}})

    assert onset(made) == pytest.approx(heard - 0.08, abs=tolerance)
    assert float(probe(made)["sounds"][0]["duration"]) == pytest.approx(0.2, abs=0.03)


def test_a_clip_far_into_a_video_is_the_right_one(make: Make) -> None:
    """Ten seconds and more are skipped by a seek, the rest by a trim."""
    middle = {"range": {"startPositionMilliseconds": 20_000, "endPositionMilliseconds": 20_200}}

    video = probe(make("long.mp4", middle))["video"]

    assert (video["nb_read_frames"], float(video["duration"])) == ("5", 0.2)


def test_the_same_order_makes_the_same_pictures(make: Make) -> None:
    body = {**LOSSLESS, "denoiser": "denoise", "scaler": "dvres", "postProcessor": "filmgrain"}

    assert greys(make("film.mp4", body)) == greys(make("film.mp4", body))


def test_progress_rises_to_a_hundred(clips: Clips, tmp_path: Path) -> None:
    path, told = clips("film.mp4"), list[float]()
    order = order_for(path, {})

    asyncio.run(enhance(order, path, tmp_path / f"made{file_suffix(order)}", told.append))

    assert told == sorted(told)
    assert told[-1] == 100.0
    assert [entry.name for entry in tmp_path.iterdir()] == ["made.mp4"]


async def cancel_midway(order: Order, source: Path, target: Path) -> list[str]:
    begun = asyncio.Event()
    work = asyncio.create_task(enhance(order, source, target, lambda percent: begun.set()))
    await asyncio.wait_for(begun.wait(), 60)
    running = children_with(str(target))
    work.cancel()
    await asyncio.wait([work])
    assert work.cancelled()
    return running


def test_a_cancelled_order_ends_its_ffmpeg_and_leaves_nothing(clips: Clips, tmp_path: Path) -> None:
    path = clips("long.mp4")
    order = order_for(path, {"frameRateConverter": "mcinterpolate", "frameRate": {"fps": 60}})

    running = asyncio.run(cancel_midway(order, path, tmp_path / "made.mp4"))

    assert len(running) == 1
    assert children_with(str(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"this is no video\n" * 100], ids=["empty", "text"])
def test_a_source_that_went_bad_fails_without_naming_a_path(clips: Clips, tmp_path: Path, content: bytes) -> None:
    order = order_for(clips("film.mp4"), {})
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(content)

    with pytest.raises(EnhanceError) as failure:
        asyncio.run(enhance(order, bad, tmp_path / "made.mp4", lambda percent: None))

    assert str(failure.value)
    assert str(tmp_path) not in str(failure.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["bad.mp4"]


@pytest.mark.parametrize("name", ["small.mp4", "beep.mov"])
def test_a_clip_between_two_pictures_is_a_failure(clips: Clips, tmp_path: Path, name: str) -> None:
    path = clips(name)
    order = order_for(path, {"range": {"startPositionMilliseconds": 50, "endPositionMilliseconds": 51}})

    with pytest.raises(EnhanceError, match="no picture between 50 and 51 ms"):
        asyncio.run(enhance(order, path, tmp_path / f"made{file_suffix(order)}", lambda percent: None))

    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_refuses_is_an_error_and_no_file(clips: Clips, tmp_path: Path) -> None:
    path = clips("film.mp4")
    order = replace(order_for(path, {}), codec="dnxhd", profile="dnxhd_hq", container="mov")

    with pytest.raises(EnhanceError, match="DNxHD"):
        asyncio.run(enhance(order, path, tmp_path / "made.mov", lambda percent: None))

    assert list(tmp_path.iterdir()) == []
