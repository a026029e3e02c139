"""The messages that S3 sends, field by field.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from sandbox.notify.changes import Change

OWNER = "A1SANDBOX"
EMPTY_ETAG = "d41d8cd98f00b204e9800998ecf8427e"


def message_of(change: Change, *, region: str) -> dict[str, Any]:
    """Return the message for one change."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region,
        "eventTime": _time(change.moment),
        "eventName": change.event,
        "userIdentity": {"principalId": f"AWS:{OWNER}"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": _request_id(), "x-amz-id-2": secrets.token_urlsafe(56)},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "reelworks",
            "bucket": {
                "name": change.bucket,
                "ownerIdentity": {"principalId": OWNER},
                "arn": f"arn:aws:s3:::{change.bucket}",
            },
            "object": _object(change),
        },
    }
    return {"Records": [record]}


def test_event(bucket: str, moment: int) -> dict[str, str]:
    """Return what S3 sends once to a queue that begins to get a bucket's events."""
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": _time(moment),
        "Bucket": bucket,
        "RequestId": _request_id(),
        "HostId": secrets.token_urlsafe(56),
    }


def encoded(key: str) -> str:
    """Return a key as events spell it: as in a form, except for the slashes. `unquote_plus` undoes it."""
    return quote_plus(key, safe="/*").replace("~", "%7E")


def _object(change: Change) -> dict[str, Any]:
    found: dict[str, Any] = {"key": encoded(change.key)}
    if change.created:
        found |= {"size": change.size, "eTag": change.etag}
    elif change.event.endswith("DeleteMarkerCreated"):
        found["eTag"] = EMPTY_ETAG
    if change.version is not None:
        found["versionId"] = change.version
    # Of one length, so that the later of two events of a key is the greater string.
    return found | {"sequencer": f"{change.moment:018X}"}


def _time(moment: int) -> str:
    return datetime.fromtimestamp(moment // 10**9, UTC).strftime(f"%Y-%m-%dT%H:%M:%S.{moment // 10**6 % 1000:03}Z")


def _request_id() -> str:
    return secrets.token_hex(8).upper()
