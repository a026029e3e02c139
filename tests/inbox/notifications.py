"""Notifications as Amazon's S3 documentation shows them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus


def record(bucket: str, key: str, name: str = "ObjectCreated:Put", **about: Any) -> dict[str, Any]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-11-21T09:00:00.000Z",
        "eventName": name,
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "videos",
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {"key": quote_plus(key, safe="/"), "sequencer": "0055AED6DCD90281E5", **about},
        },
    }


def created(bucket: str, *keys: str, name: str = "ObjectCreated:Put") -> str:
    return json.dumps({"Records": [record(bucket, key, name) for key in keys]})


def test_event(bucket: str) -> str:
    return json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": bucket, "RequestId": "5582815E1AEA"})


def through_sns(body: str) -> str:
    return json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:videos", "Message": body})


def through_event_bridge(bucket: str, key: str, kind: str = "Object Created") -> str:
    detail = {"version": "0", "bucket": {"name": bucket}, "object": {"key": key, "size": 5}, "reason": "PutObject"}
    return json.dumps({"version": "0", "detail-type": kind, "source": "aws.s3", "detail": detail})


test_event.__test__ = False  # type: ignore[attr-defined]
