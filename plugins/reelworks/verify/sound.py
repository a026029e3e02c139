"""Does an output sound like its source, and when."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from reelworks.verify.gates import Gates
from reelworks.verify.hearing import Lag, Likeness, lags, likenesses
from reelworks.verify.track import FLOOR, PER_SECOND, Track, level
from reelworks.verify.verdict import Check

_SILENT = -60.0  # dB
_SOUNDING = -50.0
_BLOCK = 5  # levels, 50 ms: an encoder smears less
_APART = 14.0  # dB that a block may differ by
_LEAST_ALIKE = 0.5  # correlation of waves
_SURE = 0.08  # correlation by which a lag must fit better than being in time
_ROUGH = 0.2  # seconds that a lag may be to be measured by waves
_CHANNEL_APART = 8.0  # dB
_MOST_CUT = 6.0  # dB
_LEAST_STRANGE = 0.1  # seconds


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


def check_sound(outputs: Sequence[Track], sources: Sequence[Track], late: float, gates: Gates) -> Iterator[Check]:
    """Compare all tracks of an output with those of its source."""
    if not outputs or not sources:
        return
    heard = [_matched(n, output, sources, late) for n, output in enumerate(outputs)]
    if len(sources) > 1:
        yield _languages(heard, sources)
    for n, one in enumerate(heard):
        name = f"sound_{n + 1}" if len(outputs) > 1 else "sound"
        for check in _checks(one, gates):
            yield Check(check.name.replace("sound", name, 1), check.ok, check.found, check.wanted, check.text)


def _matched(n: int, output: Track, sources: Sequence[Track], late: float) -> Listening:
    """Find which track of the source it is, by ear; where two are alike, the one that it says it is."""
    same = [source for source in sources if output.language and source.language == output.language]
    meant = same[0] if same else sources[min(n, len(sources) - 1)]
    heard = [listen(output, source, late) for source in sources]
    return max(heard, key=lambda one: _alikeness(one) + 0.1 * (one.source is meant))


def _alikeness(one: Listening) -> float:
    if one.likenesses:
        return median(abs(like.middle) for like in one.likenesses)
    return 0.5 if one.lags else 0.0


def _languages(heard: list[Listening], sources: Sequence[Track]) -> Check:
    found = ", ".join(one.output.language or "?" for one in heard)
    wanted = ", ".join(source.language or "?" for source in sources)
    first = next((source for source in sources if source.is_default), sources[0])
    places = [next(k for k, source in enumerate(sources) if source is one.source) for one in heard]
    for n, one in enumerate(heard):
        if one.output.language and one.source.language and one.output.language != one.source.language:
            text = f"track {n + 1} says that it is {one.output.language}, and is {one.source.language}"
            return Check("languages", False, found, wanted, text)
    if heard[0].source is not first or places != sorted(places):
        order = ", ".join(str(place + 1) for place in places)
        return Check("languages", False, found, wanted, f"its tracks are the source's in another order: {order}")
    return Check("languages", True, found, wanted, "its tracks are what they say")


def _checks(one: Listening, gates: Gates) -> Iterator[Check]:
    yield _channels(one, gates)
    yield from (check for check in (_alike(one), _sides(one)) if check)
    yield _levels(one)
    yield from (check for check in (_loudness(one, gates), _peaks(one)) if check)
    yield _silence(one, gates)
    yield _steady(one)
    yield from (check for check in (_sync(one, gates),) if check)


def _channels(one: Listening, gates: Gates) -> Check:
    wanted = min(one.source.channels, gates.least_channels)
    text = f"its sound has {one.output.channels} channels, its source's {one.source.channels}"
    return Check("sound_channels", one.output.channels >= wanted, one.output.channels, wanted, text)


def _alike(one: Listening) -> Check | None:
    if not one.likenesses:
        return None
    like = median(max(abs(piece.middle), abs(piece.straight)) for piece in one.likenesses)
    text = f"its sound is like its source's by {like:.2f} (1 is the same)"
    return Check("sound_alike", like >= _LEAST_ALIKE, round(like, 3), _LEAST_ALIKE, text)


def _sides(one: Listening) -> Check | None:
    if not one.likenesses:
        return None
    straight = median(piece.straight for piece in one.likenesses)
    crossed = median(piece.crossed for piece in one.likenesses)
    text = "left is left and right is right"
    if straight < -_LEAST_ALIKE / 2:
        text = "the wave of a side is upside down"
    elif crossed - straight > 0.05 and crossed > _LEAST_ALIKE:
        text = "left and right have changed places"
    return Check("sound_sides", text.startswith("left is"), round(straight, 3), round(crossed, 3), text)


def _levels(one: Listening) -> Check:
    """See that no channel went, and none came; as coded where both have as many, else left and right."""
    ours, theirs = one.output.levels, one.source.levels
    names = [f"channel {n + 1}" for n in range(len(ours))]
    if len(ours) != len(theirs):
        ours, theirs = (tuple(_mean(side) for side in (t.left, t.right)) for t in (one.output, one.source))
        names = ["the left side", "the right side"]
    apart = [(max(a, _SILENT) - max(b, _SILENT), name) for a, b, name in zip(ours, theirs, names, strict=True)]
    off, name = max(apart, key=lambda pair: abs(pair[0]), default=(0.0, "sound"))
    text = f"{name} is {abs(off):.1f} dB {'louder' if off > 0 else 'quieter'} than its source's"
    return Check("sound_levels", abs(off) <= _CHANNEL_APART, round(off, 1), _CHANNEL_APART, text)


def _mean(side: bytes) -> float:
    loud = [10 ** (level(byte) / 10) for byte in side]
    return 10 * math.log10(sum(loud) / len(loud)) if loud else _SILENT


def _loudness(one: Listening, gates: Gates) -> Check | None:
    ours, theirs = one.output.loudness, one.source.loudness
    if theirs is None:
        return None
    shift = (ours if ours is not None else -70.0) - theirs
    may = gates.max_loudness_shift
    if one.output.channels != one.source.channels:
        # Many channels are brought to two by rules of everybody's own; of two, one has half the power.
        may += 5 if one.source.channels > 2 else 3
    text = f"its loudness is {shift:+.1f} LU from its source's {theirs:.1f} LUFS"
    return Check("loudness", abs(shift) <= may, round(shift, 1), may, text)


def _peaks(one: Listening) -> Check | None:
    """See peaks cut off: the loudest moment came down, and the rest did not."""
    if one.output.channels != one.source.channels or one.output.loudness is None or one.source.loudness is None:
        return None
    heights = [(track.peak or 0.0) - (track.loudness or 0.0) for track in (one.output, one.source)]
    lost = heights[1] - heights[0]
    return Check("sound_peaks", lost <= _MOST_CUT, round(lost, 1), _MOST_CUT, f"its peaks are {lost:.1f} dB lower")


def _silence(one: Listening, gates: Gates) -> Check:
    worst, where = _longest(_silent_alone(one), 1)
    text = (
        f"it is silent for {worst:.2f} s from {where:.2f} s on, where its source is not"
        if worst
        else "it is never silent"
    )
    return Check("silence", worst <= gates.max_silent, round(worst, 2), gates.max_silent, text)


def _silent_alone(one: Listening) -> list[bool]:
    ours, theirs = _shifted(one)
    silent, sounding = (2 * (dB - FLOOR) for dB in (_SILENT, _SOUNDING))
    return [a < silent and b > sounding for a, b in zip(ours, theirs, strict=True)]


def _shifted(one: Listening) -> tuple[bytes, bytes]:
    """Return both envelopes by the source's time, equally long: what is missing at the end is silence."""
    ours, late = one.output.heard, round(one.late * PER_SECOND)
    ours = ours[late:] if late > 0 else bytes(-late) + ours
    length = max(len(ours), len(one.source.heard))
    return ours.ljust(length, b"\0"), one.source.heard.ljust(length, b"\0")


