"""Print what each DAG file takes to import over an empty one, on top of Airflow's own import: seconds and memory.

Run it from the project's root: ``.venv/bin/python -m benchmarks.dag_import``. Each figure is the least of some fresh
interpreters: seconds of processor time, and of the clock, and the MB by which the process has grown.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.ending import ended
from benchmarks.report import report, shown

ROOT = Path(__file__).resolve().parents[1]
HEADINGS = ("DAG file", "processor s", "clock s", "MB")
PROGRAM = """
import runpy, sys, time
import psutil
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, Param, TriggerRule, get_current_context, task
memory = psutil.Process().memory_info
cpu, clock, size = time.process_time(), time.perf_counter(), memory().rss
if len(sys.argv) > 1:
    runpy.run_path(sys.argv[1])
print(time.process_time() - cpu, time.perf_counter() - clock, (memory().rss - size) / 1e6)
"""

Figures = tuple[float, ...]


def measured(times: int, *file: str) -> Figures:
    """Return the least of each figure in so many imports."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "plugins"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    found = []
    for _ in range(times):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *file], env=environment, capture_output=True, text=True, check=True
        )
        found.append([float(figure) for figure in done.stdout.split()[-3:]])
    return tuple(min(each) for each in zip(*found, strict=True))


def main() -> int:
    """Measure an empty file, then each DAG file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args().times
    empty = measured(times)
    rows = []
    for file in sorted((ROOT / "dags").glob("*.py")):
        added = [figure - nothing for figure, nothing in zip(measured(times, str(file)), empty, strict=True)]
        rows.append((file.name, *(shown(max(0.0, figure)) for figure in added)))
    return report("Importing a DAG file, over an empty one", HEADINGS, rows, [])


if __name__ == "__main__":
    sys.exit(ended(main))
