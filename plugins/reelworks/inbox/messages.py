"""What S3 notifications say, however they came: straight, through SNS, or through EventBridge."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus


@dataclass
class Told:
    """The places that a message names, as (bucket, key), and what in it is none of ours to understand."""

    places: list[tuple[str, str]] = field(default_factory=list)
    fault: str = ""


def told(body: str) -> Told:
    """Read one message. Test events and deletions name no place and are no fault."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):  # what is nested a thousand deep is meant to hurt
        return Told(fault="it is no JSON")
    if not isinstance(message, dict):
        return Told(fault="it is no JSON object")
    if message.get("Type") == "Notification" and isinstance(message.get("Message"), str):
        # One level only: SNS wraps once, and a message made to be unwrapped for ever is no notification.
        try:
            inner = json.loads(message["Message"])
        except (ValueError, RecursionError):
            return Told(fault="SNS brought no JSON")
        message = inner if isinstance(inner, dict) else {}
    return _of_message(message)


def _of_message(message: dict[str, Any]) -> Told:
    if message.get("Event") == "s3:TestEvent":
        return Told()
    if message.get("source") == "aws.s3" and isinstance(message.get("detail"), dict):
        return _of_event_bridge(message)
    records = message.get("Records")
    if not isinstance(records, list):
        return Told(fault="it has no Records")
    result = Told()
    for record in records:
        try:
            result.places += _of_record(record)
        except (KeyError, TypeError, AttributeError, UnicodeEncodeError) as error:
            result.fault = f"a record is none of S3's ({type(error).__name__}: {error})"
    return result


def _of_record(record: Any) -> list[tuple[str, str]]:
    bucket, key = _names(record["s3"])
    # Servers other than Amazon's write "s3:ObjectCreated:Put". A multipart upload's end is a creation of its own kind.
    if not str(record["eventName"]).removeprefix("s3:").startswith("ObjectCreated:"):
        return []
    return [(bucket, unquote_plus(key))]


def _of_event_bridge(message: dict[str, Any]) -> Told:
    """EventBridge, unlike the others, does not encode the key."""
    if message.get("detail-type") != "Object Created":
        return Told()
    try:
        return Told([_names(message["detail"])])
    except (KeyError, TypeError, UnicodeEncodeError):
        return Told(fault="EventBridge names no object")


def _names(named: Any) -> tuple[str, str]:
    """Return the bucket and the key; JSON can hold half a character, which no S3 does."""
    bucket, key = named["bucket"]["name"], named["object"]["key"]
    if not (isinstance(bucket, str) and isinstance(key, str)):
        raise TypeError("bucket and key are no text")
    f"{bucket}{key}".encode()
    return bucket, key
