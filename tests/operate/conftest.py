"""A sandbox of ByteNite and S3, and those who listen to what is told of the work there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.guarantees.bytenite_house import ByteNiteHouse
from tests.operate.statsd import StatsdServer, statsd
from tests.process.house import migrated
from tests.sandbox.process import SandboxProcess


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated(tmp_path_factory.mktemp("airflow"))


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox"), "--only", "s3,bytenite") as process:
        yield process


@pytest.fixture
def house(sandbox: SandboxProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ByteNiteHouse]:
    s3: Any = sandbox.s3()
    with ByteNiteHouse.opened(sandbox, s3, tmp_path, monkeypatch) as opened:
        yield opened


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StatsdServer]:
    with statsd() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server
