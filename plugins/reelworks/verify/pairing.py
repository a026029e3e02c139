"""Which picture of the source is each picture of an output, and how far do the two differ."""

from __future__ import annotations

from dataclasses import dataclass
from operator import sub
from statistics import median

from reelworks.verify.film import LUMA, Film, distance

WIDEST = 1.5  # seconds that pictures are looked for before and after their time
_GOOD_MEAN, _GOOD_PEAK = 1.5, 8  # levels: nothing better is worth looking for
_SAMPLES = 48
_OTHER_STEP = 0.01  # part by which the steps of rates differ that were converted; a lost picture changes none


@dataclass(frozen=True, slots=True)
class Pair:
    """Picture ``one`` of the output and ``other`` of the source; how far they differ, in levels of 255."""

    one: int
    other: int
    mean: float  # of the luma
    peak: int  # of the worst cell, luma or colour


def spread(count: int, most: int) -> list[int]:
    """Return at most ``most`` indexes, evenly spread."""
    return sorted({round(k * (count - 1) / (most - 1)) for k in range(most)}) if count > most else list(range(count))


def lag_of(output: Film, source: Film) -> float:
    """Return by how many seconds the output's pictures are late; 0 where nothing moves that could tell."""
    step = max(min(output.step, source.step), 1 / 30)
    lags = sorted((k * step for k in range(-round(WIDEST / step), round(WIDEST / step) + 1)), key=abs)
    chosen = spread(len(output), _SAMPLES)
    costs = {lag: _cost(output, source, chosen, lag) for lag in lags}
    best = min(lags, key=lambda lag: costs[lag])
    if costs[best] > 0.8 * costs[0.0] or costs[0.0] - costs[best] < 0.3:
        best = 0.0
    return _refined(output, source, chosen, best)


def _cost(output: Film, source: Film, chosen: list[int], lag: float) -> float:
    inside = [i for i in chosen if source.times[0] - 0.02 <= output.times[i] - lag <= source.end + 0.02]
    if len(inside) < max(1, len(chosen) // 3):
        return 255.0
    # The middle of a picture's time, so that rounded timestamps do not decide.
    late = lag - min(output.step, source.step) / 2
    found = (distance(output.luma(i), source.luma(source.shown_at(output.times[i] - late))) for i in inside)
    return sum(found) / len(inside)


def _refined(output: Film, source: Film, chosen: list[int], lag: float) -> float:
    """Measure between the timestamps of pictures that are the same beyond doubt."""
    offsets = []
    for i in chosen:
        near = source.near(output.times[i] - lag, 2 * max(output.step, source.step))
        ranked = sorted((distance(output.luma(i), source.luma(j)), j) for j in near)
        if len(ranked) > 1 and ranked[1][0] > 1.5 * ranked[0][0] + 0.2:
            offsets.append(output.times[i] - source.times[ranked[0][1]])
    return median(offsets) if len(offsets) >= 3 else lag


def pairs(output: Film, source: Film, lag: float, most: int | None = None) -> list[Pair]:
    """Return each picture of the output, or ``most`` of them, with the one of the source that it shows.

    Looked for is one picture to each side: rates that differ round either way.
    """
    width = 1.01 * max(output.step, source.step)
    chosen = spread(len(output), most) if most else range(len(output))
    return [_pair(output, source, i, output.times[i] - lag, width) for i in chosen]


def _pair(output: Film, source: Film, one: int, time: float, width: float) -> Pair:
    first = source.shown_at(time + min(output.step, source.step) / 2)
    best = _differ(output, source, one, first)
    if best.mean < _GOOD_MEAN and best.peak < _GOOD_PEAK:
        return best
    others = (_differ(output, source, one, j) for j in source.near(time, width) if j != first)
    best = min((best, *others), key=lambda pair: pair.mean + pair.peak / 8)
    is_mixed = source.is_of_fields or abs(output.step / source.step - 1) > _OTHER_STEP
    return _between(output, source, best) if is_mixed and best.peak >= _GOOD_PEAK else best


def _between(output: Film, source: Film, pair: Pair) -> Pair:
    """Let a picture lie between its neighbours: a field is half of one, and new rates are made by blending."""
    near = (source.thumb(j) for j in range(max(0, pair.other - 1), min(len(source), pair.other + 2)))
    cells = list(zip(*near, strict=True))
    apart = [max(0, min(some) - a, a - max(some)) for a, some in zip(output.thumb(pair.one), cells, strict=True)]
    # What is narrow and fast may even be where neither neighbour has it.
    change = max(max(some) - min(some) for some in cells)
    return Pair(pair.one, pair.other, sum(apart[:LUMA]) / LUMA, max(0, max(apart) - change // 2))


def _differ(output: Film, source: Film, one: int, other: int) -> Pair:
    a, b = output.thumb(one), source.thumb(other)
    apart = list(map(sub, a, b))
    return Pair(one, other, sum(map(abs, apart[:LUMA])) / LUMA, max(max(apart), -min(apart)))


def same_as(output: Film, source: Film, one: int, lag: float) -> int:
    """Return the picture of the source that is most like one of the output, of those whose time it may be."""
    time = output.times[one] - lag
    step = max(output.step, source.step)
    middle = time + min(output.step, source.step) / 2
    # Where nothing moves, the clock decides.
    return min(
        source.near(time, 1.01 * step),
        key=lambda j: distance(output.luma(one), source.luma(j)) + 0.03 * abs(source.times[j] - middle) / step,
    )


def steadily(output: Film, source: Film, found: list[Pair]) -> list[float]:
    """Return the mean difference of each cell over all pairs, with its sign: what stays there is no coding noise."""
    if not found:
        return []
    total = [0] * len(output.thumb(0))
    for pair in found:
        apart = map(sub, output.thumb(pair.one), source.thumb(pair.other))
        total = [t + a for t, a in zip(total, apart, strict=True)]
    return [t / len(found) for t in total]


def backwards(output: Film, source: Film, lag: float, most: int = 1500) -> tuple[int, int]:
    """Return how often the source goes back from a picture to the next, and how many steps could be told."""
    told = back = 0
    for i in (k for k in spread(len(output) - 1, most) if output.motion[k + 1] > 0.5):
        one, other = (_beyond_doubt(output, source, k, lag) for k in (i, i + 1))
        if one is not None and other is not None:
            told += 1
            back += other < one
    return back, told


def _beyond_doubt(output: Film, source: Film, one: int, lag: float) -> int | None:
    near = source.near(output.times[one] - lag, 2.1 * max(output.step, source.step))
    ranked = sorted((distance(output.luma(one), source.luma(j)), j) for j in near)
    if len(ranked) < 2 or ranked[1][0] > 1.5 * ranked[0][0] + 0.2:
        return ranked[0][1] if ranked else None
    return None
