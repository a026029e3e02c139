"""Listing the inbox: a request for every 1,000 objects, and none for a single one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from reelworks.inbox.place import Inbox
from reelworks.inbox.video import Video
from reelworks.media.s3errors import s3_errors
from reelworks.media.url import S3Url

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def listed(client: S3Client, inbox: Inbox) -> Iterator[tuple[Video, float]]:
    """Give each video of the inbox, and for how many seconds it still has to settle.

    An upload in parts is not listed before it is complete.
    """
    pages = iter(client.get_paginator("list_objects_v2").paginate(Bucket=inbox.bucket, Prefix=inbox.prefix))
    while True:
        with s3_errors(client, "list", S3Url(inbox.bucket, inbox.prefix)):
            page = next(pages, None)
        if page is None:
            return
        now = server_time(page)
        for row in page.get("Contents", []):
            if inbox.takes(inbox.bucket, row["Key"]):
                video = Video(inbox.bucket, row["Key"], row["ETag"].strip('"'), row["Size"], row["LastModified"])
                yield video, inbox.unsettled(video, now)


def server_time(answer: Any) -> datetime:
    """Return S3's clock, whose hand set ``LastModified`` too; ours may be minutes off."""
    told = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    try:
        return parsedate_to_datetime(told)
    except ValueError:
        return datetime.now(UTC)


def look(client: S3Client, inbox: Inbox, bucket: str, key: str) -> tuple[Video, float] | None:
    """Give one video as it is now, and for how many seconds it still has to settle; None if it is gone."""
    from botocore.exceptions import ClientError

    with s3_errors(client, "look at", S3Url(bucket, key)):
        try:
            head = client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return None
    video = Video(bucket, key, head["ETag"].strip('"'), head["ContentLength"], head["LastModified"])
    return video, inbox.unsettled(video, server_time(head))
