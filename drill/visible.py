"""What could be seen in public, and when: the outbox's whole history, from an outsider's place."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from drill.evidence import MANIFEST, OUTBOX, Evidence
from drill.expected import Expected, Output
from sandbox.notify.changes import Change

PRIVATE = ("_staging/", "_reelworks/", "_quarantine/")
"""Prefixes of the outbox in which nobody looks for outputs."""

PICTURES = ("contact_sheet.jpg", "before_after.jpg")

Verified = Callable[[Expected, Output], bool]


def early_sights(videos: list[Expected], evidence: Evidence, verified: Verified) -> Iterator[tuple[int, str]]:
    """Give each sight that should not have been, with its moment (nanoseconds since 1970).

    ``verified`` says of an output whether what lies there in the end is good. Whatever else has lain at its place,
    however shortly, was seen by readers and verified by nobody.
    """
    places = {video.place: Place(video, evidence, verified) for video in videos}
    for change in evidence.history:
        if change.bucket != OUTBOX or change.key.startswith(PRIVATE):
            continue
        folder, _, name = change.key.rpartition("/")
        if place := places.get(f"{folder}/"):
            yield from ((change.moment, what) for what in place.faults(name, change))
        else:
            yield change.moment, f"{change.key} was to be seen, and is no output"


class Place:
    """One video's public prefix over time."""

    def __init__(self, video: Expected, evidence: Evidence, verified: Verified) -> None:
        outputs = {output.name: output for output in video.outputs}
        there = evidence.listing.get(OUTBOX, {})
        self._final = {name: there.get(video.place + name, "") for name in (*outputs, *PICTURES)}
        self._good = {name: verified(video, output) for name, output in outputs.items()}
        self._video = video
        self._now: dict[str, str] = {}

    def faults(self, name: str, change: Change) -> Iterator[str]:
        """Follow one change, and give what is wrong from then on."""
        if not change.created:
            self._now.pop(name, None)
            if MANIFEST in self._now and name in self._good:
                yield f"{change.key} went, and its manifest stood"
            return
        self._now[name] = change.etag or ""
        if self._video.fate != "published":
            yield f"{change.key} was to be seen, and its video is {self._video.fate}"
        elif name == MANIFEST:
            if lacking := [each for each in self._good if self._now.get(each) != self._final[each]]:
                yield f"{change.key} named {', '.join(lacking)}, not there yet or not as it is now"
        elif name not in self._final:
            yield f"{change.key} was to be seen, and is no output"
        elif change.etag != self._final[name]:
            yield f"{change.key} was to be seen with another content ({change.size} bytes) than was verified"
        elif not self._good.get(name, True):
            yield f"{change.key} was to be seen, and is not as promised"
