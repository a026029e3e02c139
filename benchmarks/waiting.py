"""What a thousand waits cost a triggerer: memory, CPU, a loop that is late, requests, and how soon a task is back.

``.venv/bin/python -m benchmarks.waiting [--jobs 1000]``. All jobs wait in the one triggerer of an Airflow, on one
connection to a service that only counts (benchmarks/counter.py), with Reelworks' trigger and then, in a new Airflow,
with the stock one: a deferrable HttpSensor for each job. Both begin on a worker, which defers them, look every 15 s and
come back to a worker. Memory (PSS) and CPU are what the waits add to the same triggerer without any. Some of the jobs
end one by one, evenly, slower than the workers can take them up.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from benchmarks.counter import FAR, Counting, counting
from benchmarks.ending import ended
from benchmarks.loop_probe import FILE, lateness
from benchmarks.report import Bar, percentile, report, say, shown
from benchmarks.running import Running, epoch, run_path, running
from benchmarks.wait_operator import JOBS
from stack import session

INTERVAL = 15.0
WARM_UP = 10.0
PROBE, OURS, STOCK = "probe_the_loop", "wait_with_ours", "wait_with_stock"
HEADINGS = ("waits with", "MB", "cores", "lag p50 ms", "lag p99 ms", "requests/s", "back p50 s", "back p95 s")
MB = 1e6

FEWEST = 200
"""Fewer waits may take as much memory and CPU as these, which took 19 MB and 0.007 of a core: of less, the triggerer's
own ups and downs would decide."""


@dataclass(frozen=True)
class Cost:
    """What a triggerer was found to take: bytes, cores, the lateness of its loop and requests per second."""

    memory: float
    cores: float
    late: list[float]
    requests: float


@dataclass(frozen=True)
class Waits:
    """The cost of an empty triggerer and of a full one, and the seconds from a job's end to its task's return."""

    empty: Cost
    full: Cost
    back: list[float]

    @property
    def memory(self) -> float:
        """MB added."""
        return (self.full.memory - self.empty.memory) / MB

    @property
    def cores(self) -> float:
        """Cores added."""
        return self.full.cores - self.empty.cores

    def lag(self, share: float) -> float:
        """Milliseconds."""
        return 1000 * percentile(self.full.late, share)

    def row(self, name: str) -> tuple[str, ...]:
        """Return a line of the table."""
        figures = (self.memory, self.cores, self.lag(0.5), self.lag(0.99), self.full.requests)
        return name, *map(shown, figures), *(shown(percentile(self.back, share)) for share in (0.5, 0.95))


@dataclass(frozen=True)
class Bench:
    """An Airflow with one triggerer."""

    up: Running
    probe: Path
    window: float

    def cost(self) -> Cost:
        """Watch the triggerer for the window."""
        processes = self._triggerer()
        begin, spent, asked = time.time(), _cpu(processes), sum(Counting.asked.values())
        time.sleep(self.window)
        end = time.time()
        return Cost(
            memory=sum(process.memory_full_info().pss for process in processes),
            cores=(_cpu(processes) - spent) / (end - begin),
            late=lateness(self.probe, begin, end),
            requests=(sum(Counting.asked.values()) - asked) / (end - begin),
        )

    def start(self, dag_id: str, waits: int) -> str:
        """Start a run, and return its id when all its waits are in the triggerer."""
        self.up.wait_for_dags(dag_id)
        run_id = self.up.machine.airflow.trigger(dag_id, {})
        self.up.until(
            f"{waits} waits of {dag_id} in the triggerer", lambda: self._waiting(dag_id, run_id) == waits, 1200, 3
        )
        return run_id

    def _waiting(self, dag_id: str, run_id: str) -> int:
        rows = self.up.rows(f"{run_path(dag_id, run_id)}/taskInstances", "task_instances", state="deferred")
        return sum(row["triggerer_job"] is not None for row in rows)

    def _triggerer(self) -> list[Any]:
        parts = self.up.machine.processes.components
        (guard,) = [part.guard.pid for part in parts if part.name.startswith("triggerer")]
        return [psutil.Process(pid) for pid in session.members(guard)]


def waits_of(dag_id: str, jobs: int, ends: int, rate: float, where: str, window: float) -> Waits:
    """Measure in a new Airflow: empty, then full, then with ``ends`` of the jobs ending, ``rate`` per second."""
    with tempfile.TemporaryDirectory() as folder, counting(jobs) as url:
        probe = Path(folder) / "lateness"
        with running(where, _overrides(url, jobs, probe), workers=2, triggerers=1) as up:
            bench = Bench(up, probe, window)
            bench.start(PROBE, 1)
            time.sleep(WARM_UP)
            empty = bench.cost()
            run_id = bench.start(dag_id, jobs)
            time.sleep(2 * INTERVAL)
            full = bench.cost()
            found = Waits(empty, full, back(up, dag_id, run_id, end_some(jobs, ends, rate)))
    say(
        f"{dag_id}: "
        + ", ".join(f"{name} {figure}" for name, figure in zip(HEADINGS[1:], found.row("")[1:], strict=True))
    )
    return found


def end_some(jobs: int, ends: int, rate: float) -> dict[int, float]:
    """Let every so-manieth job end, one by one from the next second on; return when each does."""
    numbers = range(1, jobs + 1, max(1, jobs // ends))
    times = {number: time.time() + 1 + at / rate for at, number in enumerate(numbers)}
    Counting.over.update(times)
    return times


def back(up: Running, dag_id: str, run_id: str, ended: dict[int, float]) -> list[float]:
    """Return for each job that ended the seconds until its task ran again, by Airflow's audit log."""
    found = dict[int, float]()

    def all_back() -> bool:
        rows = up.rows("eventLogs", "event_logs", dag_id=dag_id, run_id=run_id, event="running")
        starts = ((row["map_index"] + 1, epoch(row["when"])) for row in rows)
        found.update((number, at) for number, at in starts if at > ended.get(number, FAR))  # else it was deferred
        return len(found) >= len(ended)

    up.until("all tasks whose jobs have ended are back", all_back, max(ended.values()) - time.time() + 300, look=5)
    return [found[number] - at for number, at in ended.items()]


