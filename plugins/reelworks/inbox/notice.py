"""What all three ways of noticing end in: see whether the video has been dealt with, else start its run."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from reelworks.core.errors import BadInputError, BusyError, RefusedError, UnreachableError
from reelworks.core.redact import redact
from reelworks.inbox.place import Inbox
from reelworks.inbox.runs import begun, start
from reelworks.inbox.video import Video
from reelworks.media import s3
from reelworks.media.manifest import NAME as MANIFEST
from reelworks.media.url import S3Url
from reelworks.process.place import outputs_place, quarantine_place

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

Outcome = Literal["started", "exists", "done", "refused", "busy"]

log = logging.getLogger(__name__)

IN_A_ROW = 3
"""Videos that Airflow or S3 had no time for, after which nothing goes on for now."""


def notice(client: S3Client, inbox: Inbox, video: Video) -> Outcome:
    """Start the video's run, unless it has one or has been processed; as often as one likes.

    Airflow forgets runs when its database is cleaned; the manifest, which lies beside the outputs, does not. A content
    that comes back after another one has been published gets one run more: what is published is not its own.
    """
    made = _source_of(client, _manifest_place(inbox, video))
    is_made = made.get("url") == redact(video.source)
    if (is_made and made.get("etag") == video.etag) or _quarantined(client, inbox, video):
        return "done"
    outcome = start(video, inbox.recipe, inbox.outbox)
    if outcome == "exists" and is_made and _is_older(inbox.run_id(video), made.get("published")):
        return start(video, inbox.recipe, inbox.outbox, again=made["published"])
    return outcome


def start_all(client: S3Client, inbox: Inbox, videos: Iterable[Video], room: int) -> Iterator[tuple[Video, Outcome]]:
    """Notice one after the other, until ``room`` runs have been started; give each with what came of it.

    What has been given needs no other look, unless it is "busy". Stopping or dying in between is fine: the rest is
    noticed next time.

    :raises BusyError, UnreachableError: Airflow or S3 had no time for several in a row.
    """
    busy = 0
    for video in videos:
        if room <= 0:
            return
        outcome: Outcome
        try:
            outcome = notice(client, inbox, video)
        except RefusedError as error:
            # It would be refused each time, and all that come after it would wait behind it for ever.
            log.error("%s", error)
            outcome = "refused"
        except (BusyError, UnreachableError) as error:
            busy += 1
            if busy >= IN_A_ROW:
                raise
            log.warning("%s", error)
            yield video, "busy"
            continue
        busy = 0
        room -= outcome == "started"
        yield video, outcome


def _is_older(run_id: str, published: Any) -> bool:
    """Say whether the run is over, and could begin before the other content was published; both by Airflow's clock."""
    since = begun(run_id)
    try:
        return since is not None and since < datetime.fromisoformat(published)
    except (TypeError, ValueError):
        return False


def _quarantined(client: S3Client, inbox: Inbox, video: Video) -> bool:
    told = _source_of(client, quarantine_place(inbox.outbox, video.source))
    ours = (redact(video.source), video.etag, inbox.recipe)
    return (told.get("url"), told.get("etag"), told.get("recipe")) == ours


def _manifest_place(inbox: Inbox, video: Video) -> S3Url | None:
    try:
        return outputs_place(inbox.outbox, S3Url(video.bucket, video.key), inbox.recipe).joined(MANIFEST)
    except BadInputError:
        return None  # the key leaves no room for a manifest, and its run will say so


def _source_of(client: S3Client, url: S3Url | None) -> dict[str, Any]:
    """Return what a record says of its source, its recipe, and when it was; nothing where none can be read."""
    found = s3.read(client, url) if url else None
    if found is None:
        return {}
    try:
        record = json.loads(found[0])
        published = record.get("timings", {}).get("published")
        return {**record["source"], "recipe": record.get("recipe"), "published": published}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
