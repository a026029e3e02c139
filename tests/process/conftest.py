"""One sandbox and one Airflow database for all tests of process_video."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.house import ProcessHouse, migrated
from tests.sandbox.process import SandboxProcess

SMALL = """
description: As small as it gets.
encodes:
  - {name: small, service: bytenite, preset: h264_360p}
gates: {vmaf_floor: 40, vmaf_low_floor: 20}
"""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated(tmp_path_factory.mktemp("airflow"))


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox"), "--only", "s3,bytenite") as process:
        process.settings(job_seconds=0)
        yield process


@pytest.fixture
def house(sandbox: SandboxProcess, home: Path, tmp_path: Path) -> ProcessHouse:
    house = ProcessHouse(sandbox, home, f"p{uuid.uuid4().hex[:8]}", tmp_path)
    house.recipe(SMALL)
    return house


@pytest.fixture
def at_hand(house: ProcessHouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessHouse]:
    """The house with its connections in this process, whose forks the tasks are."""
    for name, value in house.environment.items():
        if name.startswith(("AIRFLOW_CONN_", "REELWORKS_")):
            monkeypatch.setenv(name, value)
    yield house
    house.sandbox.faults()
