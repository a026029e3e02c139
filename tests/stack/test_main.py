import errno
from typing import Any

import pytest

from stack import __main__ as commands


def test_a_folder_that_cannot_be_written_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: Any) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", "/elsewhere/lock")

    monkeypatch.setitem(commands.COMMANDS, "status", (refused, "up", "tell"))

    assert commands.main(["status"]) == 1
    assert capsys.readouterr().err == (
        "/elsewhere/lock: Permission denied. Reelworks keeps its files in .reelworks, below its own folder.\n"
    )
