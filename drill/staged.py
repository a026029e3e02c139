"""What of a video was staged and not removed again, told by its content: how folders are named there is private."""

from __future__ import annotations

from collections.abc import Iterator

from drill.evidence import OUTBOX, Evidence
from drill.expected import Expected

STAGING = "_staging/"


def left_staged(videos: list[Expected], evidence: Evidence) -> Iterator[str]:
    """Give each key that is left there of a video that is published; of any, where all of them are to be.

    A folder is a video's if something that has lain in it has lain at the video's public place, too. What was paid for
    and not published stays: somebody may look at it, or publish it after all.
    """
    places = {video.place for video in videos if video.fate == "published"}
    made = [change for change in evidence.history if change.bucket == OUTBOX and change.created]
    public = {change.etag for change in made if f"{change.key.rpartition('/')[0]}/" in places}
    theirs = {_folder(change.key) for change in made if change.key.startswith(STAGING) and change.etag in public}
    may_stay = any(video.fate in ("refused", "given up") for video in videos)
    for key in evidence.listing.get(OUTBOX, {}):
        if key.startswith(STAGING) and (_folder(key) in theirs or not may_stay):
            yield key


def _folder(key: str) -> str:
    return key.removeprefix(STAGING).partition("/")[0]
