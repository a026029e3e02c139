import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from stack import ROOT
from stack.airflow_api import AirflowApi
from stack.home import Home
from stack.machine import DAG
from stack.processes import Processes
from stack.settings import POOLS


def stack(command: str, home: Home, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stack", command, "--home", str(home.path)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=240,
    )


def processes_in(folder: Path) -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder) or str(folder) in process.cmdline():
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
        except (psutil.Error, OSError):
            continue
    return found


def listeners_off_loopback(folder: Path) -> list[str]:
    pids = {int(line.split()[0]) for line in processes_in(folder)}
    open_ports = [port for port in psutil.net_connections("inet") if port.status == psutil.CONN_LISTEN]
    return [f"{port.laddr}" for port in open_ports if port.pid in pids and port.laddr.ip not in ("127.0.0.1", "::1")]


@pytest.mark.airflow
def test_the_whole_starts_answers_twice_and_leaves_nothing_even_when_killed(tmp_path: Path) -> None:
    home = Home(tmp_path / "a home")
    try:
        first = stack("up", home, REELWORKS_AIRFLOW_PORT="8080")
        assert first.returncode == 0, first.stdout + first.stderr
        url = home.status()["airflow"]
        assert url in first.stdout
        assert AirflowApi(url).has_dag(DAG)
        assert AirflowApi(url).pools() == POOLS
        assert listeners_off_loopback(home.path) == []

        again = stack("up", home)
        assert again.returncode == 0
        assert f"Already running: Airflow at {url}" in again.stdout
        assert stack("status", home).returncode == 0

        owner = home.owner()
        assert owner is not None
        os.kill(owner, signal.SIGKILL)
        until = time.monotonic() + 20
        while processes_in(home.path) and time.monotonic() < until:
            time.sleep(0.2)
        assert processes_in(home.path) == []
        assert stack("status", home).returncode == 3
        assert stack("down", home).returncode == 0
    finally:
        stack("down", home)
        Processes(home.path).clear_left_overs()
