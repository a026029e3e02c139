"""Watches a DAG run to its end and shows how far it is."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

import requests

from stack.machine import Machine
from stack.processes import NotReady, StackError
from stack.table import bar
from stack.terminal import Terminal

LOOK = 0.5
LOG_LINES = 30
WORDS = {
    "running": "running",
    "deferred": "running",  # the triggerer waits for it
    "success": "done",
    "failed": "failed",
    "upstream_failed": "not reached",
    "skipped": "skipped",
    "up_for_retry": "will be tried again",
}


def follow(machine: Machine, dag_id: str, run_id: str, terminal: Terminal, within: float) -> list[dict[str, Any]]:
    """Show the run until it has ended (at most ``within`` seconds); its task instances.

    :raises StackError: it failed; the message has the end of the failed task's log.
    """
    until = time.monotonic() + within
    state, tasks = "queued", list[dict[str, Any]]()
    while state not in ("success", "failed"):
        if time.monotonic() > until:
            terminal.keep()
            raise NotReady(f"{dag_id} had not ended after {within:.0f} s\n{_failure(machine, dag_id, run_id, tasks)}")
        machine.processes.check()
        # A look that fails is no failed run.
        with contextlib.suppress(requests.RequestException):
            state = machine.airflow.run_state(dag_id, run_id)
            tasks = machine.airflow.tasks(dag_id, run_id)
            _show(tasks, _percent(machine.ledger), terminal)
        time.sleep(LOOK)
    terminal.keep()
    if state == "failed":
        raise StackError(f"{dag_id} failed.\n{_failure(machine, dag_id, run_id, tasks)}")
    return tasks


def in_order(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort task instances as they began, those that have not begun last."""
    return sorted(tasks, key=lambda task: (task["start_date"] is None, task["start_date"] or ""))


def _show(tasks: list[dict[str, Any]], percent: float | None, terminal: Terminal) -> None:
    phases = [f"{task['task_id']} {WORDS.get(task['state'], 'waiting')}" for task in in_order(tasks)]
    encoding = any(task["state"] in ("running", "deferred") for task in tasks) and percent is not None
    progress = f"{bar(percent or 0)}  " if encoding else ""
    step = int((percent or 0) // 20) if encoding else ""
    terminal.show(f"{progress}{', '.join(phases)}", f"{step}{phases}")


def _percent(ledger: Callable[[], dict[str, Any]]) -> float | None:
    """Return how far the newest job is; the service says so, Airflow does not know."""
    jobs = ledger()["jobs"]
    return float(jobs[-1]["progress"]) if jobs else None


def _failure(machine: Machine, dag_id: str, run_id: str, tasks: list[dict[str, Any]]) -> str:
    unlucky = [task for task in tasks if task["state"] not in (None, "success", "skipped", "upstream_failed")]
    told = []
    for task in unlucky:
        with contextlib.suppress(requests.RequestException):
            lines = machine.airflow.log(dag_id, run_id, task["task_id"], max(task["try_number"], 1))
            told += [f"--- {task['task_id']} ({task['state']}), its log ends:", *lines[-LOG_LINES:]]
    return "\n".join(told) or "No task has a log to show."
