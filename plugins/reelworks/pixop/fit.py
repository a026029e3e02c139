"""Can a source be processed as a request says: checked before a byte is uploaded and a cent is spent."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator

from reelworks.core.errors import BadInputError
from reelworks.media.probe import Probe
from reelworks.pixop.promise import frame_of
from reelworks.pixop.request import Request

log = logging.getLogger(__name__)

WIDTHS, HEIGHTS = (16, 7680), (16, 4320)
# Which chroma formats halve (or quarter) a side, so that it must be even.
HALVED = {"width": ("420", "422", "411", "410"), "height": ("420", "410", "440")}

# What the formats themselves are defined for (SMPTE VC-3; XDCAM HD422). What Pixop does with others is not documented.
BROADCAST = ((1920, 1080), (1440, 1080), (1280, 720), (960, 720))


def check_fit(name: str, request: Request, span_ms: tuple[int, int | None], source: Probe) -> None:
    """Raise BadInputError with every reason why it cannot work; log what looks like the wrong preset."""
    faults = [*_range_faults(span_ms, source), *_frame_faults(request, source)]
    if faults:
        raise BadInputError(f"preset {name} does not fit the source: {'; '.join(faults)}")
    for doubt in _doubts(request, source):
        log.warning("preset %s: %s", name, doubt)


def _range_faults(span_ms: tuple[int, int | None], source: Probe) -> Iterator[str]:
    if source.duration is None:
        return
    # Rounded up: a range may end with the source's last frame, wherever between two milliseconds that is.
    length = math.ceil(source.duration * 1000)
    start, end = span_ms
    if start >= length:
        yield f"range.startPositionMilliseconds is {start}, and the source ends at {length}; start earlier"
    if end is not None and end > length:
        yield f"range.endPositionMilliseconds is {end}, and the source ends at {length}; leave it out to go to the end"


def _frame_faults(request: Request, source: Probe) -> Iterator[str]:
    if request.resolution is None:
        return
    picture = source.video[0]
    asked = request.resolution.tag or request.resolution.aspectRatioTag
    sides = dict(zip(("width", "height"), frame_of(request, source), strict=True))
    for (side, exact), (least, most) in zip(sides.items(), (WIDTHS, HEIGHTS), strict=True):
        if exact is None:
            continue
        made = f"resolution: {asked or 'as given'} makes the {side} {exact:.6g} of a {picture.width}x{picture.height}"
        if not least <= round(exact) <= most:
            yield f"{made} source, and Pixop takes {least} to {most}; take another resolution"
        elif _is_odd(exact) and _chroma(request, source) in HALVED[side]:
            yield f"{made} source, which is odd, and its chroma needs an even one; give width and height"


def _is_odd(exact: float) -> bool:
    # A side with a fraction is rounded by Pixop, who knows its codecs; a whole number is taken at its word.
    return abs(exact - round(exact)) < 0.01 and round(exact) % 2 == 1


def _chroma(request: Request, source: Probe) -> str | None:
    asked = request.chromaSubsampling and request.chromaSubsampling.yuv
    found = re.search(r"4[0-4]{2}", asked.replace(":", "") if asked else source.video[0].pix_fmt)
    return found[0] if found else None


def _doubts(request: Request, source: Probe) -> Iterator[str]:
    is_interlaced = source.video[0].interlaced
    if request.deinterlacer and is_interlaced is False:
        yield f"the source says that it is progressive, and deinterlacer {request.deinterlacer} may soften it"
    if not request.deinterlacer and is_interlaced and request.resolution:
        yield "the source is interlaced and will be scaled without a deinterlacer, which enlarges the combs too"
    frame = _frame(request, source)
    is_dnxhd = (request.dnxhdHrProfile or "").startswith("dnxhd_")
    if (is_dnxhd or request.codec == "xdcam") and None not in frame and frame not in BROADCAST:
        remedy = "take a dnxhr_ profile or" if is_dnxhd else "take"
        width, height = frame
        yield f"{request.codec} is for 1080 and 720 lines, not {width}x{height}; {remedy} resolution tag hd_1080p"


def _frame(request: Request, source: Probe) -> tuple[int | None, int | None]:
    if request.resolution is None:
        return source.video[0].width, source.video[0].height
    width, height = frame_of(request, source)
    return None if width is None else round(width), None if height is None else round(height)
