from __future__ import annotations

import json

import pytest

from reelworks.inbox.messages import Told, told
from tests.inbox.notifications import created, record, test_event, through_event_bridge, through_sns

KEY = "a b/ü+100%&=日本.mp4"


@pytest.mark.parametrize(
    "body",
    [
        created("in", KEY),
        created("in", KEY, name="ObjectCreated:CompleteMultipartUpload"),
        created("in", KEY, name="s3:ObjectCreated:Copy"),
        through_sns(created("in", KEY)),
        through_event_bridge("in", KEY),
    ],
)
def test_a_creation_names_the_plain_key(body: str) -> None:
    assert told(body) == Told([("in", KEY)])


def test_a_message_may_name_several() -> None:
    assert told(created("in", "a.mp4", "b.mp4")).places == [("in", "a.mp4"), ("in", "b.mp4")]


@pytest.mark.parametrize(
    "body",
    [
        test_event("in"),
        through_sns(test_event("in")),
        created("in", KEY, name="ObjectRemoved:Delete"),
        created("in", KEY, name="s3:ObjectRemoved:DeleteMarkerCreated"),
        created("in", KEY, name="ObjectTagging:Put"),
        through_event_bridge("in", KEY, "Object Deleted"),
        json.dumps({"Records": []}),
    ],
)
def test_what_creates_nothing_names_nothing_and_is_no_fault(body: str) -> None:
    assert told(body) == Told()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "[]",
        "17",
        "null",
        "{}",
        "[" * 3000,
        json.dumps({"Records": {}}),
        json.dumps({"Records": [None]}),
        json.dumps({"Records": [{"eventName": "ObjectCreated:Put"}]}),
        json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": "in", "object": {"key": 1}}}]}),
        json.dumps({"Records": [record("in", "a.mp4") | {"s3": {"bucket": {"name": 1}, "object": {"key": "a"}}}]}),
        json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": {"bucket": {}}}),
        json.dumps(
            {"Records": [record("in", "a.mp4") | {"s3": {"bucket": {"name": "in"}, "object": {"key": "\ud800"}}}]}
        ),
        through_event_bridge("in", "\udfff.mp4"),
        through_event_bridge("\ud800", "a.mp4"),
        through_sns("hello"),
        through_sns("[]"),
        through_sns(through_sns(created("in", "a.mp4"))),
    ],
)
def test_garbage_is_a_fault_and_no_crash(body: str) -> None:
    result = told(body)

    assert result.fault
    assert not result.places


def test_a_foreign_record_hides_none_of_ours() -> None:
    body = json.dumps({"Records": [record("in", "a.mp4"), {"dynamodb": {}}, record("in", "b.mp4")]})

    result = told(body)

    assert result.places == [("in", "a.mp4"), ("in", "b.mp4")]
    assert result.fault
