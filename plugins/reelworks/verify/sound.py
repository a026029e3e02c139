"""Does an output sound like its source, and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from reelworks.verify.gates import Gates
from reelworks.verify.hearing import Listening, listen
from reelworks.verify.levels import check_levels
from reelworks.verify.track import Track
from reelworks.verify.verdict import Check

_LEAST_ALIKE = 0.5  # correlation of waves
_SURE = 0.08  # correlation by which a lag must fit better than being in time
_ROUGH = 0.2  # seconds that a lag may be to be measured by waves


def check_sound(outputs: Sequence[Track], sources: Sequence[Track], late: float, gates: Gates) -> Iterator[Check]:
    """Compare all tracks of an output with those of its source."""
    if not outputs or not sources:
        return
    heard = [_matched(n, output, sources, late) for n, output in enumerate(outputs)]
    if len(sources) > 1:
        yield _languages(heard, sources)
    for n, one in enumerate(heard):
        for check in _checks(one, gates):
            yield replace(check, name=f"{check.name}_{n + 1}") if len(heard) > 1 else check


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
    yield from check_levels(one, gates)
    if sync := _sync(one, gates):
        yield sync


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
