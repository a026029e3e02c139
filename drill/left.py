"""What is left in the end, at the services and of what was staged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drill.evidence import OUTBOX, Evidence
from drill.expected import Expected

OWN_FOLDER, STAGING = "_reelworks/", "_staging/"
NOTES = f"{STAGING}places/"


def left_at_services(evidence: Evidence) -> Iterator[str]:
    """Name what is at a service: each job, draft, video and machine, and each of our files."""
    for service, ledger in evidence.ledgers.items():
        for what in ("unfinished", "drafts", "alive"):
            yield from (f"{service}: {each} is left ({what})" for each in ledger.get(what, ()))
        yield from (f"{service}: machine {each} is left" for each in ledger.get("machines", {}).get("alive", ()))
    theirs = {bucket: keys for bucket, keys in evidence.listing.items() if bucket != OUTBOX}
    yield from (f"s3://{b}/{key} is left" for b, keys in theirs.items() for key in keys if key.startswith(OWN_FOLDER))


def left_staged(videos: list[Expected], evidence: Evidence) -> Iterator[str]:
    """Give each key that is left below ``_staging/`` and should not be.

    How folders are named there is private, so content tells: a folder is of a published video if something that has
    lain in it has lain at the video's public place, too. What a gate refused stays, for somebody may look at it: of
    each such video the one folder of its run. A note keeps the place of what may yet be published there.
    """
    places = {video.place for video in videos if video.fate == "published"}
    made = [change for change in evidence.history if change.bucket == OUTBOX and change.created]
    public = {change.etag for change in made if f"{change.key.rpartition('/')[0]}/" in places}
    theirs = {_folder(change.key) for change in made if change.key.startswith(STAGING) and change.etag in public}
    left = [key for key in evidence.listing.get(OUTBOX, {}) if key.startswith(STAGING)]
    yield from (key for key in left if _folder(key) in theirs)
    unpublished = [video for video in videos if video.fate in ("refused", "given up")]
    kept = {f"s3://{OUTBOX}/{video.place}".rstrip("/") for video in unpublished}
    notes = {key for key in left if key.startswith(NOTES)}
    yield from (key for key in notes if _place(evidence.documents.get(key)) not in kept)
    others = [key for key in left if key not in notes and _folder(key) not in theirs]
    if len({*map(_folder, others)}) > sum(video.fate == "refused" for video in videos):
        yield from others


def _place(note: Any) -> str:
    """Return the place that a note is of; "" if it is no note."""
    return str(note.get("place", "")) if isinstance(note, dict) else ""


def left_of_orphans(evidence: Evidence) -> dict[str, int]:
    """Count what is left of orphans at each service, by name: a lost answer to a create leaves twins of one name."""
    sources = evidence.listing.get(evidence.inbound, {})
    videos = [video for video in evidence.ledgers.get("pixop", {}).get("videos", ()) if not video["deleted"]]
    names = [str(video["name"]) for video in videos if not video["parentId"]]
    return {
        "openencoder": len({key.split("/")[1] for key in sources if key.startswith("_reelworks/encode-video-")}),
        "pixop": len({name for name in names if name.startswith("enhance-video-")}),
    }


def _folder(key: str) -> str:
    return key.removeprefix(STAGING).partition("/")[0]
