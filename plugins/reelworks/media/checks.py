"""Is an output what its preset promises; every check says what it found and what it wanted."""

from __future__ import annotations

from reelworks.core.presets import Rendition
from reelworks.media.probe import Decoded, Probe

CLOSE = 2  # lines of height: scalers round to even numbers
LEAST_SLACK, SLACK = 0.5, 0.02  # seconds, and part of the duration


def check_rendition(seen: Probe, wanted: Rendition, source: Probe | None) -> list[str]:
    """Give the faults of an output, none if it is good. What the preset leaves open is not checked."""
    faults = [
        _empty(seen),
        _container(seen, wanted),
        _codec(seen, wanted),
        _height(seen, wanted, source),
        _sound(seen, wanted, source),
        _duration(seen, source),
    ]
    return [fault for fault in faults if fault]


def check_tail(decoded: Decoded, seen: Probe) -> list[str]:
    """Give the fault of a file whose pictures end before its header says; ``decoded`` is of its last seconds."""
    if seen.duration is None or decoded.until is None:
        return []
    length = seen.video[0].duration or seen.duration
    if length - decoded.until > max(2 * LEAST_SLACK, SLACK * length):
        return [f"its pictures end at {decoded.until:.2f} s, and it says that it lasts {length:.2f} s"]
    return []


def slack(duration: float) -> float:
    """Give how many seconds two durations may differ."""
    return max(LEAST_SLACK, SLACK * duration)


def _empty(seen: Probe) -> str | None:
    return "it is empty (0 bytes)" if seen.size == 0 else None


def _container(seen: Probe, wanted: Rendition) -> str | None:
    # Other containers have several names in ffprobe, and no preset that is checked makes them.
    if wanted.container == "mp4" and seen.container != "mp4":
        return f"its container is {seen.container}, not mp4"
    return None


def _codec(seen: Probe, wanted: Rendition) -> str | None:
    found = seen.video[0].codec
    return f"its codec is {found}, not {wanted.codec}" if wanted.codec not in (None, found) else None


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


def _duration(seen: Probe, source: Probe | None) -> str | None:
    if source is None or source.duration is None:
        return None
    if seen.duration is None:
        return "it does not say how long it lasts"
    if abs(seen.duration - source.duration) > slack(source.duration):
        return f"it lasts {seen.duration:.2f} s, and its source {source.duration:.2f} s"
    return None
