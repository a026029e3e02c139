"""Decode a file once, wholly, and keep what verification asks of it.

The same survey is made of outputs and of their source; a source's serves all its renditions, and is JSON
(``model_dump_json``, some 3 MB for each minute of 25 pictures a second).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from reelworks.core.errors import BadInputError, OverdueError
from reelworks.media.ffprobe import run as ffprobe
from reelworks.media.ffprobe import shown
from reelworks.media.probe import Probe, probe
from reelworks.verify.ffmpeg import Said, reading, run
from reelworks.verify.film import COLUMNS, ROWS, THUMB, Film
from reelworks.verify.header import told_lengths
from reelworks.verify.track import Track, read_waves

_TICKS = 1_000_000  # per second: any file's times survive
_PICTURE = (
    f"[0:V:0]setpts=PTS-{{start}}/TB,split=2[small][wide];[small]scale={COLUMNS}:{ROWS}:flags=area:out_range=tv,format=yuv420p,"
    f"settb=1/{_TICKS},split=2[thumbs][times];"
    # A quarter of the width shows combing as well as all of it.
    "[wide]crop=iw/4:ih,idet@combed,nullsink"
)
# Silence fills what timestamps leave out, so that a sample's place is its time.
_SOUND = (
    "[0:a:{n}]asetpts=PTS-{start}/TB,aresample=48000:async=1:min_hard_comp=0.01:first_pts=0,asplit=3[a{n}][b{n}][c{n}];"
    "[a{n}]aresample,aformat=channel_layouts=stereo,ebur128@loud{n}=framelog=quiet,anullsink;"
    "[b{n}]astats@levels{n}=measure_perchannel=RMS_level+Peak_level:measure_overall=none,anullsink;"
    # Brought to two in floats, for among integers ffmpeg turns the sum down.
    "[c{n}]aresample=8000,aformat=channel_layouts=stereo:sample_fmts=flt,aresample,aformat=sample_fmts=s16[wave{n}]"
)
_STRICT = ["-err_detect", "crccheck+bitstream+buffer"]


class Survey(BaseModel):
    """A whole file, decoded. ``errors`` are the first complaints of ``error_count``.

    ``told`` is how long its headers say that it lasts (seconds), where it is one whose headers do.
    """

    model_config = ConfigDict(frozen=True, ser_json_bytes="base64", val_json_bytes="base64")

    probe: Probe
    film: Film
    tracks: tuple[Track, ...]
    errors: tuple[str, ...] = ()
    error_count: int = 0
    told: tuple[float, ...] = ()


def survey(target: str | Path, *, clip: tuple[float, float] | None = None, timeout: float | None = None) -> Survey:
    """Decode a file or link, or of it the stretch from ``clip[0]`` to ``clip[1]`` (seconds).

    Raises BadInputError if it is no video, or not decoded within ``timeout`` seconds (default: what a slow machine
    takes); LostError and UnreachableError for a link's sake.
    """
    seen = probe(target)
    limit = timeout or 300 + 30 * min(seen.duration or 600, 6 * 3600)
    facts = ffprobe(target, "-show_streams", timeout=120).get("streams", [])
    sounds = [s for s in facts if s.get("codec_type") == "audio"]
    # A track that nothing here can decode is not heard by anybody else either.
    heard = [n for n, s in enumerate(sounds) if s.get("codec_name") not in (None, "unknown", "none")]
    start, end = clip or (0.0, None)
    stretch = reading(target, start=start, seconds=None if end is None else end - start)
    with tempfile.TemporaryDirectory(prefix="reelworks-survey-") as name:
        folder = Path(name)
        try:
            said = run([*_STRICT, *stretch, *_outputs(heard, start)], folder=folder, target=target, timeout=limit)
        except OverdueError as error:
            raise BadInputError(str(error)) from None
        film = _film(folder, _picture_of(facts), said)
        if not film.times:
            raise BadInputError(f"{shown(target)} does not decode: {'; '.join(said.errors) or 'not one frame'}")
        tracks = tuple(_track(folder, n, sounds[n], said, film.end) for n in heard)
    return Survey(
        probe=seen,
        film=film,
        tracks=tracks,
        errors=said.errors,
        error_count=said.error_count + bool(said.code),
        told=told_lengths(target) if seen.container in ("mp4", "mov") else (),
    )


def _outputs(heard: Iterable[int], start: float) -> list[str]:
    arguments = ["-filter_complex", _PICTURE.format(start=start)]
    for n in heard:
        arguments += ["-filter_complex", _SOUND.format(n=n, start=start)]
    raw = ["-fps_mode", "passthrough", "-c:v", "rawvideo"]
    arguments += ["-map", "[thumbs]", *raw, "-f", "rawvideo", "thumbs"]
    arguments += ["-map", "[times]", *raw, "-enc_time_base", f"1:{_TICKS}", "-f", "framecrc", "times"]
    for n in heard:
        arguments += ["-map", f"[wave{n}]", "-c:a", "pcm_s16le", "-f", "s16le", f"wave{n}"]
    return arguments


def _picture_of(facts: list[dict[str, Any]]) -> dict[str, Any]:
    moving = (s for s in facts if s.get("codec_type") == "video")
    return next((s for s in moving if not (s.get("disposition") or {}).get("attached_pic")), {})


def _film(folder: Path, facts: dict[str, Any], said: Said) -> Film:
    times = _times(folder / "times")
    thumbs = _bytes(folder / "thumbs")
    count = min(len(times), len(thumbs) // THUMB)
    width, height = int(facts.get("width", 0)), int(facts.get("height", 0))
    shape = width * _ratio(facts.get("sample_aspect_ratio")) / height if height else 0.0
    turns = [side["rotation"] for side in facts.get("side_data_list", []) if "rotation" in side]
    if turns and round(float(turns[0])) % 180:
        width, height, shape = height, width, 1 / shape if shape else 0.0
    return Film(
        width=width,
        height=height,
        aspect=shape,
        fields=str(facts.get("field_order", "")),
        combed=_combed(said),
        matrix=_known(facts.get("color_space")),
        transfer=_known(facts.get("color_transfer")),
        times=tuple(times[:count]),
        thumbs=thumbs[: count * THUMB],
    )


def _track(folder: Path, n: int, facts: dict[str, Any], said: Said, seconds: float) -> Track:
    left, right, pieces = b"", b"", dict[int, bytes]()
    wave = folder / f"wave{n}"
    if wave.exists():
        with wave.open("rb") as file:
            left, right, pieces = read_waves(file, seconds)
    loudness = _loudness(said, n)
    return Track(
        codec=str(facts.get("codec_name", "unknown")),
        channels=int(facts.get("channels", 0)),
        language=_language(facts),
        is_default=bool((facts.get("disposition") or {}).get("default")),
        loudness=loudness if loudness is not None and loudness > -69 else None,
        levels=tuple(_numbers(said, f"[astats@levels{n} ", "RMS level dB:")),
        peak=max(_numbers(said, f"[astats@levels{n} ", "Peak level dB:"), default=None),
        left=left,
        right=right,
        pieces=pieces,
    )


def _times(file: Path) -> list[float]:
    if not file.exists():
        return []
    rows = (line.split(",") for line in file.read_text().splitlines() if line and not line.startswith("#"))
    return [int(row[2]) / _TICKS for row in rows if len(row) > 3]


def _bytes(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""


def _combed(said: Said) -> tuple[int, int, int]:
    found = [line for line in said.lines if line.startswith("[idet@combed") and "Multi frame detection" in line]
    counts = re.findall(r"\d+", found[-1].split("detection:")[1]) if found else []
    return (int(counts[0]), int(counts[1]), int(counts[2])) if len(counts) > 2 else (0, 0, 0)


def _numbers(said: Said, who: str, what: str) -> list[float]:
    found = [line.split(what)[1].strip() for line in said.lines if line.startswith(who) and what in line]
    return [max(-200.0, float(text)) if text not in ("nan", "-nan") else -200.0 for text in found]


def _loudness(said: Said, n: int) -> float | None:
    """Read the summary, whose lines bear no name but the first."""
    starts = [i for i, line in enumerate(said.lines) if line.startswith(f"[ebur128@loud{n} ") and "Summary" in line]
    for line in said.lines[starts[-1] + 1 : starts[-1] + 6] if starts else ():
        if found := re.match(r"\s+I:\s+(-?[\d.]+) LUFS", line):
            return float(found[1])
    return None


def _language(facts: dict[str, Any]) -> str:
    word = str((facts.get("tags") or {}).get("language", "")).lower()
    return "" if word == "und" else word


def _ratio(text: object) -> float:
    above, _, below = str(text or "").partition(":")
    ratio = float(above) / float(below) if above.isdigit() and below.isdigit() and int(below) else 0.0
    return ratio or 1.0


def _known(word: object) -> str:
    return "" if word in (None, "unknown", "unspecified", "reserved") else str(word)
