"""Watches a DAG run to its end and shows how far it is."""

import contextlib
import time
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
    "up_for_retry": "will be tried again",
}


def follow(
    machine: Machine, dag_id: str, run_id: str, service: str, terminal: Terminal, within: float
) -> list[dict[str, Any]]:
    """Show the run and the service's work until it has ended (at most ``within`` seconds); its task instances.

    :raises StackError: it failed; the message has the end of the failed task's log.
    """
    until = time.monotonic() + within
    state, tasks, told = "queued", list[dict[str, Any]](), set[tuple[str, int]]()
    while state not in ("success", "failed"):
        if time.monotonic() > until:
            terminal.keep()
            raise NotReady(f"{dag_id} had not ended after {within:.0f} s\n{_failure(machine, dag_id, run_id, tasks)}")
        machine.processes.check()
        # A look that fails is no failed run.
        with contextlib.suppress(requests.RequestException):
            state = machine.airflow.run_state(dag_id, run_id)
            tasks = in_order(machine.airflow.tasks(dag_id, run_id))
            _tell_retries(machine, dag_id, run_id, tasks, told, terminal)
            _show(tasks, _percent(machine.ledger(service)), terminal)
        time.sleep(LOOK)
    terminal.keep()
    if state == "failed":
        raise StackError(f"{dag_id} failed.\n{_failure(machine, dag_id, run_id, tasks)}")
    return tasks


def in_order(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort task instances upstream first: Airflow weighs each by what depends on it."""
    return sorted(tasks, key=lambda task: -task["priority_weight"])


def _word(task: dict[str, Any]) -> str | None:
    # A task that the triggerer has given back waits for a worker; it has begun all the same.
    if task["state"] in ("scheduled", "queued") and task.get("start_date"):
        return "running"
    return WORDS.get(task["state"])


def _show(tasks: list[dict[str, Any]], percent: float | None, terminal: Terminal) -> None:
    phases = [f"{task['task_id']} {word}" for task in tasks if (word := _word(task))]
    progress = "" if percent is None else f"{bar(percent)}  "
    step = "" if percent is None else int(percent // 20)
    terminal.show(f"{progress}{', '.join(phases) or 'queued'}", f"{step}{phases}")


def _percent(ledger: dict[str, Any]) -> float | None:
    """Return how far the service is with the newest job, if it is at one; Airflow does not know."""
    at_work = [job for job in ledger["jobs"][-1:] if job["endedAt"] is None]
    return float(at_work[0]["progress"]) if at_work else None


def _tell_retries(
    machine: Machine,
    dag_id: str,
    run_id: str,
    tasks: list[dict[str, Any]],
    told: set[tuple[str, int]],
    terminal: Terminal,
) -> None:
    """Say once for each attempt that failed why it did."""
    for task in tasks:
        attempt = (task["task_id"], task["try_number"])
        if task["state"] == "up_for_retry" and attempt not in told:
            told.add(attempt)
            why = machine.airflow.log(dag_id, run_id, *attempt).errors or ["see its log"]
            terminal.say(f"  {terminal.clock()}  {attempt[0]}, try {attempt[1]}: {why[-1]}")


def _failure(machine: Machine, dag_id: str, run_id: str, tasks: list[dict[str, Any]]) -> str:
    unlucky = [task for task in tasks if task["state"] not in (None, "success", "skipped", "upstream_failed")]
    told = []
    for task in unlucky:
        with contextlib.suppress(requests.RequestException):
            log = machine.airflow.log(dag_id, run_id, task["task_id"], max(task["try_number"], 1))
            told += [f"--- {task['task_id']} ({task['state']}), its log ends:", *log.lines[-LOG_LINES:]]
    return "\n".join(told) or "No task has a log to show."
