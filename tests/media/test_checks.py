"""What makes an output good or bad."""

from __future__ import annotations

import pytest

from reelworks.core.presets import Rendition
from reelworks.media.checks import check_rendition, check_tail
from reelworks.media.probe import AudioStream, Decoded, Probe, VideoStream

WANTED = Rendition("h264_720p.mp4", None, "mp4", "h264", 720, True, True)


def a_probe(
    height: int = 720, width: int = 1280, codec: str = "h264", container: str = "mp4", duration: float | None = 60,
    size: int = 1000, sound: bool = True, rotation: int = 0,
) -> Probe:  # fmt: skip
    video = VideoStream(codec=codec, width=width, height=height, rotation=rotation)
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