def _overrides(url: str, jobs: int, probe: Path) -> dict[str, str]:
    service = {"conn_type": "openencoder", "host": url, "login": "admin", "password": "any"}
    return {
        "AIRFLOW_CONN_COUNTED": json.dumps(service),
        "AIRFLOW_CONN_COUNTED_HTTP": json.dumps({"conn_type": "http", "host": url}),
        "AIRFLOW__TRIGGERER__CAPACITY": str(jobs + 100),
        JOBS: str(jobs),
        FILE: str(probe),
    }


def _cpu(processes: list[Any]) -> float:
    times = [process.cpu_times() for process in processes]
    return float(sum(each.user + each.system for each in times))


def bars(ours: Waits, jobs: int) -> list[Bar]:
    """Return what so many waits have to hold: memory and CPU by their number, the rest whatever it is."""
    share = max(jobs, FEWEST) / 1000
    return [
        Bar("memory added", ours.memory, 150 * share, "MB"),
        Bar("CPU added", ours.cores, 0.1 * share, "cores"),
        Bar("the event loop's lag, p99", ours.lag(0.99), 250, "ms"),
        Bar("requests to the service", ours.full.requests, 2, "/s"),
        Bar("from a job's end to its task's return, p95", percentile(ours.back, 0.95), INTERVAL + 5, "s"),
    ]


def main() -> int:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--ends", type=int, default=100, help="how many of them end")
    parser.add_argument("--rate", type=float, default=1.5, help="how many end per second")
    parser.add_argument("--window", type=float, default=60.0, help="seconds for which a triggerer is watched")
    parser.add_argument("--on", choices=("cluster", "machine"), default="cluster")
    given = parser.parse_args()

    shape = (given.jobs, given.ends, given.rate, given.on, given.window)
    ours, stock = (waits_of(dag_id, *shape) for dag_id in (OURS, STOCK))
    lags = [1000 * percentile(each.empty.late, 0.99) for each in (ours, stock)]
    notes = [f"the empty triggerer's loop: lag p99 {shown(lags[0], 'ms')} and {shown(lags[1], 'ms')}"]
    rows = [ours.row("Reelworks"), stock.row("HttpSensor")]
    return report(f"{given.jobs} jobs that one triggerer waits for", HEADINGS, rows, bars(ours, given.jobs), notes)


if __name__ == "__main__":
    sys.exit(ended(main))
