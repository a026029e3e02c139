"""A sandboxed Open Encoder for the tests that need one; each test gets it calm, with an own prefix."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reelworks.openencoder import jobs
from tests.guarantees.encoder_house import EncoderHouse, call, connect
from tests.sandbox.process import SandboxProcess


@pytest.fixture(scope="session")
def encoder_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("openencoder"), "--only", "s3,openencoder") as process:
        yield process


@pytest.fixture
def house(encoder_sandbox: SandboxProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EncoderHouse]:
    access = encoder_sandbox.info["s3"]
    aws = {
        "conn_type": "aws",
        "login": access["access_key"],
        "password": access["secret_key"],
        "extra": {"endpoint_url": access["endpoint"], "region_name": access["region"]},
    }
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(aws))
    monkeypatch.setattr(jobs, "WATCH", 0.5)
    monkeypatch.setattr(jobs, "TICK", 0.1)
    house = EncoderHouse(encoder_sandbox, encoder_sandbox.s3(), tmp_path, f"t{uuid.uuid4().hex[:10]}")
    house.calm()
    connect(house, monkeypatch)
    house.mark()
    yield house
    house.calm()


@pytest.fixture
def ask_server(house: EncoderHouse) -> Any:
    return lambda method, path, body=None: call(house, method, path, body)
