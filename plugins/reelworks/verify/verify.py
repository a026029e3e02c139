"""Verify an output against its source, before anybody may see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reelworks.core.errors import BadInputError, BadOutputError, OverdueError
from reelworks.core.presets import Rendition
from reelworks.verify.gates import Gates
from reelworks.verify.picture import Showing, beside, check_picture
from reelworks.verify.promise import check_promise
from reelworks.verify.sound import check_sound
from reelworks.verify.survey import Survey, survey
from reelworks.verify.verdict import Check, Verdict, verdict
from reelworks.verify.vmaf import Pictures, check_vmaf

_VMAF_LIMIT = 3600.0  # seconds, for each stretch that is scored


def verify(
    output: str | Path,
    source: str | Path,
    *,
    promised: Rendition,
    gates: Gates,
    compare: bool = True,
    clip: tuple[float, float] | None = None,
    surveyed: Survey | None = None,
) -> Verdict:
    """Decode all of an output, and compare it with its source; both are files or http(s) links.

    ``compare=False``: the output was enhanced, so that light, colours and detail may differ, and no VMAF is taken.
    ``clip``: the output shows the source from here to there (seconds). ``surveyed``: the source's survey (of the clip,
    if there is one), which serves all its renditions. An output that cannot be read at all is a verdict, too.

    A minute of 720p25 takes two cores some 4 s to survey, 2 s more to compare, and 15 s more if all of it is scored.

    :raises BadInputError: the source cannot be read.
    :raises LostError: a link leads nowhere.
    :raises UnreachableError: the way to one broke.
    """
    theirs = surveyed or survey(source, clip=clip)
    try:
        ours = survey(output)
    except BadInputError as error:
        return verdict([Check("decodes", False, None, None, str(error))])
    return verdict(_checks(ours, theirs, promised, gates, compare, Pictures(output, source, clip[0] if clip else 0.0)))


def _checks(
    ours: Survey, theirs: Survey, promised: Rendition, gates: Gates, compare: bool, files: Pictures
) -> Iterator[Check]:
    yield from check_promise(ours, theirs, promised, gates)
    showing = beside(ours.film, theirs.film)
    yield from check_picture(showing, gates, is_alike=compare, fps=promised.fps)
    if promised.has_audio is not False:
        yield from check_sound(ours.tracks, theirs.tracks, showing.lag, gates)
    if compare:
        yield from _scored(files, showing, gates)


def _scored(files: Pictures, showing: Showing, gates: Gates) -> Iterator[Check]:
    try:
        yield from check_vmaf(files, showing, gates, timeout=_VMAF_LIMIT)
    except (BadOutputError, OverdueError) as error:
        yield Check("vmaf", False, None, gates.vmaf_floor, str(error))
