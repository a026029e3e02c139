"""A real S3 server for this folder's tests, and a client for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from sandbox.ports import find_free_ports

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

KEY, SECRET = "reelworkstest", "reelworkstestsecret"


def _command(data: Path, ports: list[int]) -> list[str]:
    weed = Path(sys.executable).with_name("weed")
    names = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port"]
    names += ["filer.port.grpc", "s3.port", "s3.port.grpc", "admin.port", "admin.port.grpc"]
    off = ["-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false"]
    where = [f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-volume.preStopSeconds=0"]
    chosen = [f"-{name}={port}" for name, port in zip(names, ports, strict=True)]
    return [str(weed), "-logtostderr=true", "mini", *where, *chosen, *off, "-bucket=landing"]


def make_client(endpoint: str, key: str = KEY, secret: str = SECRET) -> S3Client:
    import boto3
    from botocore.config import Config

    config = Config(signature_version="s3v4", retries={"mode": "standard", "total_max_attempts": 2})
    client: S3Client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name="us-east-1",
        config=config,
    )
    return client


def _wait_for(client: S3Client, server: subprocess.Popen[bytes], log: Path) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    for _ in range(150):
        assert server.poll() is None, log.read_text()[-2000:]
        try:
            client.put_object(Bucket="landing", Key="ready", Body=b"1")
            return
        except (BotoCoreError, ClientError):
            time.sleep(0.2)
    pytest.fail(f"S3 did not start: {log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("s3")
    ports, log = find_free_ports(10), data / "log"
    (data / "files").mkdir()
    env = {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    with log.open("wb") as out:
        server = subprocess.Popen(_command(data / "files", ports), env=env, stdout=out, stderr=out)
    endpoint = f"http://127.0.0.1:{ports[6]}"
    try:
        _wait_for(make_client(endpoint), server, log)
        yield endpoint
    finally:
        server.kill()  # its files go too, and asking nicely takes it seconds
        server.wait()
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def client(s3_endpoint: str) -> S3Client:
    return make_client(s3_endpoint)


@pytest.fixture
def bucket(client: S3Client) -> Iterator[str]:
    name = f"test-{uuid4().hex[:12]}"
    client.create_bucket(Bucket=name)
    yield name
    # Each bucket takes volumes of its own, and the server has as many as fit on the disk.
    for entry in client.list_objects_v2(Bucket=name).get("Contents", []):
        client.delete_object(Bucket=name, Key=entry["Key"])
    with suppress(ClientError):
        client.delete_bucket(Bucket=name)


def uploads_left(client: S3Client, bucket: str) -> list[Any]:
    return list(client.list_multipart_uploads(Bucket=bucket).get("Uploads", []))
