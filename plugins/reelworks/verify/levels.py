"""Is an output as loud as its source, and at no moment louder, quieter or silent where its source is not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from reelworks.verify.gates import Gates
from reelworks.verify.hearing import Listening
from reelworks.verify.track import FLOOR, PER_SECOND, level
from reelworks.verify.verdict import Check

_SILENT = -60.0  # dB
_SOUNDING = -50.0
_BLOCK = 5  # levels, 50 ms: an encoder smears less
_APART = 14.0  # dB that a block may differ by
_CHANNEL_APART = 8.0  # dB
_MOST_CUT = 6.0  # dB
_LEAST_STRANGE = 0.1  # seconds


def check_levels(one: Listening, gates: Gates) -> Iterator[Check]:
    """Compare the levels of a track with those of the track that it is."""
    yield _levels(one)
    yield from (check for check in (_loudness(one, gates), _peaks(one)) if check)
    yield _silence(one, gates)
    yield _steady(one)


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
