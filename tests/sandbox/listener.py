"""Reads the sandbox's queue through boto3, as a consumer would."""

import json
import time
from typing import Any
from urllib.parse import unquote_plus

import boto3
from botocore.config import Config

from tests.sandbox.process import SandboxProcess

WITHIN = 30.0  # seconds; far more than is needed, for a busy machine
# Nothing is asked twice: faults are to be seen.
PROMPT = Config(retries={"total_max_attempts": 1}, proxies={})


class Listener:
    """The consumer of one sandbox's notifications."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox
        self.info = sandbox.info["sqs"]
        self.url = self.info["queue_url"]
        self.sqs = sqs_client(self.info)

    def messages(self, count: int) -> list[dict[str, Any]]:
        """Return the contents of so many messages, and delete them."""
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + WITHIN
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} messages came: {found}"
            most = min(10, count - len(found))
            answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=most, WaitTimeSeconds=2)
            for message in answer.get("Messages", ()):
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def records(self, count: int) -> list[dict[str, Any]]:
        """Return the records of so many messages; test events are no records."""
        found = self.messages(count)
        assert all(len(message["Records"]) == 1 for message in found)
        return [message["Records"][0] for message in found]

    def told(self, count: int) -> list[tuple[str, str]]:
        """Return event and key of so many messages."""
        return [(record["eventName"], key_of(record)) for record in self.records(count)]

    def up_to(self, mark: str) -> list[tuple[str, str]]:
        """Put an object under this key, and return what is told until its own event, which comes last."""
        self.sandbox.s3().put_object(Bucket="inbox", Key=mark, Body=b"mark")
        found: list[tuple[str, str]] = []
        while not found or found[-1][1] != mark:
            found += self.told(1)
        return found[:-1]

    def events(self) -> dict[str, int]:
        """Return the ledger's counts."""
        return dict(self.sandbox.ledger("sqs")["events"])


def sqs_client(info: dict[str, Any], config: Config = PROMPT, **changed: str) -> Any:
    """Return a client for the sandbox's SQS."""
    return boto3.client(
        "sqs",
        endpoint_url=info["url"],
        aws_access_key_id=changed.get("access_key", info["access_key"]),
        aws_secret_access_key=changed.get("secret_key", info["secret_key"]),
        region_name=info["region"],
        config=config,
    )


def key_of(record: dict[str, Any]) -> str:
    """Return a record's key as the bucket has it."""
    return unquote_plus(record["s3"]["object"]["key"])
