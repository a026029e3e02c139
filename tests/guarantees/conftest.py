"""One sandbox for all tests of what must hold; each test gets it with no faults, no jobs unfinished, an own prefix."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from reelworks.openencoder import jobs
from tests.guarantees.encoder_house import EncoderHouse, connect
from tests.guarantees.house import House
from tests.sandbox.process import SandboxProcess


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox"), "--only", "s3,bytenite,openencoder")
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="session")
def s3(sandbox: SandboxProcess) -> Any:
    access = sandbox.info["s3"]
    return boto3.client(
        "s3",
        endpoint_url=access["endpoint"],
        aws_access_key_id=access["access_key"],
        aws_secret_access_key=access["secret_key"],
        region_name=access["region"],
        config=Config(signature_version="s3v4"),
    )


@pytest.fixture
def bytenite_house(
    sandbox: SandboxProcess, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    access, bytenite = sandbox.info["s3"], sandbox.info["bytenite"]
    aws = {
        "conn_type": "aws",
        "login": access["access_key"],
        "password": access["secret_key"],
        "extra": {"endpoint_url": access["endpoint"], "region_name": access["region"]},
    }
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(aws))
    service = {"conn_type": "bytenite", "host": bytenite["url"], "password": bytenite["api_key"]}
    monkeypatch.setenv("AIRFLOW_CONN_BYTENITE_DEFAULT", json.dumps(service))
    house = House(sandbox, s3, tmp_path, f"t{uuid.uuid4().hex[:10]}")
    house.calm()
    yield house
    house.calm()


@pytest.fixture
def house(bytenite_house: House) -> House:
    """The house of ByteNite; a module whose tests hold for every service has a fixture of this name with them all."""
    return bytenite_house


@pytest.fixture
def encoder_house(bytenite_house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    house = EncoderHouse(bytenite_house.sandbox, bytenite_house.s3, bytenite_house.folder, bytenite_house.prefix)
    monkeypatch.setattr(jobs, "WATCH", 0.5)
    monkeypatch.setattr(jobs, "TICK", 0.1)
    house.calm()
    connect(house, monkeypatch)
    house.mark()
    yield house
    house.calm()
