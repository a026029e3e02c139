"""What the output of a request must be, in ffprobe's words; what nobody can know beforehand is left open."""

from __future__ import annotations

from reelworks.core.presets import Rendition
from reelworks.media.probe import Probe
from reelworks.pixop.request import Request
from reelworks.pixop.rules import RATES, SIZES, TIMES

Frame = tuple[float | None, float | None]

CONTAINERS = {"mov": "mov", "mxf": "mxf", "mp4": "mp4", "mts": "mpegts"}
CODECS = {
    "h264": "h264",
    "prores": "prores",
    "dnxhd": "dnxhd",
    "xdcam": "mpeg2video",
    "hevc": "hevc",
    "mpeg2": "mpeg2video",
    "ffv1": "ffv1",
}
PRORES = {"proxy": "Proxy", "lt": "LT", "standard": "Standard", "hq": "HQ", "4444": "4444", "4444xq": "XQ"}
SUFFIXES = {word: suffix for suffix, word in CONTAINERS.items()} | {"matroska": "mkv", "mpeg": "mpg"}


def promised(name: str, request: Request, span_ms: tuple[int, int | None], source: Probe | None) -> Rendition:
    """Give what the output will be. Sizes in pixels, the duration in seconds and only if a part is taken."""
    width, height = (None if side is None else round(side) for side in frame_of(request, source))
    interlaced = _interlaced(request)
    return Rendition(
        name=f"{name}.{suffix_of(request, source.container if source else None)}",
        result_name=None,
        container=CONTAINERS.get(request.container or ""),
        codec=CODECS.get(request.codec or ""),
        height=height,
        avoid_upscaling=False,
        has_audio=None,
        width=width,
        # 50 may mean fields or frames then.
        fps=None if interlaced else _fps(request),
        # HEVC has no interlaced tools, only a note that ffprobe does not show.
        interlaced=None if interlaced and request.codec == "hevc" else interlaced,
        profile=_profile(request),
        duration=_duration(span_ms, source),
    )


def suffix_of(request: Request, container: str | None) -> str:
    """Give the output's file suffix; ``container`` is ffprobe's word, for a request that leaves it open."""
    return request.container or SUFFIXES.get(container or "", container or "mov")


def frame_of(request: Request, source: Probe | None) -> Frame:
    """Give the exact width and height in pixels, unrounded, where they can be known."""
    asked = request.resolution
    if asked is None:
        return None, None
    if asked.tag:
        return SIZES.get(asked.tag) or _multiple(asked.tag, source)
    ratio = _ratio(asked.aspectRatioTag, source)
    width, height = asked.width, asked.height
    if ratio and width is None and height is not None:
        return height * ratio, height
    if ratio and height is None and width is not None:
        return width, width / ratio
    return width, height


def _multiple(tag: str, source: Probe | None) -> Frame:
    # Whether Pixop turns a turned picture first is not documented.
    if tag not in TIMES or source is None or source.video[0].rotation % 180:
        return None, None
    return source.video[0].width * TIMES[tag], source.video[0].height * TIMES[tag]


def _ratio(tag: str | None, source: Probe | None) -> float | None:
    fixed = {"16:9": 16 / 9, "4:3": 4 / 3}
    if tag in fixed:
        return fixed[tag]
    if tag not in ("display", "storage") or source is None or source.video[0].rotation % 180:
        return None
    picture = source.video[0]
    stored = picture.width / picture.height
    return picture.aspect or stored if tag == "display" else stored


def _interlaced(request: Request) -> bool | None:
    asked = request.scanning
    word = (asked.tag or asked.scanningType if asked else None) or "auto"
    if word == "auto":
        # "Automatically", from the source and the filters: a deinterlacer leaves no doubt.
        return False if request.deinterlacer else None
    return {"progressive": False, "interlaced": True, "interlaced_tff": True, "interlaced_bff": True}.get(word)


def _fps(request: Request) -> float | None:
    asked = request.frameRate
    return None if asked is None else asked.fps or RATES.get(asked.tag or "")


def _profile(request: Request) -> str | None:
    if request.appleProresProfile:
        return PRORES.get(request.appleProresProfile)
    kind, _, grade = (request.dnxhdHrProfile or "").partition("_")
    # A DNxHD profile is one of many compression ids, which ffprobe all calls the same.
    return f"DNXHR {grade.upper()}" if kind == "dnxhr" else None


def _duration(span_ms: tuple[int, int | None], source: Probe | None) -> float | None:
    start, end = span_ms
    whole = source.duration if source else None
    if end is None and (start == 0 or whole is None):
        return None
    stop = whole if end is None else end / 1000
    return None if stop is None else stop - start / 1000
