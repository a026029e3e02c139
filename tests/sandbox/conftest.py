import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.caller import Caller, make_clip
from tests.sandbox.process import SandboxProcess

# Proxies of the machine have nothing to do with servers on loopback.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One sandbox for all tests that leave it as they found it."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox") / "state, with a blank") as running:
        yield running


@pytest.fixture
def sandbox(house: SandboxProcess) -> Iterator[SandboxProcess]:
    """The shared sandbox, without faults and with its usual settings before and after."""
    usual = house.settings()
    yield house
    house.faults()
    house.settings(**usual, balance=18335)


@pytest.fixture
def caller(sandbox: SandboxProcess) -> Caller:
    return Caller(sandbox)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    make_clip(folder / "sound.mp4")
    make_clip(folder / "silent.mp4", sound=False)
    (folder / "text.mp4").write_text("this is no video\n" * 100)
    (folder / "empty.mp4").write_bytes(b"")
    return folder


@pytest.fixture(scope="session")
def sources(house: SandboxProcess, clips: Path) -> dict[str, str]:
    """Presigned links to the clips in the inbox, by file stem."""
    s3 = house.s3()
    links = {}
    for clip in clips.iterdir():
        s3.upload_file(str(clip), "inbox", clip.name)
        target = {"Bucket": "inbox", "Key": clip.name}
        links[clip.stem] = s3.generate_presigned_url("get_object", Params=target, ExpiresIn=3600)
    return links
