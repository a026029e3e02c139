"""Ctrl-C on a benchmark: nothing that it has started or put on disk stays."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stack import ROOT

TIDIES = """
import pathlib, sys, time
from benchmarks.ending import ended
def main():
    try:
        pathlib.Path("{folder}/began").touch()
        time.sleep(60)
    finally:
        time.sleep(1)
        pathlib.Path("{folder}/tidied").touch()
sys.exit(ended(main))
"""
ALL = "import sys; from benchmarks import __main__ as bench; bench.BENCHMARKS = {'slow': []}; sys.exit(bench.main())"


def interrupted(command: list[str], folder: Path, once: str, number: int, **environment: str) -> int:
    """Start it, end it by the signal once the folder has something that matches, and return its exit code."""
    paths = {"PYTHONPATH": os.pathsep.join(["plugins", str(ROOT)])}
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **paths, **environment}) as process:
        until = time.monotonic() + 120
        while not [*folder.glob(once)]:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(number)
        return process.wait(120)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_all_of_them_wait_for_the_one_that_is_ending(tmp_path: Path, number: int) -> None:
    code = tmp_path / "benchmarks" / "slow.py"
    code.parent.mkdir()
    code.write_text(TIDIES.format(folder=tmp_path))
    paths = os.pathsep.join(["plugins", str(ROOT), str(tmp_path)])

    ended = interrupted([sys.executable, "-c", ALL], tmp_path, "began", number, PYTHONPATH=paths)

    assert ended == 128 + number
    assert (tmp_path / "tidied").exists()


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not there to compare with")
def test_transfers_leave_no_gigabytes_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.transfers", "--gigabytes", "0.02"]

    ended = interrupted(command, tmp_path, "*/curl-*", signal.SIGTERM, TMPDIR=str(tmp_path))

    assert ended == 128 + signal.SIGTERM
    assert [*tmp_path.iterdir()] == []
