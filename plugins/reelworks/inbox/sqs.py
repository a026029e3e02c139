"""The queue of notifications: look how many wait, receive, put off, delete."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Any, Self
from urllib.parse import urlsplit

from reelworks.core.errors import BadInputError, BusyError, RefusedError, UnreachableError
from reelworks.media.s3errors import NO_CREDENTIALS

log = logging.getLogger(__name__)

RECEIVED_FOR = 120
"""Seconds in which what was received has to be dealt with; after them it is received again."""
LONGEST = 12 * 3600  # SQS's own limit, in seconds


@dataclass(frozen=True)
class Message:
    """One message; ``times`` is how often it has been received."""

    id: str
    body: str
    receipt: str
    times: int


@dataclass(frozen=True)
class Queue:
    """An SQS queue, by its URL."""

    url: str
    client: Any

    @classmethod
    def opened(cls, url: str, aws_conn_id: str) -> Self:
        """Open it with the keys of an Airflow connection (or the machine's own), at the server that its URL names.

        A connection's ``endpoint_url`` is S3's, where S3 is not Amazon's.

        :raises BadInputError: it is no URL of a queue, or there is no such connection.
        """
        from airflow.providers.amazon.aws.hooks.sqs import SqsHook
        from airflow.providers.amazon.aws.utils.connection_wrapper import AwsConnectionWrapper
        from botocore.config import Config

        from reelworks.media.s3 import found_connection

        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or len(parts.path) < 2:
            raise BadInputError(f"REELWORKS_QUEUE is {url!r}: give the URL of an SQS queue")
        hook = SqsHook(aws_conn_id=aws_conn_id)
        hook.conn_config = AwsConnectionWrapper(found_connection(aws_conn_id))
        labels = parts.hostname.split(".")
        region = labels[1] if labels[0] == "sqs" and len(labels) > 3 else hook.region_name or "us-east-1"
        client = hook.get_session(region_name=region).client(
            "sqs",
            endpoint_url=f"{parts.scheme}://{parts.netloc}",
            region_name=region,
            config=Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 5}),
        )
        return cls(url, client)

    def waiting(self) -> int:
        """Say about how many messages wait to be received; those that are being dealt with do not count."""
        with _errors("look at", self.url):
            answer = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["ApproximateNumberOfMessages"])
            return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def receive(self) -> list[Message]:
        """Receive up to ten; none means that none wait."""
        with _errors("receive from", self.url):
            # Waiting makes SQS ask all its servers; without, it may say that there is nothing while there is.
            answer = self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=1,
                VisibilityTimeout=RECEIVED_FOR,
                AttributeNames=["ApproximateReceiveCount"],
            )
        return [
            Message(
                row["MessageId"],
                row["Body"],
                row["ReceiptHandle"],
                int(row.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            )
            for row in answer.get("Messages", [])
        ]

    def put_off(self, message: Message, seconds: float) -> None:
        """Let it be received again in so many seconds, rounded up; sooner, if its time is over already."""
        try:
            with _errors("put off a message of", self.url):
                self.client.change_message_visibility(
                    QueueUrl=self.url,
                    ReceiptHandle=message.receipt,
                    VisibilityTimeout=min(ceil(seconds), LONGEST),
                )
        except RefusedError as error:
            log.info("message %s waits again as it is: %s", message.id, error)

    def delete(self, messages: list[Message]) -> None:
        """Delete up to ten; one that SQS keeps comes again, which does no harm."""
        if not messages:
            return
        entries = [{"Id": str(at), "ReceiptHandle": message.receipt} for at, message in enumerate(messages)]
        with _errors("delete messages of", self.url):
            self.client.delete_message_batch(QueueUrl=self.url, Entries=entries)


@contextmanager
def _errors(doing: str, url: str) -> Iterator[None]:
    """Say in our words what botocore raises."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    what = f"cannot {doing} the queue {url}"
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if status == 429 or status >= 500:
            raise BusyError(f"{what}: SQS answered {status} {code}") from None
        if "NonExistentQueue" in code or "QueueDoesNotExist" in code:
            raise BadInputError(f"{what}: there is none; correct REELWORKS_QUEUE") from None
        raise RefusedError(f"{what}: SQS answered {status} {code}", status) from None
    except NoCredentialsError:
        raise BadInputError(f"{what}: {NO_CREDENTIALS}") from None
    except BotoCoreError as error:
        raise UnreachableError(f"{what}: no answer from SQS ({type(error).__name__})") from None
