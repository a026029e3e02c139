"""deploy/iam-policy.json allows what the code calls, and nothing else."""

import ast
import fnmatch
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator

from reelworks.inbox.messages import told
from stack import ROOT

DEPLOY = ROOT / "deploy"
INBOX, QUEUE = "arn:aws:s3:::my-inbox", "arn:aws:sqs:eu-central-1:123456789012:reelworks-inbox"
OURS = ["arn:aws:s3:::my-outbox", "arn:aws:s3:::my-encoder-inbound", "arn:aws:s3:::my-encoder-outbound"]
"""What we write to: results and records, and the buckets of an Open Encoder."""

# By the services' reference, which says of each operation what it asks for. A copy takes the source's tags with it.
READS = {
    "head_object": {"s3:GetObject", "s3:GetObjectVersion"},
    "get_object": {"s3:GetObject", "s3:GetObjectVersion"},
    "copy": {"s3:GetObject", "s3:GetObjectTagging"},
}
WRITES = {
    "put_object": {"s3:PutObject"},
    "create_multipart_upload": {"s3:PutObject"},
    "upload_part": {"s3:PutObject"},
    "complete_multipart_upload": {"s3:PutObject"},
    "copy": {"s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload"},
    "delete_object": {"s3:DeleteObject"},
    "abort_multipart_upload": {"s3:AbortMultipartUpload"},
}
LISTS = {
    "head_bucket": {"s3:ListBucket"},
    "list_objects_v2": {"s3:ListBucket"},
    "head_object": {"s3:ListBucket"},  # without it, what is not there is answered with 403 instead of 404
}
CLEARS = {"list_multipart_uploads": {"s3:ListBucketMultipartUploads"}}
HEARS = {
    "get_queue_attributes": {"sqs:GetQueueAttributes"},
    "receive_message": {"sqs:ReceiveMessage"},
    "change_message_visibility": {"sqs:ChangeMessageVisibility"},
    "delete_message_batch": {"sqs:DeleteMessage"},
}
KNOWN = READS | WRITES | LISTS | CLEARS | HEARS


def operations() -> set[str]:
    """Name what the code calls: methods of boto3's clients, and what it has them sign or page through."""
    clients = [boto3.client(name, region_name="eu-central-1") for name in ("s3", "sqs")]
    methods = {method for client in clients for method in client.meta.method_to_api_mapping} | {"copy"}
    return {
        name
        for folder in ("plugins", "dags")
        for file in (ROOT / folder).rglob("*.py")
        for name in _called(ast.parse(file.read_text()))
        if name in methods
    }


def _called(tree: ast.AST) -> Iterator[str]:
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        # A dictionary can be copied, too, but not with these.
        if call.func.attr != "copy" or "ExtraArgs" in {word.arg for word in call.keywords}:
            yield call.func.attr
        first = call.args[0] if call.args else None
        if call.func.attr in ("get_paginator", "generate_presigned_url") and isinstance(first, ast.Constant):
            yield str(first.value)


def allowed(resource: str) -> set[str]:
    """Return the actions that the policy allows on a resource."""
    found: set[str] = set()
    for statement in policy()["Statement"]:
        assert statement["Effect"] == "Allow"
        if any(fnmatch.fnmatchcase(resource, pattern) for pattern in _list(statement["Resource"])):
            found.update(_list(statement["Action"]))
    return found


def policy(name: str = "iam-policy.json") -> dict[str, Any]:
    return dict(json.loads((DEPLOY / name).read_text()))


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_every_operation_in_the_code_is_known_here_and_the_other_way_round() -> None:
    assert operations() == set(KNOWN)


def test_the_inbox_is_read_and_nothing_else() -> None:
    assert allowed(f"{INBOX}/a/video.mp4") == set().union(*READS.values())
    assert allowed(INBOX) == set().union(*LISTS.values())


@pytest.mark.parametrize("bucket", OURS)
def test_what_we_write_to_allows_what_we_do_there(bucket: str) -> None:
    # No version of what is our own is ever asked for.
    assert allowed(f"{bucket}/a/video.mp4") == set().union(*READS.values(), *WRITES.values()) - {"s3:GetObjectVersion"}
    assert allowed(bucket) == set().union(*LISTS.values(), *CLEARS.values())


def test_the_queue_is_read_and_not_written_to() -> None:
    assert allowed(QUEUE) == set().union(*HEARS.values())


def test_nothing_is_allowed_elsewhere() -> None:
    for resource in ("arn:aws:s3:::other", "arn:aws:s3:::other/key", "arn:aws:s3:::my-inbox-2/key", f"{QUEUE}-2"):
        assert allowed(resource) == set(), resource
    assert "*" not in {action for statement in policy()["Statement"] for action in _list(statement["Action"])}


def test_only_this_inbox_may_send_to_the_queue() -> None:
    [statement] = policy("queue-policy.json")["Statement"]

    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert (statement["Action"], statement["Resource"]) == ("sqs:SendMessage", QUEUE)
    assert statement["Condition"]["ArnEquals"] == {"aws:SourceArn": INBOX}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": QUEUE.split(":")[4]}


def test_the_notifications_are_what_s3_takes_and_what_we_understand() -> None:
    configured = policy("bucket-notification.json")
    shape = boto3.client("s3", region_name="eu-central-1").meta.service_model.operation_model(
        "PutBucketNotificationConfiguration"
    )
    request = {"Bucket": "my-inbox", "NotificationConfiguration": configured}
    assert not ParamValidator().validate(request, shape.input_shape).has_errors()

    [configuration] = configured["QueueConfigurations"]
    assert configuration["QueueArn"] == QUEUE
    [event] = configuration["Events"]
    place = {"bucket": {"name": "my-inbox"}, "object": {"key": "a.mp4"}}
    record = {"eventName": event.removeprefix("s3:").replace("*", "Put"), "s3": place}
    assert told(json.dumps({"Records": [record]})).places == [("my-inbox", "a.mp4")]
