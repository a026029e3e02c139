from __future__ import annotations

import json
import os
import random
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reelworks.core.errors import BadInputError, BusyError
from reelworks.inbox.drain import TRIES, Drain
from reelworks.inbox.place import Inbox
from reelworks.inbox.sqs import Queue
from tests.inbox.airflow_edge import Airflow, Killed
from tests.inbox.notifications import created, record, test_event, through_sns

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def put(client: S3Client, inbox: Inbox, *keys: str) -> None:
    for key in keys:
        client.put_object(Bucket=inbox.bucket, Key=key, Body=key.encode())


def send(queue: Queue, *bodies: str) -> None:
    for body in bodies:
        queue.client.send_message(QueueUrl=queue.url, MessageBody=body)


def sources(inbox: Inbox, *keys: str) -> list[str]:
    return sorted(f"{inbox.url}/{key}" for key in keys)


def hidden(queue: Queue) -> int:
    name = "ApproximateNumberOfMessagesNotVisible"
    attributes = queue.client.get_queue_attributes(QueueUrl=queue.url, AttributeNames=[name])["Attributes"]
    return int(attributes[name])


def show_all(queue: Queue) -> None:
    """Let every message that is hidden be received again, as time would."""
    for receipt in RECEIPTS:
        with suppress(queue.client.exceptions.MessageNotInflight):  # it is deleted by now
            queue.client.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=receipt, VisibilityTimeout=0)
    RECEIPTS.clear()


RECEIPTS: list[str] = []


@pytest.fixture(autouse=True)
def _receipts(queue: Queue) -> None:
    RECEIPTS.clear()

    def note(parsed: dict[str, object], **_: object) -> None:
        RECEIPTS.extend(row["ReceiptHandle"] for row in parsed.get("Messages", []))  # type: ignore[attr-defined]

    queue.client.meta.events.register("after-call.sqs.ReceiveMessage", note)


@pytest.fixture
def drain(client: S3Client, inbox: Inbox, queue: Queue) -> Drain:
    return Drain(queue, client, inbox, most=1000)


def test_each_video_told_of_gets_its_run_and_the_queue_is_empty(drain: Drain, airflow: Airflow) -> None:
    keys = ["Upper.MP4", "a b.mp4", "ü+日本 %20.mov"]
    put(drain.client, drain.inbox, *keys)
    send(drain.queue, *(created(drain.inbox.bucket, key) for key in keys))

    result = drain.run()

    assert result["started"] == 3
    assert airflow.sources == sources(drain.inbox, *keys)
    assert (drain.queue.waiting(), hidden(drain.queue)) == (0, 0)


def test_a_storm_of_duplicates_in_disorder_is_one_run_each(drain: Drain, airflow: Airflow) -> None:
    keys = [f"{at}.mp4" for at in range(40)]
    put(drain.client, drain.inbox, *keys)
    told = keys + keys[:8]
    random.Random(5).shuffle(told)
    send(drain.queue, *(created(drain.inbox.bucket, key) for key in told))

    result = drain.run()

    assert airflow.sources == sources(drain.inbox, *keys)
    assert (result["started"], result["exists"]) == (40, 8)
    assert (drain.queue.waiting(), hidden(drain.queue)) == (0, 0)


def test_an_old_event_after_a_change_means_the_present_content(drain: Drain, airflow: Airflow) -> None:
    put(drain.client, drain.inbox, "a.mp4")
    old = json.dumps({"Records": [record(drain.inbox.bucket, "a.mp4", eTag="0" * 32, versionId="old")]})
    send(drain.queue, old)

    drain.run()

    now = drain.client.head_object(Bucket=drain.inbox.bucket, Key="a.mp4")["ETag"].strip('"')
    assert [conf["version"] for conf in airflow.runs.values()] == [now]


