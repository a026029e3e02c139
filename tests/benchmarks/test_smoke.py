"""A benchmark in small, from end to end: the others differ from it in what they start, which has tests of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.transfers import Bench
from stack import ROOT


def run(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": "plugins", **({"PATH": path} if path is not None else {})}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not there to compare with")
def test_transfers_are_measured_and_each_bar_judged() -> None:
    done = run("benchmarks.transfers", "--gigabytes", "0.02")

    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert {line.split()[-1] for line in done.stdout.splitlines() if "<=" in line or ">=" in line} <= {"PASS", "FAIL"}
    assert (done.returncode == 0) == ("FAIL" not in done.stdout), said
    assert all(way in done.stdout for way in ("Pixop", "ByteNite")), said


def test_a_sweep_is_measured_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    done = run("benchmarks.sweep", "20")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "all seen, nothing new" in done.stdout
    assert [*tmp_path.iterdir()] == []


def test_without_curl_nothing_is_started(tmp_path: Path) -> None:
    done = run("benchmarks.transfers", path=str(tmp_path))

    assert done.returncode == 2
    assert "curl" in done.stderr.splitlines()[-1]


def test_no_link_is_on_curls_command_line(tmp_path: Path) -> None:
    command = Bench(None, tmp_path, None, None).curl("http://s3/key?X-Amz-Signature=abc", "-X", "POST")  # type: ignore[arg-type]

    file = Path(command[command.index("-K") + 1])
    assert "abc" not in " ".join(command)
    assert file.read_text() == 'url = "http://s3/key?X-Amz-Signature=abc"\n'
    assert file.stat().st_mode & 0o077 == 0
