"""A whole Airflow to measure, with the shipped DAGs, those of the benchmarks, and a sandbox that does no work.

``cluster`` is what `make cluster` starts (PostgreSQL, Redis, Celery), ``machine`` what `make up` does (SQLite and
LocalExecutor).
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from benchmarks.report import say
from stack import ROOT, cluster
from stack import machine as one_machine
from stack.home import Home
from stack.machine import Machine
from stack.results import s3_client
from stack.settings import sandbox_connections
from stack.terminal import Terminal

FOLDERS = {"dags-folder": "dags", "ours": "benchmarks/dags", "stock": "benchmarks/stock_dags"}
SERVICES = ("bytenite", "openencoder", "pixop")
PARSED_WITHIN, LOOK = 120.0, 0.25
BIG_PAGE = 1000


@dataclass(frozen=True)
class Load:
    """Some runs of one DAG that were started together: seconds for all, seconds of each, and what they asked for."""

    wall: float
    each: list[float]
    starts: int
    requests: int

    @property
    def per_video(self) -> float:
        """Wall seconds per run."""
        return self.wall / len(self.each)


@dataclass
class Running:
    """An Airflow that is up."""

    machine: Machine
    s3: Any

    def settings(self, service: str, **changes: Any) -> None:
        """Change what the sandbox does."""
        url = f"{self.machine.sandbox[service]['url']}/sandbox/settings"
        requests.post(url, json=changes, timeout=20).raise_for_status()

    def requests(self, service: str) -> int:
        """Return how many requests the service has had."""
        return sum(row["count"] for row in self.machine.ledger(service)["requests"])

    def wait_for_dags(self, *dag_ids: str) -> None:
        """Wait until these can be run."""
        for dag_id in dag_ids:
            self.machine.wait_for_dag(dag_id, PARSED_WITHIN)

    def until(self, what: str, is_so: Callable[[], bool], within: float, look: float = 1.0) -> None:
        """Look until it is so (within seconds); an Airflow that is too busy to answer has not answered yet."""
        until = time.monotonic() + within
        while True:
            with contextlib.suppress(requests.RequestException):
                if is_so():
                    return
            self.machine.processes.check()
            if time.monotonic() > until:
                raise RuntimeError(f"{what}: not within {within:g} s")
            time.sleep(look)

    def load(self, dag_id: str, params: Sequence[Mapping[str, Any]], service: str, within: float = 900.0) -> Load:
        """Start a run for each of ``params`` at once, wait for all, and count.

        The runs are queued while the DAG is paused: what is measured is Airflow at work, not how fast this asks it.
        """
        prefix = f"{dag_id}-{time.time_ns()}"
        asked = self.requests(service)
        self._pause(dag_id, True)
        for number, conf in enumerate(params):
            body = {"logical_date": None, "conf": dict(conf), "dag_run_id": f"{prefix}-{number:04}"}
            self.call("POST", f"dags/{dag_id}/dagRuns", json=body)
        began = time.time()
        self._pause(dag_id, False)
        runs = self._ended(dag_id, prefix, len(params), within)
        for run in runs:
            if run["state"] != "success":
                raise RuntimeError(self._why_failed(dag_id, run["dag_run_id"]))
        ends = [epoch(run["end_date"]) for run in runs]
        return Load(
            wall=max(ends) - began,
            each=[end - epoch(run["start_date"]) for run, end in zip(runs, ends, strict=True)],
            starts=self.starts(dag_id, prefix),
            requests=self.requests(service) - asked,
        )

    def starts(self, dag_id: str, prefix: str = "") -> int:
        """Return how often a worker began with a task of these runs, returns from a deferral included."""
        query = {"dag_id": dag_id, "event": "running", "run_id_pattern": prefix}
        return sum(1 for row in self.rows("eventLogs", "event_logs", **query) if row["run_id"].startswith(prefix))

    def rows(self, path: str, key: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Return all rows of a list of Airflow's, page by page."""
        offset = 0
        while True:
            page = self.call("GET", path, params={**query, "limit": BIG_PAGE, "offset": offset})
            yield from page[key]
            offset += len(page[key])
            if not page[key] or offset >= page["total_entries"]:
                return

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """Ask Airflow's REST API."""
        airflow = self.machine.airflow
        answer = airflow.session.request(method, f"{airflow.url}/api/v2/{path}", timeout=60, **arguments)
        if not answer.ok:
            raise RuntimeError(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json()

    def _pause(self, dag_id: str, paused: bool) -> None:
        self.call("PATCH", f"dags/{dag_id}", json={"is_paused": paused})

    def _why_failed(self, dag_id: str, run_id: str) -> str:
        airflow, told = self.machine.airflow, [f"{dag_id} failed"]
        for task in airflow.tasks(dag_id, run_id):
            if task["state"] in ("failed", "up_for_retry"):
                told += airflow.log(dag_id, run_id, task["task_id"], max(task["try_number"], 1)).lines[-20:]
        return "\n".join(told)

    def _ended(self, dag_id: str, prefix: str, count: int, within: float) -> list[dict[str, Any]]:
        runs = list[dict[str, Any]]()

        def all_ended() -> bool:
            query = {"run_id_pattern": prefix, "order_by": "-run_after"}
            runs[:] = self.rows(f"dags/{dag_id}/dagRuns", "dag_runs", **query)
            return len(runs) == count and all(run["state"] in ("success", "failed") for run in runs)

        self.until(f"all {count} runs of {dag_id} have ended", all_ended, within, LOOK)
        return runs


def epoch(text: str) -> float:
    """Return a timestamp of Airflow's as seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()


def median(loads: Sequence[Load]) -> float:
    """Return the seconds per video of the middle one."""
    return statistics.median(load.per_video for load in loads)


@contextlib.contextmanager
def running(where: str, overrides: Mapping[str, str] | None = None, **shape: int) -> Iterator[Running]:
    """Start an Airflow in a temporary folder, and end it; ``shape``: a cluster's numbers of workers and triggerers."""
    settings = {
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(_bundles()),
        "PYTHONPATH": str(ROOT),
    } | dict(overrides or {})
    with contextlib.ExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="reelworks-bench-"))
        home, terminal = Home(Path(folder)), Terminal(io.StringIO())
        began = time.monotonic()
        machine: Machine
        if where == "cluster":
            machine = opened.enter_context(
                cluster.running(home, terminal, fresh=True, overrides=settings, instant=True, **shape)
            )
        else:
            machine = opened.enter_context(one_machine.running(home, terminal, fresh=True, overrides=settings))
        say(f"{where} is up after {time.monotonic() - began:.0f} s")
        up = Running(machine, s3_client(machine.sandbox["s3"]))
        for service in SERVICES:
            up.settings(service, instant=True)
        _connect(machine.sandbox, home.path)
        yield up


def _connect(sandbox: dict[str, Any], folder: Path) -> None:
    """Give this process the connections, too, and an Airflow home of its own."""
    os.environ["AIRFLOW_HOME"] = str(folder / "benchmark")
    for name, connection in sandbox_connections(sandbox).items():
        os.environ[f"AIRFLOW_CONN_{name.upper()}"] = json.dumps(connection)


def _bundles() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(ROOT / folder), "refresh_interval": 30},
        }
        for name, folder in FOLDERS.items()
    ]


def run_path(dag_id: str, run_id: str) -> str:
    """Return the REST path of a run."""
    return f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"