def test_a_message_whose_time_is_over_before_it_is_put_off_stops_nothing(drain: Drain, airflow: Airflow) -> None:
    put(drain.client, drain.inbox, "young.mp4")
    send(drain.queue, created(drain.inbox.bucket, "young.mp4"))
    late, once = replace(drain, inbox=replace(drain.inbox, settle=60.0)), [drain.queue]

    drain.client.meta.events.register("after-call.s3.HeadObject", lambda **_: once and show_all(once.pop()))

    assert late.run()["settling"] == 2
    assert (drain.queue.waiting(), hidden(drain.queue)) == (0, 1)


def test_what_is_gone_or_not_ours_goes_without_a_run(drain: Drain, airflow: Airflow) -> None:
    put(drain.client, drain.inbox, "text.txt")
    bucket = drain.inbox.bucket
    bodies = [
        test_event(bucket),
        created(bucket, "deleted.mp4"),
        created(bucket, "text.txt"),
        created("other", "a.mp4"),
    ]
    send(drain.queue, *bodies, created(bucket, "deleted.mp4", name="ObjectRemoved:Delete"))

    drain.run()

    assert not airflow.runs
    assert (drain.queue.waiting(), hidden(drain.queue)) == (0, 0)


def test_garbage_is_set_aside_in_the_outbox_and_stops_nothing(drain: Drain, airflow: Airflow) -> None:
    put(drain.client, drain.inbox, "a.mp4", "b.mp4")
    mixed = json.dumps({"Records": [record(drain.inbox.bucket, "a.mp4"), {"foreign": 1}]})
    send(drain.queue, "hello", mixed, created(drain.inbox.bucket, "b.mp4"))

    result = drain.run()

    assert airflow.sources == sources(drain.inbox, "a.mp4", "b.mp4")
    assert result["set aside"] == 2
    assert (drain.queue.waiting(), hidden(drain.queue)) == (0, 0)
    where = drain.inbox.record("set_aside")
    rows = drain.client.list_objects_v2(Bucket=where.bucket, Prefix=where.key)["Contents"]
    bodies = {drain.client.get_object(Bucket=where.bucket, Key=row["Key"])["Body"].read() for row in rows}
    assert bodies == {b"hello", mixed.encode()}


def test_a_growing_object_s_message_waits_in_the_queue(drain: Drain, airflow: Airflow) -> None:
    put(drain.client, drain.inbox, "a.mp4")
    send(drain.queue, created(drain.inbox.bucket, "a.mp4"))
    settled = drain.inbox
    drain.inbox = replace(settled, settle=3600)

    drain.run()

    assert not airflow.runs
    assert (drain.queue.waiting(), hidden(drain.queue)) == (0, 1)
    show_all(drain.queue)
    drain.inbox = settled
    drain.run()
    assert len(airflow.runs) == 1
    assert hidden(drain.queue) == 0


@pytest.mark.parametrize("starts", range(3))
def test_a_killed_drain_loses_and_doubles_nothing(drain: Drain, airflow: Airflow, starts: int) -> None:
    keys = ["a.mp4", "b.mp4", "c.mp4"]
    put(drain.client, drain.inbox, *keys)
    send(drain.queue, created(drain.inbox.bucket, *keys[:2]), created(drain.inbox.bucket, keys[2]))
    airflow.dies_after = starts
    with pytest.raises(Killed):
        drain.run()
    assert len(airflow.runs) == starts
    airflow.dies_after = None
    show_all(drain.queue)

    drain.run()

    assert airflow.sources == sources(drain.inbox, *keys)
    assert (drain.queue.waiting(), hidden(drain.queue)) == (0, 0)


def test_an_airflow_that_starts_nothing_keeps_the_messages(drain: Drain, airflow: Airflow) -> None:
    put(drain.client, drain.inbox, "a.mp4")
    send(drain.queue, created(drain.inbox.bucket, "a.mp4"))
    airflow.refuses = 404
    with pytest.raises(Exception, match="404"):
        drain.run()

    assert hidden(drain.queue) == 1


