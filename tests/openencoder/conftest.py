"""A sandboxed Open Encoder for the tests that need one; each test gets it calm, with an own prefix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.guarantees.encoder_house import EncoderHouse, call
from tests.sandbox.process import SandboxProcess


@pytest.fixture(scope="session")
def encoder_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("openencoder"), "--only", "s3,openencoder") as process:
        yield process


@pytest.fixture
def house(encoder_sandbox: SandboxProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EncoderHouse]:
    with EncoderHouse.opened(encoder_sandbox, encoder_sandbox.s3(), tmp_path, monkeypatch) as opened:
        yield opened


@pytest.fixture
def ask_server(house: EncoderHouse) -> Any:
    return lambda method, path, body=None: call(house, method, path, body)
