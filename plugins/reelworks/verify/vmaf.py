"""How much an encode lost, as VMAF tells it.

Both sides are compared at the output's own size: a ladder's small rung is not blamed for being small, and an upscaled
output is held against its source upscaled. Up to 1440 lines the model is vmaf_v0.6.1 (a television, seen from three
times its height), above vmaf_4k_v0.6.1 (one and a half times). Pictures of less than 240 lines are enlarged to them:
the model says little of smaller ones.

Which picture of the source belongs to one of the output is known from their thumbnails: two containers' clocks never
agree, and a score of neighbours says nothing. Scored is each n-th picture, with the one before it fed, too: the model
looks at motion.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reelworks.core.errors import BadOutputError
from reelworks.media.ffprobe import shown
from reelworks.verify.colour import SCALE_WORDS
from reelworks.verify.ffmpeg import reading, run
from reelworks.verify.film import Film
from reelworks.verify.gates import Gates
from reelworks.verify.pairing import same_as
from reelworks.verify.picture import Showing
from reelworks.verify.verdict import Check

_SECONDS = 10.0  # of one stretch
_EARLIER = 3.0  # seconds before a stretch that reading begins: not all containers can be entered at will
_EXACT = 0.002  # seconds
_LEAST_LINES, _MOST_LINES, _MODEL_4K_FROM = 240, 2160, 1441


# A transport stream's clock begins with the first of the streams that are read, so the sound is, too.
_SOUND = ["-map", "0:a?", "-map", "1:a?", "-c", "copy", "-f", "null", "-"]
# Two sides that say different things of their colours would be brought together; levels are compared as they are.
_UNTOLD = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709"

Both = tuple[int, int]  # a picture of the output, and the one of the source that it shows


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
    found = []
    for inside in _stretches(showing.output, gates.vmaf_seconds):
        chosen = _fed(showing, inside, gates.vmaf_every)
        if chosen:
            # The first has none before it; alone it must do.
            found += _scores(files, showing, chosen, timeout)[len(chosen) > 1 :]
    if not found:
        raise BadOutputError(f"{shown(files.output)} has no picture that VMAF could be measured of")
    return found


def _stretches(film: Film, most: float) -> list[range]:
    """Return the pictures of stretches of some seconds, which cover a film or are spread over it."""
    count = max(1, round(min(film.end, most) / _SECONDS))
    width = film.end / count if film.end <= most else _SECONDS
    starts = [k * (film.end - width) / max(1, count - 1) for k in range(count)]
    return [range(film.shown_at(start), film.shown_at(start + width) + 1) for start in starts]


def _fed(showing: Showing, inside: range, every: int) -> list[Both]:
    """Return what is fed: a picture whose score is dropped, and then each scored one after the one before it."""
    chosen: list[Both] = [(inside[0], same_as(showing.output, showing.source, inside[0], showing.lag))]
    due = inside[0] + 2
    for one in range(inside[0] + 2, inside[-1] + 1):
        if one < due:
            continue
        pair = [(k, same_as(showing.output, showing.source, k, showing.lag)) for k in (one - 1, one)]
        # No picture can be fed twice, so the source's must go forward as well.
        if chosen[-1][0] < one - 1 and chosen[-1][1] < pair[0][1] < pair[1][1]:
            chosen += pair
            due = one + max(2, every)
    return chosen


def _scores(files: Pictures, showing: Showing, chosen: list[Both], timeout: float) -> list[float]:
    wanted = (len(chosen) + 1) // 2
    # Where a container was entered too late, it is read from its start.
    for earlier in (_EARLIER, math.inf):
        found = _measured(files, showing, chosen, earlier, timeout)
        if len(found) == wanted:
            return found
    raise BadOutputError(f"{shown(files.output)} gave {len(found)} pictures for VMAF, not {wanted}")


def _measured(files: Pictures, showing: Showing, chosen: list[Both], earlier: float, timeout: float) -> list[float]:
    """Run ffmpeg over one stretch."""
    output, source = showing.output, showing.source
    times = [output.times[one] for one, _ in chosen], [_moment(showing, *both) for both in chosen]
    starts = [max(0.0, row[0] - earlier) for row in times]
    lengths = [row[-1] - start + 1.0 for row, start in zip(times, starts, strict=True)]
    reads = reading(files.output, start=starts[0], seconds=lengths[0])
    reads += reading(files.source, start=files.start + starts[1], seconds=lengths[1])
    shifts = 0.0, files.start
    sides = [
        f"[{n}:V:0]{_whole(film, output)}{_only(row, shift)},{_UNTOLD},{_scaled(output, colours)},{_UNTOLD},"
        f"settb=1/25,setpts=N[side{n}]"
        for n, (film, row, shift, colours) in enumerate(
            zip((output, source), times, shifts, ("", _recoloured(showing)), strict=True)
        )
    ]
    with tempfile.TemporaryDirectory(prefix="reelworks-vmaf-") as name:
        folder = Path(name)
        (folder / "graph").write_text(";".join([*sides, _model(output)]))
        arguments = [*reads, "-/filter_complex", "graph", "-map", "[scored]", "-f", "null", "-", *_SOUND]
        said = run(arguments, folder=folder, target=files.output, timeout=timeout)
        log = folder / "vmaf.json"
        if said.code or not log.exists():
            why = "; ".join(said.errors) or f"ffmpeg ended with {said.code}"
            raise BadOutputError(f"VMAF of {shown(files.output)} could not be measured: {why}")
        frames = json.loads(log.read_text()).get("frames", [])
    return [float(frame["metrics"]["vmaf"]) for frame in frames if "vmaf" in frame.get("metrics", {})]


def _moment(showing: Showing, one: int, other: int) -> float:
    """Return the time of a source's picture, or of its second field if that is what the output shows."""
    time = showing.source.times[other]
    late = showing.output.times[one] - showing.lag - time
    return time + showing.source.step / 2 * (
        _is_doubled(showing.source, showing.output) and late > showing.source.step / 4
    )


