"""How much an encode lost, as VMAF tells it.

Both sides are compared at the output's own size: a ladder's small rung is not blamed for being small, and an upscaled
output is held against its source upscaled. Up to 1440 lines the model is vmaf_v0.6.1 (a television, seen from three
times its height), above vmaf_4k_v0.6.1 (one and a half times). Pictures of less than 240 lines are enlarged to them:
the model says little of smaller ones.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reelworks.core.errors import BadOutputError
from reelworks.media.ffprobe import shown
from reelworks.verify.colour import matrix_of
from reelworks.verify.ffmpeg import reading, run
from reelworks.verify.film import Film
from reelworks.verify.gates import Gates
from reelworks.verify.picture import Showing
from reelworks.verify.verdict import Check

_STRETCHES = 12
_LEAST_LINES, _MOST_LINES, _MODEL_4K_FROM = 240, 2160, 1441


@dataclass(frozen=True)
class Pictures:
    """The files of both sides; ``start`` is the second of the source at which the output begins."""

    output: str | Path
    source: str | Path
    start: float = 0.0


def check_vmaf(files: Pictures, showing: Showing, gates: Gates, *, timeout: float) -> Iterator[Check]:
    """Score the output, sub-sampled. Nothing is said without a floor; ``timeout`` is in seconds.

    Raises BadOutputError if it cannot be scored.
    """
    if gates.vmaf_floor is None and gates.vmaf_low_floor is None:
        return
    scores = sorted(scores_of(files, showing, gates, timeout=timeout))
    mean, low = sum(scores) / len(scores), scores[len(scores) // 20]
    for name, found, floor in (("vmaf", mean, gates.vmaf_floor), ("vmaf_low", low, gates.vmaf_low_floor)):
        kind = "mean" if name == "vmaf" else "5th percentile"
        text = f"its VMAF is {found:.1f} ({kind} of {len(scores)} pictures)"
        yield Check(name, floor is None or found >= floor, round(found, 2), floor, text)


def scores_of(files: Pictures, showing: Showing, gates: Gates, *, timeout: float) -> list[float]:
    """Return the scores of the pictures that were looked at, in their order."""
    scores = [
        score
        for start, seconds in _stretches(showing.output.end, gates.vmaf_seconds)
        for score in _scores(files, showing, gates.vmaf_every, (start, seconds), timeout)
    ]
    if not scores:
        raise BadOutputError(f"{shown(files.output)} has no picture that VMAF could be measured of")
    return scores


def _stretches(length: float, most: float) -> list[tuple[float, float | None]]:
    if length <= most:
        return [(0.0, None)]
    seconds = most / _STRETCHES
    return [(k * (length - seconds) / (_STRETCHES - 1), seconds) for k in range(_STRETCHES)]


def _scores(
    files: Pictures, showing: Showing, every: int, stretch: tuple[float, float | None], timeout: float
) -> list[float]:
    start, seconds = stretch
    reads = reading(files.output, start=start, seconds=seconds)
    reads += reading(files.source, start=files.start + start, seconds=None if seconds is None else seconds + 0.5)
    with tempfile.TemporaryDirectory(prefix="reelworks-vmaf-") as name:
        folder = Path(name)
        arguments = [*reads, "-filter_complex", _graph(showing, every), "-map", "[scored]", "-f", "null", "-"]
        said = run(arguments, folder=folder, target=files.output, timeout=timeout)
        log = folder / "vmaf.json"
        if said.code or not log.exists():
            why = "; ".join(said.errors) or f"ffmpeg ended with {said.code}"
            raise BadOutputError(f"VMAF of {shown(files.output)} could not be measured: {why}")
        frames = json.loads(log.read_text()).get("frames", [])
    return [float(frame["metrics"]["vmaf"]) for frame in frames if "vmaf" in frame.get("metrics", {})]


def _graph(showing: Showing, every: int) -> str:
    output, source = showing.output, showing.source
    # What stands at a time is the last picture that began before it; half a step, so that rounding does not decide.
    later = showing.lag - min(output.step, source.step) / 2
    model = "vmaf_4k_v0.6.1" if min(_MOST_LINES, output.height) >= _MODEL_4K_FROM else "vmaf_v0.6.1"
    return (
        f"[0:V:0]{_whole(output, output)}{_scaled(output)},settb=1/1000000[one];"
        f"[1:V:0]{_whole(source, output)}{_scaled(output, _matrix(source, output))},settb=1/1000000,"
        f"setpts=PTS+({later:.6f})/TB[other];"
        f"[one][other]libvmaf=model=version={model}:n_subsample={every}:n_threads=2:shortest=1"
        ":log_fmt=json:log_path=vmaf.json[scored]"
    )


def _scaled(output: Film, matrix: str = "") -> str:
    """Return the filter that brings a side to the output's size, and from there to one that the model knows."""
    how = "flags=bicubic:out_range=tv"
    sizes = [f"scale={output.width}:{output.height}:{how}{matrix},format=yuv420p"]
    lines = min(_MOST_LINES, max(_LEAST_LINES, output.height)) // 2 * 2
    if lines != output.height:
        sizes.append(f"scale={max(2, round(lines * output.width / output.height / 2) * 2)}:{lines}:{how}")
    return ",".join(sizes)


def _whole(film: Film, output: Film) -> str:
    """Return the filter that makes whole pictures of fields; none for what is progressive."""
    if not film.is_interlaced and not film.is_combed:
        return ""
    twice = output.rate > 1.5 * film.rate
    return f"bwdif=mode={'send_field' if twice else 'send_frame'},"


def _matrix(source: Film, output: Film) -> str:
    if source.matrix and output.matrix and matrix_of(source) != matrix_of(output):
        return f":in_color_matrix={source.matrix}:out_color_matrix={output.matrix}"
    return ""
