"""Whether a source can be processed as a preset says is known before it is uploaded."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from reelworks.core.errors import BadInputError
from reelworks.media.probe import Probe, VideoStream
from tests.pixop.written import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def a_source(width: int = 1920, height: int = 1080, duration: float | None = 60.0, **others: Any) -> Probe:
    others = {"pix_fmt": "yuv420p", **others}
    picture = VideoStream(codec="h264", width=width, height=height, **others)
    return Probe(container="mp4", duration=duration, size=1, bitrate=1, video=(picture,), audio=())


@pytest.mark.parametrize(
    ("request_", "source", "said"),
    [
        ("{range: {startPositionMilliseconds: 60000}}", a_source(), "startPositionMilliseconds is 60000, and the sou"),
        ("{range: {endPositionMilliseconds: 60001}}", a_source(), "endPositionMilliseconds is 60001, and the source"),
        ("{range: {endPositionMilliseconds: 99999999999999999999}}", a_source(), "leave it out to go to the end"),
        ("{resolution: {tag: 2x}}", a_source(width=3842), "2x makes the width 7684 of a 3842x1080 source, and Pixop"),
        ("{resolution: {tag: 4x}}", a_source(height=1082), "4x makes the height 4328 of a 1920x1082 source"),
        ("{resolution: {height: 16, aspectRatioTag: display}}", a_source(aspect=0.5), "makes the width 8 "),
        ("{resolution: {height: 4320, aspectRatioTag: display}}", a_source(aspect=2.4), "makes the width 10368 "),
        ("{resolution: {tag: 3x}}", a_source(width=641), "the width 1923 of a 641x1080 source, which is odd"),
        ("{resolution: {tag: 3x}}", a_source(height=361), "the height 1083 of a 1920x361 source, which is odd"),
        ("{resolution: {width: 853, height: 480}, chromaSubsampling: {yuv: '4:2:2'}}",
         a_source(pix_fmt="yuv444p"), "the width 853 of a 1920x1080 source, which is odd"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_preset_field_and_reason(
    desk: Desk, request_: str, source: Probe, said: str
) -> None:
    with pytest.raises(BadInputError) as told:
        desk.request(request_).fits(source)
    assert str(told.value).startswith("preset p does not fit the source: r")
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("request_", "source"),
    [
        ("{range: {startPositionMilliseconds: 59999, endPositionMilliseconds: 60000}}", a_source()),
        ("{range: {endPositionMilliseconds: 60001}}", a_source(duration=60.0004)),
        ("{range: {endPositionMilliseconds: 60001}}", a_source(duration=None)),
        ("{resolution: {tag: 2x}}", a_source(width=3840, height=2160)),
        ("{resolution: {tag: 3x}}", a_source(width=641, pix_fmt="yuv444p")),
        ("{resolution: {tag: 3x}}", a_source(height=361, pix_fmt="yuv422p10le")),
        ("{resolution: {tag: 3x}, chromaSubsampling: {yuv: '4:4:4'}}", a_source(width=641)),
        ("{resolution: {height: 1080, aspectRatioTag: display}}", a_source(720, 480, aspect=15 / 11)),
        ("{resolution: {tag: no_scaling}}", a_source(width=9000)),
    ],
)
def test_what_can_be_passes(desk: Desk, request_: str, source: Probe) -> None:
    desk.request(request_, allow_unlisted=True).fits(source)


def test_all_reasons_are_told_at_once(desk: Desk) -> None:
    preset = desk.request("{resolution: {tag: 4x}, range: {startPositionMilliseconds: 70000}}")
    with pytest.raises(BadInputError) as told:
        preset.fits(a_source(3840, 2160))
    assert str(told.value).count(";") == 5
    assert all(word in str(told.value) for word in ("70000", "width 15360", "height 8640"))


def test_a_preview_that_reaches_beyond_the_source_is_refused(desk: Desk) -> None:
    preset = desk.request("{denoiser: denoise}")
    preset.fits(a_source(duration=8.0), (0, 8_000))
    with pytest.raises(BadInputError, match="endPositionMilliseconds is 10000, and the source ends at 8000"):
        preset.fits(a_source(duration=8.0), (0, 10_000))


@pytest.mark.parametrize(
    ("request_", "order", "said"),
    [
        ("{deinterlacer: yadif}", "progressive", "preset p: the source says that it is progressive"),
        ("{resolution: {tag: 2x}}", "tt", "preset p: the source is interlaced and will be scaled without a deinterlac"),
        ("{deinterlacer: yadif}", "tt", ""),
        ("{deinterlacer: yadif}", "", ""),
        ("{resolution: {tag: 2x}}", "progressive", ""),
        ("{denoiser: denoise}", "tt", ""),
    ],
)
def test_what_looks_like_the_wrong_preset_is_only_logged(
    desk: Desk, caplog: pytest.LogCaptureFixture, request_: str, order: str, said: str
) -> None:
    with caplog.at_level(logging.WARNING, "reelworks"):
        desk.request(request_).fits(a_source(field_order=order))
    assert bool(caplog.messages) == bool(said)
    assert said in "".join(caplog.messages)


HD_ONLY = {
    "{mediaContainerCodec: {codec: dnxhd}, dnxhdHrProfile: dnxhd_hq": "take a dnxhr_ profile or resolution tag",
    "{mediaContainerCodec: {codec: xdcam}": "xdcam is for 1080 and 720 lines, not 720x576; take resolution tag",
}


@pytest.mark.parametrize(("request_", "said"), HD_ONLY.items())
def test_a_format_for_hd_is_doubted_for_other_frames(
    desk: Desk, caplog: pytest.LogCaptureFixture, request_: str, said: str
) -> None:
    tape = a_source(720, 576)
    for good in ", resolution: {tag: hd_1080p}}", ", resolution: {height: 720, aspectRatioTag: '16:9'}}":
        desk.request(request_ + good).fits(tape)
    desk.request(request_ + "}").fits(a_source())
    desk.request("{mediaContainerCodec: {codec: dnxhd}, dnxhdHrProfile: dnxhr_hq}").fits(tape)
    assert caplog.messages == []

    desk.request(request_ + "}").fits(tape)

    assert said in "".join(caplog.messages)
