"""Is an output what its preset promises; every check says what it found and what it wanted."""

from __future__ import annotations

from reelworks.core.presets import Rendition
from reelworks.media.probe import Decoded, Probe

CLOSE = 2  # pixels of width or height: scalers round to even numbers
RATE_SLACK = 0.0005  # half of what lies between 24 and 23.976
PLAIN = ("mp4", "mov", "mxf", "mpegts")  # what Probe and a preset call by the same word
LEAST_SLACK, SLACK = 0.5, 0.02  # seconds, and part of the duration


def check_rendition(seen: Probe, wanted: Rendition, source: Probe | None) -> list[str]:
    """Give the faults of an output, none if it is good. What the preset leaves open is not checked."""
    faults = [
        _empty(seen),
        _container(seen, wanted),
        _codec(seen, wanted),
        _profile(seen, wanted),
        _width(seen, wanted),
        _height(seen, wanted, source),
        _rate(seen, wanted),
        _scanning(seen, wanted),
        _sound(seen, wanted, source),
        _duration(seen, wanted, source),
    ]
    return [fault for fault in faults if fault]


def check_tail(decoded: Decoded, seen: Probe) -> list[str]:
    """Give the fault of a file whose pictures end before its header says; ``decoded`` is of its last seconds."""
    if seen.duration is None or decoded.until is None:
        return []
    length = seen.video[0].duration or seen.duration
    if length - decoded.until > tail_slack(length, seen.video[0].fps):
        return [f"its pictures end at {decoded.until:.2f} s, and it says that it lasts {length:.2f} s"]
    return []


def tail_slack(duration: float, fps: float | None) -> float:
    """Give how many seconds before the end the last picture may begin: of a slow show of slides it is long before."""
    return max(2 * LEAST_SLACK, SLACK * duration, 2 / (fps or 1.0))


def slack(duration: float) -> float:
    """Give how many seconds two durations may differ."""
    return max(LEAST_SLACK, SLACK * duration)


def _empty(seen: Probe) -> str | None:
    return "it is empty (0 bytes)" if seen.size == 0 else None


def _container(seen: Probe, wanted: Rendition) -> str | None:
    if wanted.container in PLAIN and seen.container != wanted.container:
        return f"its container is {seen.container}, not {wanted.container}"
    return None


def _codec(seen: Probe, wanted: Rendition) -> str | None:
    found = seen.video[0].codec
    return f"its codec is {found}, not {wanted.codec}" if wanted.codec not in (None, found) else None


def _profile(seen: Probe, wanted: Rendition) -> str | None:
    found = seen.video[0].profile
    return f"its profile is {found or 'unknown'}, not {wanted.profile}" if wanted.profile not in (None, found) else None


def _width(seen: Probe, wanted: Rendition) -> str | None:
    found = seen.video[0].width
    if wanted.width is None or abs(found - wanted.width) <= CLOSE:
        return None
    return f"its width is {found}, not {wanted.width}"


def _rate(seen: Probe, wanted: Rendition) -> str | None:
    found = seen.video[0].fps
    if wanted.fps is None or (found is not None and abs(found - wanted.fps) <= RATE_SLACK * wanted.fps):
        return None
    return f"its frame rate is {'unknown' if found is None else f'{found:.6g}'}, not {wanted.fps:.6g}"


def _scanning(seen: Probe, wanted: Rendition) -> str | None:
    found = seen.video[0].interlaced
    # Many files do not say how they are scanned.
    if None in (wanted.interlaced, found) or found == wanted.interlaced:
        return None
    return "it is interlaced, not progressive" if found else "it is progressive, not interlaced"


def _height(seen: Probe, wanted: Rendition, source: Probe | None) -> str | None:
    if wanted.height is None:
        return None
    allowed = {wanted.height}
    if wanted.avoid_upscaling:
        if source is None:
            return None
        allowed = {min(wanted.height, height) for height in _heights(source)}
    found = seen.video[0].height
    if any(abs(found - height) <= CLOSE for height in allowed):
        return None
    return f"its height is {found}, not {' or '.join(map(str, sorted(allowed)))}"


def _heights(source: Probe) -> set[int]:
    """Give the heights a source may be taken to have: a turned one is read either way by encoders."""
    picture = source.video[0]
    return {picture.height, picture.width} if picture.rotation % 180 else {picture.height}


def _sound(seen: Probe, wanted: Rendition, source: Probe | None) -> str | None:
    if wanted.has_audio and source and source.audio and not seen.audio:
        return "it has no sound, and its source has"
    return None


def _duration(seen: Probe, wanted: Rendition, source: Probe | None) -> str | None:
    whole = source.duration if source else None
    length = whole if wanted.duration is None else wanted.duration
    if length is None:
        return None
    if seen.duration is None:
        return "it does not say how long it lasts"
    if abs(seen.duration - length) > slack(length):
        owner = "its source" if wanted.duration is None else "what was taken of its source"
        return f"it lasts {seen.duration:.2f} s, and {owner} {length:.2f} s"
    return None
