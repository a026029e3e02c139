from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.caller import make_clip
from tests.sandbox.pixop.client import Client
from tests.sandbox.process import SandboxProcess


@pytest.fixture(scope="session")
def pixop_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One sandbox for all tests that leave it as they found it."""
    with SandboxProcess(tmp_path_factory.mktemp("pixop") / "state", "--only=pixop") as running:
        yield running


@pytest.fixture
def client(pixop_house: SandboxProcess) -> Iterator[Client]:
    """Signed in at the shared sandbox, with its usual settings before and after."""
    client = Client(pixop_house)
    usual = client.settings()
    client.settings(null_state=False)
    yield client
    client.faults()
    client.settings(**usual)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("pixop-clips") / "clip.mp4", size="128x72", seconds=0.6)
