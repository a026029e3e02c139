"""What makes an output good or bad."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reelworks.core.presets import Rendition
from reelworks.media.checks import check_rendition, check_tail
from reelworks.media.probe import AudioStream, Decoded, Probe, VideoStream

WANTED = Rendition("h264_720p.mp4", None, "mp4", "h264", 720, True, True)


def a_probe(
    height: int = 720, width: int = 1280, codec: str = "h264", container: str = "mp4", duration: float | None = 60,
    size: int = 1000, sound: bool = True, rotation: int = 0, fps: float | None = None,
) -> Probe:  # fmt: skip
    video = VideoStream(codec=codec, width=width, height=height, rotation=rotation, fps=fps)
    audio = (AudioStream(codec="aac"),) if sound else ()
    return Probe(container=container, duration=duration, size=size, bitrate=1, video=(video,), audio=audio)


SOURCE = a_probe(height=1080, width=1920, codec="prores", container="mov")


def test_what_was_promised_has_no_fault() -> None:
    assert check_rendition(a_probe(), WANTED, SOURCE) == []
    assert check_rendition(a_probe(), WANTED, None) == []


@pytest.mark.parametrize(
    ("seen", "fault"),
    [
        (a_probe(size=0), "it is empty (0 bytes)"),
        (a_probe(container="mov"), "its container is mov, not mp4"),
        (a_probe(codec="hevc"), "its codec is hevc, not h264"),
        (a_probe(height=480), "its height is 480, not 720"),
        (a_probe(sound=False), "it has no sound, and its source has"),
        (a_probe(duration=58.7), "it lasts 58.70 s, and its source 60.00 s"),
        (a_probe(duration=None), "it does not say how long it lasts"),
    ],
)
def test_each_fault_says_what_was_found(seen: Probe, fault: str) -> None:
    assert check_rendition(seen, WANTED, SOURCE) == [fault]


OPEN = Rendition("x.mov", None, None, None, None, False, None)


def a_picture(**others: Any) -> Probe:
    seen = a_probe(codec="prores", container="mov")
    return seen.model_copy(update={"video": (seen.video[0].model_copy(update=others),)})


@pytest.mark.parametrize(
    ("seen", "promise", "fault"),
    [
        (a_picture(), {"container": "mxf"}, "its container is mov, not mxf"),
        (a_picture(), {"container": "mpegts"}, "its container is mov, not mpegts"),
        (a_probe(), {"container": "mov"}, "its container is mp4, not mov"),
        (a_picture(), {"width": 1440}, "its width is 1280, not 1440"),
        (a_picture(fps=25.0), {"fps": 50.0}, "its frame rate is 25, not 50"),
        (a_picture(fps=24.0), {"fps": 24000 / 1001}, "its frame rate is 24, not 23.976"),
        (a_picture(), {"fps": 25.0}, "its frame rate is unknown, not 25"),
        (a_picture(field_order="tt"), {"interlaced": False}, "it is interlaced, not progressive"),
        (a_picture(field_order="progressive"), {"interlaced": True}, "it is progressive, not interlaced"),
        (a_picture(profile="LT"), {"profile": "HQ"}, "its profile is LT, not HQ"),
        (a_picture(), {"profile": "HQ"}, "its profile is unknown, not HQ"),
        (a_picture(), {"duration": 10.0}, "it lasts 60.00 s, and what was taken of its source 10.00 s"),
    ],
)
def test_each_further_promise_is_checked_if_it_is_made(seen: Probe, promise: dict[str, Any], fault: str) -> None:
    assert check_rendition(seen, replace(OPEN, **promise), None) == [fault]
    assert check_rendition(seen, OPEN, None) == []


@pytest.mark.parametrize(
    ("seen", "promise"),
    [
        (a_picture(width=1442), {"width": 1440}),
        (a_picture(fps=23.976024), {"fps": 24000 / 1001}),
        (a_picture(field_order="bb"), {"interlaced": True}),
        (a_picture(field_order="progressive"), {"interlaced": False}),
        (a_picture(field_order=""), {"interlaced": True}),
        (a_picture(field_order="unknown"), {"interlaced": False}),
        (a_picture(profile="HQ"), {"profile": "HQ"}),
        (a_picture(), {"duration": 60.4}),
    ],
)
def test_a_further_promise_that_is_kept_has_no_fault(seen: Probe, promise: dict[str, Any]) -> None:
    assert check_rendition(seen, replace(OPEN, **promise), None) == []


def test_a_part_of_the_source_is_measured_by_the_part() -> None:
    part = replace(OPEN, duration=10.0)
    assert check_rendition(a_probe(duration=10.1), part, SOURCE) == []
    assert check_rendition(a_probe(duration=10.1), OPEN, SOURCE) == ["it lasts 10.10 s, and its source 60.00 s"]


def test_a_rung_above_the_source_keeps_the_sources_height() -> None:
    small = a_probe(height=405, width=720)
    assert check_rendition(a_probe(height=404), WANTED, small) == []
    assert check_rendition(a_probe(height=720), WANTED, small) == ["its height is 720, not 405"]


def test_a_turned_source_may_be_read_either_way() -> None:
    phone = a_probe(height=480, width=640, rotation=90)
    for height in (480, 640):
        assert check_rendition(a_probe(height=height), WANTED, phone) == []
    assert check_rendition(a_probe(height=360), WANTED, phone) == ["its height is 360, not 480 or 640"]


def test_what_the_preset_leaves_open_is_not_checked() -> None:
    open_ended = Rendition("x.m3u8", None, "hls", None, None, False, False)
    seen = a_probe(height=100, codec="av1", container="mpegts", sound=False)
    assert check_rendition(seen, open_ended, SOURCE) == []


def test_no_sound_is_wanted_of_a_silent_source() -> None:
    assert check_rendition(a_probe(sound=False), WANTED, a_probe(sound=False)) == []


def test_short_clips_may_differ_by_half_a_second() -> None:
    assert check_rendition(a_probe(duration=2.4), WANTED, a_probe(duration=2.0)) == []
    assert check_rendition(a_probe(duration=2.6), WANTED, a_probe(duration=2.0))


def test_pictures_that_end_early_are_a_fault() -> None:
    assert check_tail(Decoded(frames=9, until=59.5), a_probe()) == []
    said = "its pictures end at 30.00 s, and it says that it lasts 60.00 s"
    assert check_tail(Decoded(frames=9, until=30), a_probe()) == [said]


def test_the_last_picture_of_a_show_of_slides_begins_long_before_its_end() -> None:
    slides = a_probe(fps=0.1)

    assert check_tail(Decoded(frames=1, until=50), slides) == []
    assert check_tail(Decoded(frames=1, until=30), slides)
