from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.caller import make_clip
from tests.sandbox.openencoder.client import Client
from tests.sandbox.process import SandboxProcess

# Dead processes are back at once, and no interval is long enough to wait for.
QUICK = {
    "restart_seconds": 0,
    "worker_restart_seconds": 0.1,
    "reap_seconds": 0.2,
    "retry_seconds": 0.2,
    "tick_seconds": 0.1,
    "machine_boot_seconds": 0.2,
}


def stock(sandbox: SandboxProcess, folder: Path) -> None:
    """Put clips into the inbound bucket."""
    clip = make_clip(folder / "clip.mp4", size="128x72", seconds=0.6)
    s3 = sandbox.s3()
    for key in ("src/clip.mp4", "src/with blank.mp4"):
        s3.upload_file(str(clip), "openencoder-in", key)
    s3.put_object(Bucket="openencoder-in", Key="src/text.mp4", Body=b"this is no video\n" * 100)


@pytest.fixture(scope="session")
def encoder_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One sandbox for all tests that leave it as they found it."""
    with SandboxProcess(tmp_path_factory.mktemp("openencoder") / "state", "--only=s3,openencoder") as running:
        stock(running, tmp_path_factory.mktemp("openencoder-clips"))
        client = Client(running)
        client.settings(**QUICK)
        client.add_preset("tiny")
        yield running


@pytest.fixture
def client(encoder_house: SandboxProcess) -> Iterator[Client]:
    """Signed in as admin at the shared sandbox, with its usual settings before and after."""
    client = Client(encoder_house)
    usual = client.settings()
    yield client
    encoder_house.faults(service="openencoder")
    client.settings(**usual)


@pytest.fixture
def guest(client: Client) -> Client:
    other = Client(client.sandbox)
    name = f"guest-{len(client.get('/users?count=1000')['users'])}@example.com"
    client.call("POST", "/register", {"username": name, "password": "baz"})
    return other.sign_in(name, "baz")
