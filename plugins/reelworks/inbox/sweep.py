"""One sweep through the inbox: list it, and start what has no run yet. The safety net for all that goes unnoticed."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from reelworks.inbox.listing import listed
from reelworks.inbox.notice import start_all
from reelworks.inbox.place import Inbox
from reelworks.inbox.runs import in_flight
from reelworks.inbox.seen import Seen
from reelworks.inbox.video import Video
from reelworks.settings import count

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)

SEEN = "seen"
NOTED_EVERY = 500  # videos; what a killed sweep has to look up again


def sweep_inbox() -> dict[str, int]:
    """Sweep once, as the settings say, inside a task; give what was listed, started and left."""
    from reelworks.media.s3 import s3_client

    inbox = Inbox.from_settings()
    return sweep(
        s3_client(inbox.aws_conn_id),
        inbox,
        limit=count("REELWORKS_SWEEP_LIMIT"),
        most=count("REELWORKS_IN_FLIGHT"),
    )


def sweep(client: S3Client, inbox: Inbox, *, limit: int, most: int) -> dict[str, int]:
    """Start at most ``limit`` runs, and none that would make more than ``most`` in flight; oldest videos first.

    Costs a request for every 1,000 objects, three for the watermark, one for the runs in flight, and three for each
    video that no sweep has seen yet; none for the others.
    """
    seen = Seen.load(client, inbox.record(SEEN))
    tally: Counter[str] = Counter(listed=0, started=0, exists=0, done=0, settling=0)
    present, new = _unseen(client, inbox, seen, tally)
    room = min(limit, most - in_flight()) if new else 0
    looked = 0
    for video, outcome in start_all(client, inbox, new, room):
        log.info("%s: %s", video.source, outcome)
        tally[outcome] += 1
        if outcome == "busy":
            continue
        seen.marks.add(inbox.mark(video))
        looked += 1
        if looked % NOTED_EVERY == 0:
            seen.save(client, present)
    if looked or not seen.marks <= present:
        seen.save(client, present)
    tally["left"] = len(new) - looked
    log.info("%s: %s", inbox.url, ", ".join(f"{number} {what}" for what, number in tally.items()))
    return dict(tally)


def ready(client: S3Client, inbox: Inbox, *, most: int) -> bool:
    """Say whether a sweep would start something now: there is a video that none has seen, and room for its run."""
    seen = Seen.load(client, inbox.record(SEEN))
    settled = (video for video, wait in listed(client, inbox) if not wait)
    return any(inbox.mark(video) not in seen.marks for video in settled) and in_flight() < most


def _unseen(client: S3Client, inbox: Inbox, seen: Seen, tally: Counter[str]) -> tuple[set[bytes], list[Video]]:
    """Give the marks of all videos that are there, and those that wait for a run, oldest first."""
    present, new = set(), []
    for video, wait in listed(client, inbox):
        tally["listed"] += 1
        mark = inbox.mark(video)
        present.add(mark)
        if mark in seen.marks:
            continue
        if wait:
            tally["settling"] += 1
        else:
            new.append(video)
    return present, sorted(new, key=lambda video: (video.modified, video.key))
