"""Does an output show what its source shows, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from reelworks.verify.coarse import coarsened
from reelworks.verify.colour import converted, is_hdr, matrix_of
from reelworks.verify.film import STILL, Film, distance
from reelworks.verify.gates import Gates
from reelworks.verify.pairing import Pair, backwards, lag_of, pairs, spread, steadily
from reelworks.verify.track import correlation
from reelworks.verify.verdict import Check

Stretch = tuple[float, float]
_STEADY_PART = 3  # what is off all the time shows sooner than what is off for a moment
_MEAN_PART = 3
_LEAST_LIKENESS = 0.8  # correlation of pictures that were enhanced, and are still the same


@dataclass(frozen=True)
class Showing:
    """An output's film beside its source's; ``lag`` is how many seconds the output is late.

    ``recoloured`` are the matrices, from and to, that the source's colours were brought through, if they were.
    """

    output: Film
    source: Film
    lag: float
    recoloured: tuple[str, str] | None = None


def beside(output: Film, source: Film) -> Showing:
    """Find how the two lie in time, and write the source's colours as the output's where that brings them nearer."""
    showing = Showing(output, source, lag_of(output, source))
    if matrix_of(output) == matrix_of(source):
        return showing
    matrices = matrix_of(source), matrix_of(output)
    other = Showing(output, converted(source, matrices[1]), showing.lag, matrices)
    return min((showing, other), key=_off)


def _off(showing: Showing) -> float:
    return sum(pair.peak for pair in pairs(showing.output, showing.source, showing.lag, most=24))


def check_picture(showing: Showing, gates: Gates, *, is_alike: bool, fps: float | None = None) -> Iterator[Check]:
    """Compare; ``is_alike`` is whether the output is to look like its source, or may have been enhanced.

    ``fps`` are the pictures per second that were promised, if any were.
    """
    yield _span(showing, gates)
    yield _rate(showing, fps, gates)
    yield _black(showing, gates)
    yield _frozen(showing, gates)
    yield _repeated(showing)
    yield _order(showing)
    yield _fields(showing)
    if is_alike and is_hdr(showing.output) == is_hdr(showing.source):
        yield from _alike(showing, gates)
    else:
        yield _likeness(showing)


def _span(showing: Showing, gates: Gates) -> Check:
    output, source = showing.output, showing.source
    length = source.end - source.times[0]
    # How long a last picture stands is nowhere written.
    may = max(gates.duration_tolerance, gates.duration_tolerance_part * length, 1.5 * source.widest_step)
    late, short = output.times[0] - source.times[0], source.end - output.end
    off = max(abs(late), abs(short), abs(showing.lag))
    told = f"its pictures go from {output.times[0]:.2f} s to {output.end:.2f} s"
    told += f", its source's from {source.times[0]:.2f} s to {source.end:.2f} s"
    if abs(showing.lag) > may:
        told = f"its pictures are {abs(showing.lag):.2f} s {'late' if showing.lag > 0 else 'early'}"
    return Check("picture_span", off <= may, round(off, 3), round(may, 3), told)


def _rate(showing: Showing, promised: float | None, gates: Gates) -> Check:
    """Count pictures: a header may say what it wants."""
    found, theirs = showing.output.rate, showing.source.rate
    # A short output holds few pictures to count by.
    slack = 1.5 / max(0.1, showing.output.end)
    if promised is not None:
        ok, wanted = abs(found - promised) <= 0.001 * promised + slack, promised
        text = f"it shows {found:.3f} pictures a second" + ("" if ok else f", not {promised:.3f}")
    else:
        wanted = theirs * gates.least_frame_rate
        ok = found >= wanted - slack
        text = f"it shows {found:.3f} pictures a second, its source {theirs:.3f}"
    return Check("frame_rate", ok, round(found, 3), round(wanted, 3), text)


def _black(showing: Showing, gates: Gates) -> Check:
    theirs = [(a + showing.lag, b + showing.lag) for a, b in showing.source.black()]
    worst, where = _worst_alone(showing.output.black(), theirs)
    text = (
        f"it is black for {worst:.2f} s from {where:.2f} s on, where its source is not" if worst else "it is not black"
    )
    return Check("black", worst <= gates.max_black, round(worst, 3), gates.max_black, text)


def _worst_alone(ours: list[Stretch], theirs: list[Stretch]) -> Stretch:
    """Return the seconds of the longest stretch without what it shares, and its start."""
    alone = [(b - a - sum(max(0.0, min(b, d) - max(a, c)) for c, d in theirs), a) for a, b in ours]
    return max(alone, default=(0.0, 0.0))


def _frozen(showing: Showing, gates: Gates) -> Check:
    worst, where = 0.0, 0.0
    for start, end in showing.output.frozen():
        if end - start > max(worst, gates.max_frozen) and _moves(
            showing.source, start - showing.lag, end - showing.lag
        ):
            worst, where = end - start, start
    text = f"it stands still for {worst:.2f} s from {where:.2f} s on, where its source moves" if worst else "it moves"
    return Check("frozen", worst <= gates.max_frozen, round(worst, 3), gates.max_frozen, text)


def _moves(film: Film, start: float, end: float) -> bool:
    inside = range(film.shown_at(start + film.step), film.shown_at(end - film.step) + 1)
    return any(distance(film.luma(inside[0]), film.luma(i)) > 4 * STILL for i in inside)


def _repeated(showing: Showing) -> Check:
    """See a picture stand for the next one again and again, beyond what the rates ask for."""
    output, source = showing.output, showing.source
    told = extra = 0
    for i in range(1, len(output)):
        before, now = (source.shown_at(output.times[k] - showing.lag + source.step / 2) for k in (i - 1, i))
        if before == now:
            extra -= output.motion[i] >= STILL / 4
        elif distance(source.luma(before), source.luma(now)) > 2 * STILL:
            told += 1
            extra += output.motion[i] < STILL / 4
    most = max(3.0, 0.1 * told)
    text = f"{max(0, extra)} of {told} pictures only repeat the one before, where its source moves"
    return Check("repeated", extra <= most, max(0, extra), round(most, 1), text)


def _order(showing: Showing) -> Check:
    back, told = backwards(showing.output, showing.source, showing.lag)
    most = max(1.0, 0.03 * told)
    return Check("order", back <= most, back, round(most, 1), f"{back} of {told} pictures come after a later one")


def _fields(showing: Showing) -> Check:
    output, source = showing.output, showing.source
    top, bottom, _ = output.combed
    told, ok = "its pictures are whole" if not output.is_combed else "its fields are as it says", True
    # Fine patterns look combed, too: only a source of fields leaves any behind.
    if output.is_combed and source.is_interlaced:
        if not output.is_interlaced:
            told, ok = "its pictures are two fields each, and it says that they are whole", False
        elif output.fields == ("bb" if top > bottom else "tt"):
            # What "tb" and "bt" mean, programs do not agree on.
            told, ok = f"its fields are in the wrong order: {'bottom' if bottom > top else 'top'} comes first", False
    return Check("fields", ok, output.fields, source.fields, told)


def _alike(showing: Showing, gates: Gates) -> Iterator[Check]:
    output, source = coarsened(showing.output, showing.source)
    found = pairs(output, source, showing.lag)
    may = gates.picture_tolerance
    worst = max(found, key=lambda pair: pair.peak)
    bad = [pair for pair in found if pair.peak > may or pair.mean > may / _MEAN_PART]
    text = f"{len(bad)} of its {len(found)} pictures are not its source's, the worst at {_time(showing, worst):.2f} s"
    yield Check("picture", not bad, worst.peak, may, text if bad else "its pictures are its source's")
    some = [found[i] for i in spread(len(found), 200)]
    off = max(steadily(output, source, some), key=abs)
    text = f"some part of its picture is off by {off:.1f} levels all the time"
    yield Check(
        "picture_steady", abs(off) <= may / _STEADY_PART, round(abs(off), 1), round(may / _STEADY_PART, 1), text
    )


def _time(showing: Showing, pair: Pair) -> float:
    return showing.output.times[pair.one]


def _likeness(showing: Showing) -> Check:
    """Compare what is where, whatever light and colours were made of it."""
    found = pairs(showing.output, showing.source, showing.lag, most=200)
    lumas = [(showing.output.luma(p.one), showing.source.luma(p.other)) for p in found]
    likes = [correlation(a, b) for a, b in lumas if max(b) - min(b) > 24]
    middle = median(likes) if likes else 1.0
    text = f"its pictures are like its source's by {middle:.2f} (1 is the same)"
    return Check("likeness", middle >= _LEAST_LIKENESS, round(middle, 3), _LEAST_LIKENESS, text)
