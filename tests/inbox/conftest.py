"""A real S3 and a real queue for this folder's tests, and an Airflow that ends at the supervisor's socket."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.execution_time import task_runner

from reelworks.inbox import runs
from reelworks.inbox.place import Inbox
from reelworks.inbox.sqs import Queue
from reelworks.media.s3 import s3_client
from tests.connections import connect
from tests.inbox.airflow_edge import Airflow
from tests.sandbox.process import SandboxProcess

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

SUFFIXES = (".mp4", ".mov")


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox"), "--only", "s3,sqs", "--sqs-port=0") as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def _connection(sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    access = sandbox.info["s3"]
    extra = {"endpoint_url": access["endpoint"], "region_name": access["region"]}
    connect(monkeypatch, "aws_default", "aws", access["secret_key"], login=access["access_key"], extra=extra)


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Airflow:
    airflow = Airflow()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", airflow, raising=False)
    monkeypatch.setattr(runs, "PAUSES", (0.01, 0.01))
    return airflow


@pytest.fixture
def client(sandbox: SandboxProcess, airflow: Airflow, _connection: None) -> S3Client:
    return s3_client("aws_default")


@pytest.fixture
def queue(sandbox: SandboxProcess, airflow: Airflow, _connection: None) -> Iterator[Queue]:
    url = os.environ.get("REELWORKS_TEST_SQS") or sandbox.info["sqs"]["queue_url"]
    client = Queue.opened(url, "aws_default").client
    made = client.create_queue(QueueName=f"test-{uuid.uuid4().hex[:10]}")["QueueUrl"]
    yield Queue.opened(made, "aws_default")
    client.delete_queue(QueueUrl=made)


@pytest.fixture
def inbox(client: S3Client) -> Iterator[Inbox]:
    name = uuid.uuid4().hex[:10]
    buckets = (f"in-{name}", f"out-{name}")
    for bucket in buckets:
        client.create_bucket(Bucket=bucket)
    yield Inbox(f"s3://{buckets[0]}", f"s3://{buckets[1]}/made", SUFFIXES, "web")
    # Each bucket takes volumes of their server, which has few.
    for bucket in buckets:
        for row in client.list_object_versions(Bucket=bucket).get("Versions", []):
            client.delete_object(Bucket=bucket, Key=row["Key"], VersionId=row["VersionId"])
        client.delete_bucket(Bucket=bucket)
