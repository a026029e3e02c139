"""What a Pixop preset promises of its output, before anything is paid for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reelworks.media.checks import check_rendition
from reelworks.media.probe import Probe, VideoStream, probe
from tests.media.clips import make
from tests.pixop.written import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def a_source(width: int = 720, height: int = 576, aspect: float | None = 4 / 3, **others: Any) -> Probe:
    picture = VideoStream(codec="dvvideo", width=width, height=height, aspect=aspect, **others)
    return Probe(container="avi", duration=60.0, size=1, bitrate=1, video=(picture,), audio=())


@pytest.mark.parametrize(
    ("resolution", "source", "frame"),
    [
        ("{tag: hd_1080p}", None, (1920, 1080)),
        ("{tag: uhd_4k}", None, (3840, 2160)),
        ("{tag: uhd_8k}", None, (7680, 4320)),
        ("{tag: 2x}", a_source(), (1440, 1152)),
        ("{tag: 3x}", a_source(), (2160, 1728)),
        ("{tag: 4x}", a_source(), (2880, 2304)),
        ("{tag: 2x}", None, (None, None)),
        ("{tag: 2x}", a_source(rotation=90), (None, None)),
        ("{width: 1280, height: 720}", a_source(), (1280, 720)),
        ("{width: 1280}", a_source(), (1280, None)),
        ("{height: 1080}", a_source(), (None, 1080)),
        ("{height: 1080, aspectRatioTag: '16:9'}", None, (1920, 1080)),
        ("{height: 1080, aspectRatioTag: '4:3'}", None, (1440, 1080)),
        ("{width: 1440, aspectRatioTag: '4:3'}", None, (1440, 1080)),
        ("{height: 1080, aspectRatioTag: display}", a_source(), (1440, 1080)),
        ("{height: 1080, aspectRatioTag: display}", a_source(aspect=None), (1350, 1080)),
        ("{width: 1920, aspectRatioTag: display}", a_source(aspect=16 / 9), (1920, 1080)),
        ("{height: 1080, aspectRatioTag: display}", a_source(rotation=270), (None, 1080)),
        ("{height: 1080, aspectRatioTag: storage}", a_source(), (1350, 1080)),
        ("{height: 1080, aspectRatioTag: display}", None, (None, 1080)),
    ],
)
def test_the_frame_follows_from_tag_size_and_source(
    desk: Desk, resolution: str, source: Probe | None, frame: tuple[int | None, int | None]
) -> None:
    rendition = desk.request(f"{{resolution: {resolution}}}").rendition(source)
    assert (rendition.width, rendition.height) == frame


def test_without_a_resolution_and_with_an_unlisted_one_the_frame_is_left_open(desk: Desk) -> None:
    for preset in desk.request("{denoiser: denoise}"), desk.request("{resolution: {tag: no_scaling}}", True):
        assert (preset.rendition(a_source()).width, preset.rendition(a_source()).height) == (None, None)


@pytest.mark.parametrize(
    ("made", "container", "codec"),
    [
        ("{container: mov, codec: prores}, appleProresProfile: hq", "mov", "prores"),
        ("{container: mxf, codec: xdcam}", "mxf", "mpeg2video"),
        ("{container: mts, codec: mpeg2}", "mpegts", "mpeg2video"),
        ("{container: mp4, codec: h264}", "mp4", "h264"),
        ("{container: mp4, codec: hevc}", "mp4", "hevc"),
        ("{container: mov, codec: ffv1}", "mov", "ffv1"),
        ("{container: mxf, codec: dnxhd}, dnxhdHrProfile: dnxhd_sq", "mxf", "dnxhd"),
        ("{codec: h264}", None, "h264"),
        ("{container: mov}", "mov", None),
    ],
)
def test_container_and_codec_are_told_in_ffprobes_words(
    desk: Desk, made: str, container: str | None, codec: str | None
) -> None:
    rendition = desk.request(f"{{mediaContainerCodec: {made}}}").rendition(a_source())
    assert (rendition.container, rendition.codec) == (container, codec)


def test_what_is_unlisted_or_left_to_the_source_is_left_open(desk: Desk) -> None:
    odd = desk.request("{mediaContainerCodec: {container: mkv, codec: av1}, frameRate: {tag: x}}", allow_unlisted=True)
    for preset in odd, desk.request("{denoiser: denoise}"):
        seen = preset.rendition(a_source())
        assert (seen.container, seen.codec, seen.fps, seen.profile) == (None, None, None, None)
        assert (seen.interlaced, seen.has_audio, seen.duration) == (None, None, None)


@pytest.mark.parametrize(
    ("codec", "profile", "word"),
    [
        ("prores", "appleProresProfile: proxy", "Proxy"),
        ("prores", "appleProresProfile: '4444'", "4444"),
        ("prores", "appleProresProfile: 4444xq", "XQ"),
        ("dnxhd", "dnxhdHrProfile: dnxhr_hqx", "DNXHR HQX"),
        ("dnxhd", "dnxhdHrProfile: dnxhr_444", "DNXHR 444"),
        ("dnxhd", "dnxhdHrProfile: dnxhd_hq", None),
    ],
)
def test_the_profile_is_told_in_ffprobes_words(desk: Desk, codec: str, profile: str, word: str | None) -> None:
    assert desk.request(f"{{mediaContainerCodec: {{codec: {codec}}}, {profile}}}").rendition().profile == word


@pytest.mark.parametrize(
    ("rate", "fps"),
    [
        ("tag: film_ntsc", 23.976), ("tag: film", 24), ("tag: video_pal", 25), ("tag: video_ntsc", 29.97),
        ("tag: video_hd", 30), ("tag: video_pal_fast", 50), ("tag: video_ntsc_fast", 59.94), ("tag: video_hd_fast", 60),
        ("fps: 12.5", 12.5),
    ],
)  # fmt: skip
def test_the_frame_rate_is_the_tags_or_the_number(desk: Desk, rate: str, fps: float) -> None:
    assert desk.request(f"{{frameRate: {{{rate}}}}}").rendition().fps == pytest.approx(fps, abs=0.0005)


@pytest.mark.parametrize(
    ("request_", "interlaced"),
    [
        ("{scanning: {tag: progressive}}", False),
        ("{scanning: {scanningType: progressive}}", False),
        ("{scanning: {tag: interlaced_tff}}", True),
        ("{scanning: {tag: interlaced_bff}, mediaContainerCodec: {codec: hevc}}", None),
        ("{scanning: {tag: auto}}", None),
        ("{scanning: {tag: auto}, deinterlacer: yadif}", False),
        ("{deinterlacer: yadif}", False),
        ("{deinterlacer: yadif, scanning: {tag: interlaced_tff}}", True),
    ],
)
def test_scanning_is_promised_where_there_is_no_doubt(desk: Desk, request_: str, interlaced: bool | None) -> None:
    assert desk.request(request_).rendition().interlaced is interlaced


def test_interlaced_output_has_no_certain_frame_rate(desk: Desk) -> None:
    preset = desk.request("{scanning: {tag: interlaced_tff}, frameRate: {tag: video_pal_fast}}")
    assert preset.rendition().fps is None


def test_a_part_of_the_source_lasts_as_long_as_the_part(desk: Desk) -> None:
    plain = desk.request("{denoiser: denoise}")
    late = desk.request("{denoiser: denoise, range: {startPositionMilliseconds: 55000}}")

    assert plain.rendition(a_source(), (0, 10_000)).duration == 10
    assert late.rendition(a_source()).duration == 5
    assert late.rendition(None).duration is None
    assert late.rendition(None, (0, 2_500)).duration == 2.5


@pytest.mark.parametrize(
    ("request_", "container", "suffix"),
    [
        ("{mediaContainerCodec: {container: mts}}", "mov", "mts"),
        ("{denoiser: denoise}", "mpegts", "mts"),
        ("{denoiser: denoise}", "matroska", "mkv"),
        ("{denoiser: denoise}", "avi", "avi"),
        ("{denoiser: denoise}", None, "mov"),
    ],
)
def test_the_suffix_is_the_presets_or_else_the_sources(
    desk: Desk, request_: str, container: str | None, suffix: str
) -> None:
    preset = desk.request(request_)
    assert preset.suffix(container) == suffix


FIELDS = ("-vf", "setfield=tff", "-flags", "+ildct+ilme", "-top", "1")
MADE = [
    *(
        (f"{{container: mov, codec: prores}}, appleProresProfile: '{profile}'", "mov",
         ("-c:v", "prores_ks", "-profile:v", str(number), "-pix_fmt", pixels))
        for number, (profile, pixels) in enumerate([
            ("proxy", "yuv422p10"), ("lt", "yuv422p10"), ("standard", "yuv422p10"), ("hq", "yuv422p10"),
            ("4444", "yuv444p10"), ("4444xq", "yuv444p10"),
        ])
    ),
    *(
        (f"{{container: mxf, codec: dnxhd}}, dnxhdHrProfile: {profile}", "mxf",
         ("-c:v", "dnxhd", "-profile:v", profile, "-pix_fmt", pixels))
        for profile, pixels in [
            ("dnxhr_lb", "yuv422p"), ("dnxhr_sq", "yuv422p"), ("dnxhr_hq", "yuv422p"), ("dnxhr_hqx", "yuv422p10"),
            ("dnxhr_444", "yuv444p10"),
        ]
    ),
    ("{container: mxf, codec: xdcam}, scanning: {tag: interlaced_tff}", "mxf",
     ("-c:v", "mpeg2video", "-pix_fmt", "yuv422p", *FIELDS)),
    ("{container: mts, codec: mpeg2}, scanning: {tag: progressive}", "mts", ("-c:v", "mpeg2video")),
    ("{container: mts, codec: h264}, scanning: {tag: interlaced_tff}", "mts",
     ("-c:v", "libx264", "-pix_fmt", "yuv420p", *FIELDS)),
    ("{container: mp4, codec: h264}, scanning: {tag: progressive}", "mp4", ("-c:v", "libx264", "-pix_fmt", "yuv420p")),
    ("{container: mp4, codec: h264}, scanning: {tag: interlaced_tff}", "mp4",
     ("-c:v", "libx264", "-pix_fmt", "yuv420p", *FIELDS)),
    ("{container: mp4, codec: hevc}, scanning: {tag: interlaced_tff}", "mp4",
     ("-c:v", "libx265", "-pix_fmt", "yuv420p", "-x265-params", "log-level=error")),
    ("{container: mov, codec: ffv1}, scanning: {tag: progressive}", "mov", ("-c:v", "ffv1")),
]  # fmt: skip


@pytest.mark.parametrize(("made", "suffix", "arguments"), MADE, ids=[made for made, *_ in MADE])
def test_what_ffmpeg_makes_of_it_is_what_was_promised(
    desk: Desk, tmp_path: Path, made: str, suffix: str, arguments: tuple[str, ...]
) -> None:
    preset = desk.request(f"{{mediaContainerCodec: {made}, resolution: {{width: 256, height: 128}}}}")
    other = desk.request("{mediaContainerCodec: {container: mp4, codec: h264}, scanning: {tag: progressive}}")
    clip = probe(make(tmp_path / f"clip.{suffix}", *arguments, size="256x128", sound=False))

    assert check_rendition(clip, preset.rendition(), None) == []
    if "mp4, codec: h264}, scanning: {tag: p" not in made:
        assert check_rendition(clip, other.rendition(), None)


TAGS = {
    "film_ntsc": "24000/1001", "film": "24", "video_pal": "25", "video_ntsc": "30000/1001", "video_hd": "30",
    "video_pal_fast": "50", "video_ntsc_fast": "60000/1001", "video_hd_fast": "60",
}  # fmt: skip


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize(
    ("suffix", "codec"), [("mp4", "libx264"), ("mov", "libx264"), ("mts", "mpeg2video"), ("mxf", "mpeg2video")]
)
def test_a_short_clip_has_the_promised_frame_rate_and_no_other(
    desk: Desk, tmp_path: Path, suffix: str, codec: str, tag: str
) -> None:
    promises = {each: desk.request(f"{{frameRate: {{tag: {each}}}}}").rendition() for each in TAGS}

    clip = probe(make(tmp_path / f"c.{suffix}", "-r", TAGS[tag], "-c:v", codec, seconds=2, sound=False))

    assert [each for each, promise in promises.items() if not check_rendition(clip, promise, None)] == [tag]
