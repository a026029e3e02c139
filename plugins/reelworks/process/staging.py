"""When staged outputs go: with the publication, or a week later.

They have been paid for. So they outlive a run that failed: a task of it that is cleared goes on with them, and what did
not pass can be looked at. Each publication removes what has lain there for longer than any run takes.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reelworks.core.errors import VideoServiceError
from reelworks.media import s3
from reelworks.media.publish import STAGING
from reelworks.media.s3errors import s3_errors

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)

LONGEST = timedelta(days=7)


def sweep(client: S3Client, bucket: str, now: datetime | None = None) -> int:
    """Delete what has lain in a bucket's staging prefix for over a week; return how many objects.

    One request while little lies there. That it fails is no reason to fail a run that has published.
    """
    before = (now or datetime.now(UTC)) - LONGEST
    try:
        return _swept(client, s3.S3Url(bucket, f"{STAGING}/"), before)
    except VideoServiceError as error:
        log.warning("old staged outputs could not be removed: %s", error)
        return 0


def _swept(client: S3Client, staging: s3.S3Url, before: datetime) -> int:
    count = 0
    with s3_errors(client, "sweep", staging):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=staging.bucket, Prefix=staging.key)
        for entry in (entry for page in pages for entry in page.get("Contents", [])):
            if entry["LastModified"] < before:
                client.delete_object(Bucket=staging.bucket, Key=entry["Key"])
                count += 1
    return count
