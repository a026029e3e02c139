"""`make cluster`: it stays, is ended with all that belongs to it, and goes on where it was."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import psutil
import pytest

from stack.airflow_api import AirflowApi
from stack.home import Home
from stack.machine import SIGNERS, SIGNING
from stack.processes import Processes
from tests.stack.test_whole import listeners_off_loopback, processes_in, stack
from tests.stack.waiting import until

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]


def test_a_cluster_stays_survives_its_keeper_being_killed_and_leaves_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "a home")
    try:
        first = stack("cluster", home)
        assert first.returncode == 0, first.stdout + first.stderr
        assert listeners_off_loopback(home.path) == []
        assert secrets_shown(home.path) == []
        assert told_of(SIGNING, home.path) == {*SIGNERS}
        AirflowApi(home.status()["airflow"]).make_pool("kept", 3)

        owner = home.owner()
        assert owner is not None
        os.kill(owner, signal.SIGKILL)
        until(lambda: not processes_in(home.path), 30)

        again = stack("cluster", home)
        assert again.returncode == 0, again.stdout + again.stderr
        assert AirflowApi(home.status()["airflow"]).pools()["kept"] == 3
        assert stack("status", home).returncode == 0

        assert stack("down", home).returncode == 0
        assert processes_in(home.path) == []
        assert not home.has_left_overs()
    finally:
        stack("down", home)
        Processes(home.path).clear_left_overs()


def told_of(variable: str, home: Path) -> set[str]:
    """Which parts have an environment variable."""
    pids = {record.stem: json.loads(record.read_text())["pid"] for record in (home / "run").glob("*.json")}
    return {name for name, pid in pids.items() if variable in psutil.Process(pid).environ()}


def secrets_shown(home: Path) -> list[str]:
    """Which passwords can be read from command lines or logs."""
    passwords = [(home / name / "password").read_text() for name in ("postgres", "redis")]
    shown = processes_in(home) + [log.read_text(errors="replace") for log in (home / "logs").glob("*.log")]
    return [text[:200] for text in shown for password in passwords if password in text]
