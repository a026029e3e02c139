"""What ffprobe says of a file or a link: is it a video, of what kind, and does it decode."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from reelworks.core.errors import BadInputError
from reelworks.media.ffprobe import ffprobe_path, ffprobe_version, run, shown

__all__ = [
    "AudioStream",
    "Decoded",
    "Probe",
    "VideoStream",
    "decodes",
    "ffprobe_path",
    "ffprobe_version",
    "probe",
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class VideoStream(_Frozen):
    """A moving picture; width and height in pixels as coded, ``rotation`` in degrees (0, 90, 180, 270)."""

    codec: str
    width: int
    height: int
    fps: float | None = None
    pix_fmt: str = ""
    profile: str = ""
    rotation: int = 0
    duration: float | None = None
    field_order: str = ""  # ffprobe's word: progressive, or tt, bb, tb, bt
    aspect: float | None = None  # width by height as it is to be shown

    @property
    def interlaced(self) -> bool | None:
        """Return whether a picture is two fields; None if the file does not say."""
        return {"progressive": False, "tt": True, "bb": True, "tb": True, "bt": True}.get(self.field_order)


class AudioStream(_Frozen):
    """A sound track; sample rate in hertz."""

    codec: str
    channels: int = 0
    sample_rate: int = 0
    duration: float | None = None


class Probe(_Frozen):
    """A file with at least one video stream. Duration in seconds, size in bytes, bitrate in bit/s.

    ``start`` is the second at which its time begins: that of a recording off the air may be any.
    """

    container: str  # mp4, mov, matroska, mpegts, avi, …
    duration: float | None
    size: int | None
    bitrate: int | None
    video: tuple[VideoStream, ...]
    audio: tuple[AudioStream, ...]
    start: float = 0.0

    def summary(self) -> dict[str, Any]:
        """Give it as JSON: for XCom and the manifest."""
        return self.model_dump(mode="json")


class Decoded(_Frozen):
    """How far a decode came: frames, and the last one's time in the file, in seconds."""

    frames: int
    until: float | None


def probe(target: str | Path, *, timeout: float = 120) -> Probe:
    """Look into a local file or an http(s) link, presigned or not. Cover art is no video.

    Raises BadInputError if it is no video, LostError if a link leads nowhere, UnreachableError if the
    other side does not answer. ``timeout`` is in seconds.
    """
    said = run(target, "-show_format", "-show_streams", timeout=timeout)
    streams = said.get("streams", [])
    video = tuple(_video(s) for s in streams if s.get("codec_type") == "video" and not _is_cover(s))
    if not any(stream.width and stream.height for stream in video):
        kinds = {"a cover picture" if _is_cover(s) else str(s.get("codec_type", "unknown")) for s in streams}
        found = sorted(kinds) or ["nothing"]
        raise BadInputError(f"{shown(target)} has no video stream, only {', '.join(found)}; give a video file")
    if any(stream.codec == "unknown" for stream in video):
        raise BadInputError(f"{shown(target)} has a video stream of an unknown codec; give another format")
    audio = tuple(_audio(s) for s in streams if s.get("codec_type") == "audio")
    return _probe(said.get("format", {}), video, audio)


def decodes(target: str | Path, seconds: float | None = 2.0, *, start: float = 0.0, timeout: float = 300) -> Decoded:
    """Decode ``seconds`` of the picture from ``start`` on, or all to the end: a whole header may stand before nothing.

    ``start`` is a time in the file, or 0 for its beginning, whatever time that is. Raises BadInputError if not one
    frame comes out. Near the end, compare ``until`` with the duration.
    """
    # "%+seconds" elsewhere would count from the keyframe it lands on, which can lie long before the start.
    end = "" if seconds is None else f"{start + seconds:.3f}" if start else f"+{seconds:.3f}"
    span = f"{start:.3f}%{end}" if start else f"%{end}"
    frames = run(
        target, "-select_streams", "V:0", "-read_intervals", span, "-show_entries",
        "frame=best_effort_timestamp_time", timeout=timeout,
    ).get("frames", [])  # fmt: skip
    if not frames:
        raise BadInputError(f"{shown(target)} does not decode: not one frame from {start:g} s on; it is cut or damaged")
    times = [t for frame in frames if (t := _number(frame.get("best_effort_timestamp_time"))) is not None]
    return Decoded(frames=len(frames), until=max(times, default=None))


def _probe(form: dict[str, Any], video: tuple[VideoStream, ...], audio: tuple[AudioStream, ...]) -> Probe:
    lengths = [d for d in (*(v.duration for v in video), *(a.duration for a in audio)) if d]
    size, bitrate = _number(form.get("size")), _number(form.get("bit_rate"))
    return Probe(
        container=_container(form),
        duration=_number(form.get("duration")) or max(lengths, default=None),
        size=None if size is None else int(size),
        bitrate=None if bitrate is None else int(bitrate),
        video=video,
        audio=audio,
        start=_number(form.get("start_time")) or 0.0,
    )


def _container(form: dict[str, Any]) -> str:
    """Give one word; ffprobe names the whole family, such as ``mov,mp4,m4a,3gp,3g2,mj2``."""
    family = str(form.get("format_name", "")).split(",")
    if "mp4" not in family:
        return family[0]
    # Files older than brands are QuickTime's.
    brand = str((form.get("tags") or {}).get("major_brand", "qt")).strip()
    return "mov" if brand == "qt" else "mp4"


def _is_cover(stream: dict[str, Any]) -> bool:
    disposition = stream.get("disposition") or {}
    return bool(disposition.get("attached_pic") or disposition.get("timed_thumbnails"))


def _video(stream: dict[str, Any]) -> VideoStream:
    return VideoStream(
        codec=str(stream.get("codec_name", "unknown")),
        width=int(stream.get("width", 0)),
        height=int(stream.get("height", 0)),
        fps=_rate(stream.get("avg_frame_rate")) or _rate(stream.get("r_frame_rate")),
        pix_fmt=str(stream.get("pix_fmt", "")),
        profile=str(stream.get("profile", "")),
        rotation=_rotation(stream),
        duration=_length(stream),
        field_order=str(stream.get("field_order", "")),
        aspect=_rate(str(stream.get("display_aspect_ratio", "")).replace(":", "/")),
    )


def _audio(stream: dict[str, Any]) -> AudioStream:
    return AudioStream(
        codec=str(stream.get("codec_name", "unknown")),
        channels=int(stream.get("channels", 0)),
        sample_rate=int(_number(stream.get("sample_rate")) or 0),
        duration=_length(stream),
    )


def _rotation(stream: dict[str, Any]) -> int:
    turns = [side["rotation"] for side in stream.get("side_data_list", []) if "rotation" in side]
    turns.append((stream.get("tags") or {}).get("rotate", 0))
    return round(_number(turns[0]) or 0) % 360


def _length(stream: dict[str, Any]) -> float | None:
    tag = str((stream.get("tags") or {}).get("DURATION", ""))  # Matroska's, as 00:00:05.280000000
    hours, _, rest = tag.partition(":")
    minutes, _, seconds = rest.partition(":")
    parts = [_number(part) for part in (hours, minutes, seconds)]
    tagged = None if None in parts else sum(p * f for p, f in zip(parts, (3600, 60, 1), strict=True) if p)
    return _number(stream.get("duration")) or tagged or None


def _rate(text: object) -> float | None:
    top, _, bottom = str(text or "").partition("/")
    above, below = _number(top), _number(bottom or 1)
    return round(above / below, 6) if above and below else None


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