def _only(times: list[float], shift: float) -> str:
    """Return the filter that lets only the pictures of these times pass."""
    wanted = _any([f"lt(abs(t-{time + shift:.6f})\\,{_EXACT})" for time in times])
    return f"select='{wanted}'"


def _any(terms: list[str]) -> str:
    """Return the sum of terms, as a tree: ffmpeg refuses expressions that are nested a hundred deep, as a chain is."""
    middle = len(terms) // 2
    return f"({_any(terms[:middle])}+{_any(terms[middle:])})" if middle else terms[0]


def _model(output: Film) -> str:
    model = "vmaf_4k_v0.6.1" if output.height >= _MODEL_4K_FROM else "vmaf_v0.6.1"
    return (
        f"[side0][side1]libvmaf=model=version={model}:n_subsample=2:n_threads=2:shortest=1"
        ":log_fmt=json:log_path=vmaf.json[scored]"
    )


def _scaled(output: Film, colours: str = "") -> str:
    """Return the filter that brings a side to the output's size, and from there to one that the model knows."""
    how = "flags=bicubic:out_range=tv"
    sizes = [f"scale={output.width}:{output.height}:{how}{colours},format=yuv420p"]
    lines = min(_MOST_LINES, max(_LEAST_LINES, output.height)) // 2 * 2
    if lines != output.height:
        sizes.append(f"scale={max(2, round(lines * output.width / output.height / 2) * 2)}:{lines}:{how}")
    return ",".join(sizes)


def _is_doubled(film: Film, output: Film) -> bool:
    return film.is_of_fields and not output.is_of_fields and output.rate > 1.5 * film.rate


def _whole(film: Film, output: Film) -> str:
    """Return the filter that makes whole pictures of fields; none for what is progressive."""
    if not film.is_of_fields:
        return ""
    return f"bwdif=mode={'send_field' if _is_doubled(film, output) else 'send_frame'},"


def _recoloured(showing: Showing) -> str:
    if showing.recoloured is None:
        return ""
    before, after = (SCALE_WORDS[matrix] for matrix in showing.recoloured)
    return f":in_color_matrix={before}:out_color_matrix={after}"
