"""The queue that events come through is SQS, as boto3, aiobotocore and Airflow's hook speak it."""

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from airflow.providers.amazon.aws.hooks.sqs import SqsHook
from airflow.providers.amazon.aws.triggers.sqs import SqsSensorTrigger
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from tests.sandbox.listener import PROMPT, Listener, sqs_client
from tests.sandbox.process import SandboxProcess


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox") / "state", "--only=sqs") as running:
        yield running


@pytest.fixture
def sqs(serving: SandboxProcess) -> Iterator[Any]:
    yield sqs_client(serving.info["sqs"])
    serving.faults(service="sqs")


@pytest.fixture
def queue(sqs: Any) -> Iterator[str]:
    url = sqs.create_queue(QueueName="tried")["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def receive(sqs: Any, queue: str, **arguments: Any) -> list[dict[str, Any]]:
    return list(sqs.receive_message(QueueUrl=queue, **arguments).get("Messages", ()))


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_received_message_is_hidden_until_its_time_is_over(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="one")
    first = receive(sqs, queue, VisibilityTimeout=1, AttributeNames=["All"])[0]
    assert first["Attributes"]["ApproximateReceiveCount"] == "1"
    assert receive(sqs, queue) == []
    second = receive(sqs, queue, WaitTimeSeconds=20, AttributeNames=["ApproximateReceiveCount"])[0]
    assert (second["MessageId"], second["Body"]) == (first["MessageId"], "one")
    assert second["Attributes"] == {"ApproximateReceiveCount": "2"}


def test_an_outdated_receipt_deletes_nothing(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="one")
    old = receive(sqs, queue, VisibilityTimeout=0)[0]["ReceiptHandle"]
    new = receive(sqs, queue)[0]["ReceiptHandle"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=old)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=new, VisibilityTimeout=0)
    newest = receive(sqs, queue)[0]["ReceiptHandle"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=newest)
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == counts["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_message_wakes_one_that_waits_for_it(serving: SandboxProcess, sqs: Any, queue: str) -> None:
    # It gives up after half the time that it asks the queue to wait: only a message can make it return.
    hasty = sqs_client(serving.info["sqs"], PROMPT.merge(Config(read_timeout=10)))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(receive, hasty, queue, WaitTimeSeconds=20)
        time.sleep(0.5)
        sqs.send_message(QueueUrl=queue, MessageBody="at last")
        assert [message["Body"] for message in waiting.result()] == ["at last"]


def test_what_is_received_in_vain_goes_to_the_dead_letters(sqs: Any, queue: str) -> None:
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})
    sqs.send_message(QueueUrl=queue, MessageBody="poison")
    assert [len(receive(sqs, queue)) for _ in range(3)] == [1, 1, 0]
    assert [message["Body"] for message in receive(sqs, dead)] == ["poison"]
    sqs.delete_queue(QueueUrl=dead)


def test_batches_say_of_each_entry_what_became_of_it(sqs: Any, queue: str) -> None:
    entries = [{"Id": str(number), "MessageBody": f"m{number}"} for number in range(10)]
    assert len(sqs.send_message_batch(QueueUrl=queue, Entries=entries)["Successful"]) == 10
    taken = receive(sqs, queue, MaxNumberOfMessages=10)
    handles = [{"Id": message["MessageId"], "ReceiptHandle": message["ReceiptHandle"]} for message in taken]
    handles[0]["ReceiptHandle"] = "nonsense"
    answer = sqs.delete_message_batch(QueueUrl=queue, Entries=handles)
    assert (len(answer["Successful"]), answer["Failed"][0]["Code"]) == (9, "ReceiptHandleIsInvalid")
    changes = [{**handles[0], "ReceiptHandle": taken[0]["ReceiptHandle"], "VisibilityTimeout": 0}]
    assert len(sqs.change_message_visibility_batch(QueueUrl=queue, Entries=changes)["Successful"]) == 1
    assert [message["Body"] for message in receive(sqs, queue)] == [taken[0]["Body"]]


def test_attributes_of_a_message_come_back_with_their_checksum(sqs: Any, queue: str) -> None:
    given = {
        "camera": {"DataType": "String", "StringValue": "2"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\0\1"},
    }
    sent = sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=given)
    message = receive(sqs, queue, MessageAttributeNames=["All"])[0]
    assert message["MessageAttributes"] == given
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"secret_key": "wrong"}, "SignatureDoesNotMatch"), ({"access_key": "WRONG"}, "InvalidClientTokenId")],
)
def test_wrong_credentials_are_refused(serving: SandboxProcess, changed: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as error:
        sqs_client(serving.info["sqs"], **changed).list_queues()
    assert (error.value.response["ResponseMetadata"]["HTTPStatusCode"], code_of(error)) == (403, code)


def test_refusals_are_named_as_the_service_names_them(sqs: Any, queue: str) -> None:
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as error:
        sqs.get_queue_url(QueueName="nobody")
    assert code_of(error) == "AWS.SimpleQueueService.NonExistentQueue"
    with pytest.raises(ClientError) as error:
        receive(sqs, queue, MaxNumberOfMessages=11)
    assert code_of(error) == "InvalidParameterValue"
    with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle="nonsense")
    with pytest.raises(sqs.exceptions.UnsupportedOperation):
        sqs.list_queue_tags(QueueUrl=queue)


def test_faults_reach_the_queue_too(serving: SandboxProcess, sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="one")
    once = {"endpoint": "ReceiveMessage", "times": 1}
    serving.faults({"kind": "reset_after", **once}, {"kind": "status", "status": 503, **once}, service="sqs")
    with pytest.raises(HTTPClientError):
        receive(sqs, queue, VisibilityTimeout=1)
    with pytest.raises(ClientError) as error:
        receive(sqs, queue)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    # What was on its way when the line broke is not lost: it comes again.
    assert [message["Body"] for message in receive(sqs, queue, WaitTimeSeconds=20)] == ["one"]


def test_airflows_hook_and_trigger_read_the_queue(serving: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Listener(serving)
    connection = {
        "conn_type": "aws",
        "login": queue.info["access_key"],
        "password": queue.info["secret_key"],
        "extra": {
            "region_name": queue.info["region"],
            "service_config": {"sqs": {"endpoint_url": queue.info["url"]}},
        },
    }
    monkeypatch.setenv("AIRFLOW_CONN_AWS_SANDBOX", json.dumps(connection))
    SqsHook(aws_conn_id="aws_sandbox").send_message(queue.url, '{"Records": []}')

    async def read() -> Any:
        trigger = SqsSensorTrigger(queue.url, aws_conn_id="aws_sandbox", wait_time_seconds=5, waiter_delay=1)
        return await anext(trigger.run())

    event = asyncio.run(asyncio.wait_for(read(), 60))
    assert [message["Body"] for message in event.payload["message_batch"]] == ['{"Records": []}']
    assert queue.sandbox.ledger("sqs")["queues"]["reelworks-inbox"]["waiting"] == 0
