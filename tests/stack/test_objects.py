"""`python -m stack put` and `get`, against the sandbox's S3."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.home import Home
from stack.objects import get, put
from stack.processes import StackError
from stack.terminal import Terminal
from tests.sandbox.process import SandboxProcess


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A stack that runs, as far as `put` and `get` can see."""
    home = Home(tmp_path_factory.mktemp("home"))
    with home.locked(), SandboxProcess(home.path / "sandbox", "--only", "s3"):
        yield home


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_is_put_can_be_got(home: Home, tmp_path: Path) -> None:
    video = tmp_path / "holiday.mov"
    video.write_bytes(b"a video")
    told = io.StringIO()

    assert put(home, Terminal(told), [video]) == 0
    assert get(home, Terminal(told), ["s3://inbox"]) == 0

    assert (tmp_path / "inbox" / "holiday.mov").read_bytes() == b"a video"
    assert told.getvalue().splitlines() == ["s3://inbox/holiday.mov", "inbox/holiday.mov"]


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("s3://outbox/encoded/nothing", "There is nothing below s3://outbox/encoded/nothing"),
        ("s3://no-such-bucket/a", "There is nothing below s3://no-such-bucket/a"),
        ("outbox/encoded", r"outbox/encoded is no S3 prefix: give s3://bucket/prefix"),
        ("s3://", r"s3:// is no S3 prefix"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(home: Home, url: str, error: str) -> None:
    with pytest.raises(StackError, match=error):
        get(home, Terminal(io.StringIO()), [url])


def test_a_file_that_is_none_and_a_stack_that_does_not_run_are_named(home: Home, tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"nothere\.mov is not a file"):
        put(home, Terminal(io.StringIO()), [Path("nothere.mov")])
    with pytest.raises(StackError, match="`make up` starts it"):
        put(Home(tmp_path), Terminal(io.StringIO()), [Path("nothere.mov")])
