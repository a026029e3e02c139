"""What all three ways of noticing end in: see whether the video has been dealt with, else start its run."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from reelworks.core.errors import RefusedError
from reelworks.inbox.place import Inbox
from reelworks.inbox.runs import start
from reelworks.inbox.video import Video
from reelworks.media.s3errors import s3_errors
from reelworks.media.url import S3Url

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

Outcome = Literal["started", "exists", "done", "refused"]

log = logging.getLogger(__name__)


def notice(client: S3Client, inbox: Inbox, video: Video) -> Outcome:
    """Start the video's run, unless it has one or has been processed; as often as one likes.

    Airflow forgets runs when its database is cleaned; the manifest, which lies beside the outputs, does not.
    """
    return "done" if _processed(client, inbox, video) else start(video, inbox.recipe, inbox.outbox)


def start_all(client: S3Client, inbox: Inbox, videos: Iterable[Video], room: int) -> Iterator[tuple[Video, Outcome]]:
    """Notice one after the other, until ``room`` runs have been started; give each with what came of it.

    What has been given needs no other look. Stopping or dying in between is fine: the rest is noticed next time.
    """
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
        room -= outcome == "started"
        yield video, outcome


def _processed(client: S3Client, inbox: Inbox, video: Video) -> bool:
    """Say whether there is a manifest of this very content; one of an earlier content does not count."""
    from botocore.exceptions import ClientError

    url = S3Url(*inbox.manifest_of(video))
    try:
        with s3_errors(client, "read", url):
            try:
                body = client.get_object(Bucket=url.bucket, Key=url.key)["Body"].read()
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != "NoSuchKey":
                    raise
                return False
    except RefusedError:
        # Where no manifest can lie, as with a key that is too long for it, there is none; the run will say so.
        return False
    try:
        source = json.loads(body)["source"]
        return bool(source["url"] == video.source and source["etag"] == video.etag)
    except (ValueError, KeyError, TypeError):
        return False
