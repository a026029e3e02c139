"""How one track lies beside another: how late, how alike, and which way round."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul
from statistics import median

from reelworks.verify.track import PER_SECOND, PIECE, RATE, Track, correlation

_WINDOW = 4 * PER_SECOND  # levels that are looked at together
_WIDEST = 150  # levels, to each side: 1.5 s
_STEP = 4 * PER_SECOND
_MOST_WINDOWS = 40
_FINE = RATE // 20  # samples, to each side: 50 ms
_MOST_PIECES = 12
_CORE = 0.6  # part of a piece that is looked for in the other
_SAME, _AS_WELL = 0.85, 0.1  # correlations: of a wave with itself at least, and by which two fits hardly differ
_FLAT = 6  # of an envelope's bytes: what moves by less than 3 dB, as a tone does, has nothing to be told by
_QUIET = 24  # of an envelope's bytes: 12 dB above the floor


@dataclass(frozen=True, slots=True)
class Lag:
    """At ``time`` seconds the sound is ``late`` seconds; that fits better than being in time by ``surer``."""

    time: float
    late: float
    surer: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """Correlations of waves, of both sides as they are and crossed, each the one that is farthest from 0."""

    time: float
    late: float
    middle: float  # of the sum of both sides
    straight: float  # left with left and right with right, the worse one
    crossed: float


@dataclass(frozen=True)
class Listening:
    """A track of the output beside the one of the source that it is; its picture is ``late`` by so many seconds."""

    output: Track
    source: Track
    late: float
    lags: list[Lag]
    likenesses: list[Likeness]


def listen(output: Track, source: Track, late: float) -> Listening:
    """Measure two tracks against each other."""
    return Listening(output, source, late, lags(output, source, late), likenesses(output, source, late))


def lags(output: Track, source: Track, expected: float) -> list[Lag]:
    """Measure at several places, by the levels; where they hardly change, nothing is said."""
    ours, theirs = output.heard, source.heard
    found = []
    last = min(len(ours), len(theirs)) - min(_WINDOW, len(theirs))
    starts = list(range(0, max(1, last + 1), _STEP))
    for start in starts[:: max(1, len(starts) // _MOST_WINDOWS)] + ([last] if last > 0 else []):
        lag = _lag(ours, theirs[start : start + _WINDOW], start, round(expected * PER_SECOND))
        if lag is not None:
            found.append(lag)
    return found


def _lag(ours: bytes, theirs: bytes, start: int, expected: int) -> Lag | None:
    if len(theirs) < PER_SECOND // 2 or correlation(theirs, theirs) == 0.0:
        return None
    fits = {}
    for late in range(expected - _WIDEST, expected + _WIDEST + 1):
        # What lies outside is left out on both sides, but half must be there.
        a, b = max(0, start + late), min(len(ours), start + late + len(theirs))
        part = theirs[a - start - late : b - start - late]
        if len(part) >= max(PER_SECOND // 2, len(theirs) // 2) and max(part) - min(part) >= _FLAT:
            fits[late] = correlation(ours[a:b], part)
    if not fits:
        return None
    best = max(fits, key=lambda late: fits[late])
    in_time = max(fits.get(expected + k, -1.0) for k in (-1, 0, 1))
    if fits[best] < 0.6:
        return None
    return Lag(start / PER_SECOND, best / PER_SECOND, fits[best] - in_time)


def likenesses(output: Track, source: Track, late: float) -> list[Likeness]:
    """Compare the waves of pieces that both have and that are no silence; ``late`` seconds are expected."""
    shared = [s for s in sorted(set(output.pieces) & set(source.pieces)) if _is_heard(source, s)]
    some = shared[:: -(-len(shared) // _MOST_PIECES)] if shared else []
    found = (_likeness(output.pieces[s], source.pieces[s], s, late) for s in some)
    return [like for like in found if like is not None]


def _is_heard(track: Track, second: int) -> bool:
    part = track.heard[second * PER_SECOND : (second + 1) * PER_SECOND]
    return len(part) > PER_SECOND // 2 and median(part) > _QUIET


def _likeness(ours: bytes, theirs: bytes, second: int, late: float) -> Likeness | None:
    out, src = array("h", ours), array("h", theirs)
    length = min(len(out), len(src)) // 2
    if length < PIECE // 2:
        return None
    start, size = int(length * (1 - _CORE) / 2), int(length * _CORE)
    shift = round(late * RATE)
    if start + shift - _FINE < 0 or start + shift + size + _FINE > length:
        return None  # so late that it lies in no piece; the levels have told
    sides = [(array("h", row[k::2])) for row in (out, src) for k in (0, 1)]
    middle_out, middle_src = ([a + b for a, b in zip(sides[k], sides[k + 1], strict=True)] for k in (0, 2))
    core = middle_src[start : start + size]
    best, at = _search(middle_out, core, start + shift)
    here = slice(at, at + size)
    there = slice(start, start + size)
    left, right, left_src, right_src = (
        side[where] for side, where in zip(sides, (here, here, there, there), strict=True)
    )
    straight = min(correlation(left, left_src), correlation(right, right_src))
    crossed = min(correlation(left, right_src), correlation(right, left_src))
    return Likeness(second, (at - start) / RATE, best, straight, crossed)


def _search(wave: Sequence[int], core: Sequence[int], around: int) -> tuple[float, int]:
    """Return the strongest correlation, of either sign, and where; few samples at first, for speed.

    Moved by half its period a tone is itself upside down: where it is the same, and fits nearly as well, it is upright.
    """
    thin = core[::8]
    energy = float(sum(map(mul, thin, thin)) or 1)

    def fit(at: int) -> float:
        part = wave[at : at + len(core) : 8]
        own = float(sum(map(mul, part, part)) or 1)
        return float(sum(map(mul, part, thin))) / math.sqrt(own * energy)

    fits = {at: fit(at) for at in range(around - _FINE, around + _FINE + 1)}
    upright = max(fits, key=lambda at: (fits[at], -abs(at - around)))
    turned = min(fits, key=lambda at: (fits[at], abs(at - around)))
    is_upright = fits[upright] >= -fits[turned] - (_AS_WELL if fits[upright] > _SAME else 0.0)
    best = upright if is_upright else turned
    return correlation(wave[best : best + len(core)], core), best