def test_an_airflow_that_is_busy_for_a_moment_is_asked_again(drain: Drain, airflow: Airflow) -> None:
    keys = [f"{at}.mp4" for at in range(5)]
    put(drain.client, drain.inbox, *keys)
    send(drain.queue, *(created(drain.inbox.bucket, key) for key in keys))
    airflow.busy = 2

    result = drain.run()

    assert result["started"] + result["exists"] == 5
    assert airflow.sources == sources(drain.inbox, *keys)
    assert hidden(drain.queue) == 0


def test_an_airflow_that_stays_busy_is_left_alone_for_a_while(drain: Drain, airflow: Airflow) -> None:
    keys = [f"{at}.mp4" for at in range(5)]
    put(drain.client, drain.inbox, *keys)
    send(drain.queue, *(created(drain.inbox.bucket, key) for key in keys))
    airflow.busy = 2 * 3  # two videos with all their tries

    result = drain.run()
    assert (result["busy"], result["started"]) == (2, 3)
    assert hidden(drain.queue) == 2
    show_all(drain.queue)
    airflow.busy = 100
    assert drain.run()["busy"] == 4
    show_all(drain.queue)
    with pytest.raises(BusyError, match="500"):
        drain.run()
    show_all(drain.queue)
    airflow.busy = 0
    drain.run()

    assert airflow.sources == sources(drain.inbox, *keys)
    assert (drain.queue.waiting(), hidden(drain.queue)) == (0, 0)


def test_a_full_airflow_leaves_the_rest_in_the_queue(drain: Drain, airflow: Airflow) -> None:
    keys = [f"{at}.mp4" for at in range(25)]
    put(drain.client, drain.inbox, *keys)
    send(drain.queue, *(created(drain.inbox.bucket, key) for key in keys))
    drain.most = 5

    drain.run()
    begun = len(airflow.runs)
    assert 5 <= begun < 5 + 10  # what was received with the fifth is seen through
    assert drain.queue.waiting() == 25 - begun

    airflow.over = begun
    drain.most = 1000
    drain.run()
    assert airflow.sources == sources(drain.inbox, *keys)


def test_a_message_that_can_never_be_dealt_with_is_set_aside_in_the_end(drain: Drain, airflow: Airflow) -> None:
    put(drain.client, drain.inbox, "a.mp4")
    send(drain.queue, through_sns(created(drain.inbox.bucket, "a.mp4")))
    airflow.refuses = 422
    for _ in range(TRIES - 1):
        drain.run()
        assert hidden(drain.queue) == 1
        show_all(drain.queue)

    assert drain.run()["set aside"] == 1
    assert hidden(drain.queue) == 0


def test_a_queue_that_is_not_there_is_named(drain: Drain) -> None:
    missing = replace(drain.queue, url=drain.queue.url + "x")

    with pytest.raises(BadInputError, match="there is none; correct REELWORKS_QUEUE"):
        missing.waiting()


@pytest.mark.parametrize("url", ["inbox", "http://", "http://127.0.0.1", "sqs://host/queue", "arn:aws:sqs:x:1:inbox"])
def test_an_address_of_no_queue_is_refused(airflow: Airflow, url: str) -> None:
    with pytest.raises(BadInputError, match="give the URL of an SQS queue"):
        Queue.opened(url, "aws_default")


def test_without_the_default_connection_the_machine_s_own_credentials_are_taken(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = json.loads(os.environ["AIRFLOW_CONN_AWS_DEFAULT"])
    monkeypatch.delenv("AIRFLOW_CONN_AWS_DEFAULT")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access["login"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", access["password"])

    assert Queue.opened(queue.url, "aws_default").waiting() == 0
    with pytest.raises(BadInputError, match="there is no connection 'aws_theirs'"):
        Queue.opened(queue.url, "aws_theirs")


def test_neither_a_connection_nor_credentials_of_the_machine_is_said(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_AWS_DEFAULT")
    for name in ("SHARED_CREDENTIALS_FILE", "CONFIG_FILE"):
        monkeypatch.setenv(f"AWS_{name}", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(BadInputError, match=r"no AWS credentials, neither in the connection .* nor on this machine"):
        Queue.opened(queue.url, "aws_default").waiting()
