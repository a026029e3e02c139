import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stack import ROOT
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


def test_what_does_not_start_says_why(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "stack", "up", "--home", str(tmp_path / "home")],
        cwd=ROOT,
        env=os.environ | {"REELWORKS_AIRFLOW_PORT": "nonsense"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert said.returncode == 1, said.stdout
    assert "It did not start.\nREELWORKS_AIRFLOW_PORT=nonsense is not a port (1 to 65535)." in said.stdout
