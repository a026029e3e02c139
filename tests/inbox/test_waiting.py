"""The two waits in the triggerer: the sensor's, and the bell's."""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowSkipException, TaskDeferred
from airflow.serialization.serialized_objects import BaseSerialization
from airflow.triggers.base import BaseTrigger, TriggerEvent

from reelworks.inbox import bell, sensor
from reelworks.inbox.bell import QueueBell
from reelworks.inbox.place import Inbox
from reelworks.inbox.sensor import NewVideoSensor, NewVideoTrigger
from reelworks.inbox.sqs import Queue
from reelworks.inbox.sweep import sweep
from tests.connections import connect
from tests.inbox.airflow_edge import Airflow
from tests.inbox.notifications import created

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@pytest.fixture(autouse=True)
def _quickly(airflow: Airflow, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensor, "FIRST_LOOK", 0.0)  # its reason is the executor, which is not here
    told = {"INBOX": inbox.url, "OUTBOX": inbox.outbox, "SETTLE": "0", "WATCH_INTERVAL": "0.1", "BELL_INTERVAL": "1"}
    airflow.variables.update({f"REELWORKS_{name}": value for name, value in told.items()})


WAIT = {"interval": 0.1}


def put(client: S3Client, inbox: Inbox, key: str = "a.MP4") -> None:
    client.put_object(Bucket=inbox.bucket, Key=key, Body=key.encode())


async def first(trigger: BaseTrigger) -> Any:
    return (await asyncio.wait_for(anext(trigger.run()), 30)).payload  # type: ignore[attr-defined]


def deferred(**kwargs: Any) -> NewVideoTrigger:
    """The trigger that the sensor defers to, as the triggerer gets it: out of the database."""
    with pytest.raises(TaskDeferred) as caught:
        NewVideoSensor(task_id="wait", **kwargs).execute({})
    path, told = caught.value.trigger.serialize()
    assert path == f"{NewVideoTrigger.__module__}.{NewVideoTrigger.__qualname__}"
    return NewVideoTrigger(**BaseSerialization.deserialize(BaseSerialization.serialize(told)))


def test_a_video_that_is_there_ends_the_wait_at_once(client: S3Client, inbox: Inbox) -> None:
    put(client, inbox)

    assert NewVideoSensor(task_id="wait").execute({}) is None


def test_a_video_that_lands_later_wakes_the_sensor(client: S3Client, inbox: Inbox) -> None:
    trigger = deferred()

    async def lands() -> Any:
        waiting = asyncio.create_task(first(trigger))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await asyncio.to_thread(put, client, inbox)
        return await waiting

    event = asyncio.run(lands())
    assert event == {"landed": True}
    NewVideoSensor(task_id="wait").resume({}, event)


def test_a_video_that_has_been_swept_wakes_nobody(client: S3Client, inbox: Inbox) -> None:
    put(client, inbox)
    sweep(client, Inbox.from_settings(), limit=5, most=5)

    event = asyncio.run(first(replace_deadline(deferred(), 1.0)))

    assert event == {"landed": False}


def replace_deadline(trigger: NewVideoTrigger, seconds: float) -> NewVideoTrigger:
    return NewVideoTrigger(**{**trigger.serialize()[1], "deadline": time.time() + seconds})


def test_an_s3_that_does_not_answer_is_outlived(
    client: S3Client, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(client, inbox)
    trigger = NewVideoTrigger(**{**WAIT, "inbox": inbox.as_json(), "deadline": time.time() + 30})
    right = os.environ["AIRFLOW_CONN_AWS_DEFAULT"]
    connect(monkeypatch, "aws_default", "aws", "wrong", login="wrong", extra={**json.loads(right)["extra"]})

    async def comes_back() -> Any:
        waiting = asyncio.create_task(first(trigger))
        await asyncio.sleep(1)
        assert not waiting.done()
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", right)
        return await waiting

    assert asyncio.run(comes_back()) == {"landed": True}


def test_an_empty_wait_ends_as_a_sensor_does(inbox: Inbox) -> None:
    with pytest.raises(AirflowSensorTimeout):
        NewVideoSensor(task_id="wait").resume({}, {"landed": False})
    with pytest.raises(AirflowSkipException):
        NewVideoSensor(task_id="wait", soft_fail=True).resume({}, {"landed": False})


@pytest.mark.parametrize("deferrable", [True, False])
def test_what_the_sensor_is_given_counts(client: S3Client, inbox: Inbox, deferrable: bool) -> None:
    put(client, inbox, "folder/a.webm")
    given = {"inbox": f"{inbox.url}/folder", "suffixes": ["WEBM"], "recipe": "archive", "deferrable": deferrable}

    assert NewVideoSensor(task_id="wait", **given).execute({}) is None  # type: ignore[arg-type]
    assert not NewVideoSensor(task_id="wait", **{**given, "suffixes": ["mp4"]}).poke({})  # type: ignore[arg-type]


# The bell


@pytest.fixture
def heard(queue: Queue, airflow: Airflow) -> Any:
    """Listen to a bell for some seconds; gives what it rang."""
    airflow.variables["REELWORKS_QUEUE"] = queue.url

    async def listen(seconds: float, *, at: dict[float, Any] | None = None) -> list[Any]:
        rung: list[Any] = []

        async def ring() -> None:
            async for event in QueueBell().run():
                assert isinstance(event, TriggerEvent)
                rung.append(event.payload)

        task = asyncio.create_task(ring())
        begun = time.monotonic()
        for moment, act in sorted((at or {}).items()):
            await asyncio.sleep(max(0, moment - (time.monotonic() - begun)))
            await asyncio.to_thread(act)
        await asyncio.sleep(max(0, seconds - (time.monotonic() - begun)))
        assert not task.done()
        task.cancel()
        return rung

    return lambda seconds, **kwargs: asyncio.run(listen(seconds, **kwargs))


def send(queue: Queue) -> None:
    queue.client.send_message(QueueUrl=queue.url, MessageBody=created("in", "a.mp4"))


def test_the_bell_is_silent_while_nothing_waits(heard: Any) -> None:
    assert heard(3) == []


def test_the_bell_rings_once_for_what_waits_and_takes_none_of_it(heard: Any, queue: Queue) -> None:
    send(queue)
    send(queue)

    assert heard(4) == [{"waiting": 2}]
    assert queue.waiting() == 2


def test_the_bell_rings_again_while_messages_wait(heard: Any, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell, "AGAIN", 2.0)
    send(queue)

    assert len(heard(6)) >= 2


def test_the_bell_rings_for_new_messages_after_the_old_are_gone(heard: Any, queue: Queue) -> None:
    send(queue)
    steps = {2.0: lambda: queue.delete(queue.receive()), 5.0: lambda: send(queue)}

    assert heard(9, at=steps) == [{"waiting": 1}, {"waiting": 1}]


def test_a_bell_without_a_queue_or_with_a_wrong_one_lives_on(
    heard: Any, airflow: Airflow, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(queue)
    right = airflow.variables["REELWORKS_QUEUE"]
    monkeypatch.setattr(bell, "READ_AGAIN", 0.5)
    for wrong in ("", "nonsense", f"{right}x"):
        airflow.variables["REELWORKS_QUEUE"] = wrong
        assert heard(2) == []
    mended = {2.0: lambda: airflow.variables.update(REELWORKS_QUEUE=right)}
    assert heard(12, at=mended) == [{"waiting": 1}]


def test_the_bell_has_nothing_to_serialise() -> None:
    assert QueueBell().serialize() == ("reelworks.inbox.bell.QueueBell", {})
