"""The record of a source that was refused; the source itself stays where it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reelworks.core import metrics
from reelworks.core.errors import BadInputError
from reelworks.core.redact import redact
from reelworks.media import s3
from reelworks.media.s3errors import s3_errors
from reelworks.process.place import quarantine_place

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class QuarantinedError(BadInputError):
    """The source cannot be worked on, and its record says why: ``record`` is its address, ``reason`` what it says."""

    money = "no: nothing was started"
    remedy = "upload a good one under the same key, which starts a run of its own; nothing else is to be done"

    def __init__(self, record: s3.S3Url, reason: str) -> None:
        super().__init__(f"quarantined, see {record}: {reason}")
        self.record = str(record)
        self.reason = reason


def quarantine(
    client: S3Client, *, source: str, destination: str, recipe: str, reason: str, run: dict[str, str]
) -> s3.S3Url:
    """Write down why a source was refused, and return where.

    ``{"schema": 1, "source": {"url", "etag", "version_id", "size"}, "recipe", "reason", "run": {"dag_id", "run_id"},
    "at"}``; of a source that is not there, all but the url is null. ``at`` is ISO-8601 in UTC, size in bytes.
    """
    url = quarantine_place(destination, source)
    record = {
        "schema": 1,
        "source": {"url": redact(source), **_seen(client, source)},
        "recipe": recipe,
        "reason": redact(reason),
        "run": run,
        "at": datetime.now(UTC).isoformat(),
    }
    # Not every key is Unicode that can be written.
    body = json.dumps(record, indent=2, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"
    with s3_errors(client, "write", url):
        client.put_object(Bucket=url.bucket, Key=url.key, Body=body, ContentType="application/json")
    metrics.VIDEOS_QUARANTINED.add()
    return url


def release(client: S3Client, *, source: str, destination: str) -> None:
    """Remove the record of an earlier version: this one is good."""
    s3.delete(client, quarantine_place(destination, source))


def _seen(client: S3Client, source: str) -> dict[str, Any]:
    try:
        found = s3.stat(client, s3.S3Url.parse(source))
    except BadInputError:
        return {"etag": None, "version_id": None, "size": None}
    return {"etag": found.etag, "version_id": found.version_id, "size": found.size}