def _longest(marks: Sequence[bool], size: int) -> tuple[float, float]:
    """Return the seconds of the longest run of marks, each of ``size`` levels, and when it begins."""
    best = run = where = 0
    for n, mark in enumerate(marks):
        run = run + 1 if mark else 0
        if run > best:
            best, where = run, n + 1 - run
    return best * size / PER_SECOND, where * size / PER_SECOND


def _steady(one: Listening) -> Check:
    """See holes, bursts and other sound in between: a level that the source has nowhere near."""
    worst, where = _longest(_strange(one), _BLOCK)
    text = (
        f"its level is not its source's for {worst:.2f} s from {where:.2f} s on"
        if worst
        else "its levels are its source's"
    )
    return Check("sound_steady", worst < _LEAST_STRANGE, round(worst, 2), _LEAST_STRANGE, text)


def _strange(one: Listening) -> list[bool]:
    low = round(2 * (_SOUNDING - FLOOR))
    ours, theirs = ([max(byte, low) for byte in row] for row in _shifted(one))
    both = [a - b for a, b in zip(ours, theirs, strict=True) if a > low and b > low]
    gain = median(both) if both else 0
    apart, marks = 2 * _APART, []
    for start in range(0, len(ours), _BLOCK):
        inner, outer = slice(start, start + _BLOCK), slice(max(0, start - 2), start + _BLOCK + 2)
        burst = max(ours[inner]) - gain > max(theirs[outer]) + apart
        marks.append(burst or max(ours[outer]) - gain < max(theirs[inner]) - apart)
    return marks


def _sync(one: Listening, gates: Gates) -> Check | None:
    sure = [lag.late - one.late for lag in one.lags if lag.surer >= _SURE]
    alone = len(sure) < 3
    backed = [
        a
        for n, a in enumerate(sure)
        if alone or any(abs(a - b) <= _ROUGH for b in sure[max(0, n - 1) : n] + sure[n + 1 : n + 2])
    ]
    fine = [piece.late - one.late for piece in one.likenesses if abs(piece.middle) > _LEAST_ALIKE]
    if not one.lags and not fine:
        return None
    off = max(backed, key=abs, default=median(fine) if fine else 0.0)
    text = f"its sound is {abs(off):.3f} s {'late' if off > 0 else 'early'} against its picture"
    return Check("sync", abs(off) <= gates.max_av_offset, round(off, 3), gates.max_av_offset, text)
