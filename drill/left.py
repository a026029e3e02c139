"""What is left in the end, at the services and of what was staged."""

from __future__ import annotations

from collections.abc import Iterator

from drill.evidence import OUTBOX, Evidence
from drill.expected import Expected

OWN_FOLDER, STAGING = "_reelworks/", "_staging/"


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
    lain in it has lain at the video's public place, too. What was paid for and not published stays, for somebody may
    look at it: a folder for each job, one for the run, and one by which runs take turns.
    """
    places = {video.place for video in videos if video.fate == "published"}
    made = [change for change in evidence.history if change.bucket == OUTBOX and change.created]
    public = {change.etag for change in made if f"{change.key.rpartition('/')[0]}/" in places}
    theirs = {_folder(change.key) for change in made if change.key.startswith(STAGING) and change.etag in public}
    left = [key for key in evidence.listing.get(OUTBOX, {}) if key.startswith(STAGING)]
    yield from (key for key in left if _folder(key) in theirs)
    others = [key for key in left if _folder(key) not in theirs]
    unpublished = [video for video in videos if video.fate in ("refused", "given up")]
    if len({*map(_folder, others)}) > sum(2 + sum(video.paid.values()) for video in unpublished):
        yield from others


def left_of_orphans(evidence: Evidence) -> dict[str, int]:
    """Count what is left of orphans at each service."""
    sources = evidence.listing.get(evidence.inbound, {})
    videos = [video for video in evidence.ledgers.get("pixop", {}).get("videos", ()) if not video["deleted"]]
    return {
        "openencoder": len({key.split("/")[1] for key in sources if key.startswith("_reelworks/encode-video-")}),
        "pixop": sum(str(each["name"]).startswith("enhance-video-") and not each["parentId"] for each in videos),
    }


def _folder(key: str) -> str:
    return key.removeprefix(STAGING).partition("/")[0]
