"""An upload whose answer is lost, at a service that shows only a while later what has arrived."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reelworks.core.errors import UnreachableError
from reelworks.pixop import sending
from reelworks.pixop.hook import PixopHook
from tests.connections import connect
from tests.loopback import Handler, Server, answers, resets, serving

UPLOAD = "POST /media/v1/upload/v"


class Slow:
    """Breaks the connection when all has come, and says at the look ``shown`` that it has arrived (0: never)."""

    def __init__(self, shown: int) -> None:
        self.shown = shown
        self.looks = 0

    def __call__(self, handler: Handler) -> None:
        if handler.heard.path == "/accounts/v1/token":
            return answers({"jwtToken": "t"})(handler)
        if handler.heard.method == "POST":
            return resets(handler)
        self.looks += 1
        arrived = bool(self.shown) and self.looks >= self.shown
        upload = {"hasFinishedUploading": arrived, "fileSize": 4 if arrived else None}
        return answers({"video": {"id": "v", "upload": upload}})(handler)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(sending, "PAUSES", (0.05, 0.05, 0.05))
    with serving() as server:
        connect(monkeypatch, "pixop_default", conn_type="pixop", host=server.url, login="a@b.c", password="p")
        yield server


@pytest.mark.parametrize("shown", [2, 3])
def test_an_upload_that_is_shown_late_is_not_sent_again(server: Server, tmp_path: Path, shown: int) -> None:
    server.act = Slow(shown)  # the first look is the one before anything is sent
    (tmp_path / "clip").write_bytes(b"film")

    sending.send_once(PixopHook(), "v", str(tmp_path / "clip"), None, size=4, light=False)

    assert server.asked.count(UPLOAD) == 1


def test_an_upload_that_never_arrives_is_sent_a_few_times_and_given_up(server: Server, tmp_path: Path) -> None:
    server.act = Slow(0)
    (tmp_path / "clip").write_bytes(b"film")

    with pytest.raises(UnreachableError):
        sending.send_once(PixopHook(), "v", str(tmp_path / "clip"), None, size=4, light=False)

    assert server.asked.count(UPLOAD) == 3
