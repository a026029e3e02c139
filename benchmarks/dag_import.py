"""Print how long each DAG file takes to import over an empty one, on top of Airflow's own import.

Run it from the project's root: ``.venv/bin/python benchmarks/dag_import.py``. Each figure is the least of five fresh
interpreters: seconds of processor time, and of the clock.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TIMES = 5
PROGRAM = """
import runpy, sys, time
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, Param, TriggerRule, get_current_context, task
cpu, clock = time.process_time(), time.perf_counter()
if len(sys.argv) > 1:
    runpy.run_path(sys.argv[1])
print(time.process_time() - cpu, time.perf_counter() - clock)
"""


def measured(*file: str) -> tuple[float, float]:
    """Return the least processor and clock seconds of ``TIMES`` imports."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "plugins"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    found = []
    for _ in range(TIMES):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *file], env=environment, capture_output=True, text=True, check=True
        )
        cpu, clock = done.stdout.split()[-2:]
        found.append((float(cpu), float(clock)))
    return min(cpu for cpu, _ in found), min(clock for _, clock in found)


def main() -> None:
    """Measure an empty file, then each DAG file."""
    empty = measured()
    print(f"{'DAG file':32} {'processor':>10} {'clock':>10}")  # noqa: T201
    for file in sorted((ROOT / "dags").glob("*.py")):
        cpu, clock = measured(str(file))
        print(f"{file.name:32} {cpu - empty[0]:8.3f} s {clock - empty[1]:8.3f} s")  # noqa: T201


if __name__ == "__main__":
    main()
