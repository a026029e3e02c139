"""What has become of a failed run, in the words that are sent."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from airflow.sdk.configuration import conf
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.sdk.execution_time.xcom import XCom

from reelworks.notify.note import NOTE, Note, no_note

log = logging.getLogger(__name__)

MOST = 5
"""Failures that one message tells of; a run over a hundred videos may have a hundred."""


@dataclass(frozen=True)
class Report:
    """A failed run; ``failures`` by the name of the task, with its map index in brackets, and at most MOST of them."""

    dag_id: str
    run_id: str
    run_url: str
    failures: dict[str, Note]
    more: int

    @property
    def event(self) -> str:
        """Return ``quarantined`` if that is all that happened, else ``failed``."""
        notes = self.failures.values()
        return "quarantined" if notes and all(note["record"] for note in notes) else "failed"

    @property
    def subject(self) -> str:
        """Return one line."""
        return f"Reelworks: {self.dag_id} {self.event}: {', '.join(self.failures) or self.run_id}"

    @property
    def lines(self) -> list[str]:
        """Return the text, line by line."""
        return [
            f"{self.dag_id} {self.event}, run {self.run_id}",
            *(line for task, note in self.failures.items() for line in _told(task, note)),
            *([f"and {self.more} more tasks"] if self.more else []),
            f"Run: {self.run_url}",
        ]

    def as_json(self) -> dict[str, Any]:
        """Return what a webhook gets."""
        failures = [{"task": task, **note} for task, note in self.failures.items()]
        names = ("event", "dag_id", "run_id", "run_url", "more")
        return {**{name: getattr(self, name) for name in names}, "failures": failures, "text": "\n".join(self.lines)}


def report_on(dag_id: str, run_id: str, task_ids: Collection[str]) -> Report:
    """Ask Airflow which tasks have failed, and what they have noted; that a run failed is told if it does not say."""
    base = str(conf.get("api", "base_url", fallback="") or "http://localhost:8080").rstrip("/")
    run_url = f"{base}/dags/{dag_id}/runs/{quote(run_id)}"
    try:
        failed = _failed(dag_id, run_id)
        notes = dict(_noted(dag_id, run_id, run_url, name, task_ids) for name in failed[:MOST])
    except Exception as error:  # Airflow's own are of many kinds; under dag.test() there is nobody to be asked
        log.warning("run %s: Airflow does not tell which tasks failed (%s)", run_id, type(error).__name__)
        return Report(dag_id, run_id, run_url, {}, 0)
    return Report(dag_id, run_id, run_url, notes, max(0, len(failed) - MOST))


def _failed(dag_id: str, run_id: str) -> list[str]:
    states = RuntimeTaskInstance.get_task_states(dag_id=dag_id, run_ids=[run_id]).get(run_id, {})
    return sorted(name for name, state in states.items() if str(getattr(state, "value", state)) == "failed")


def _noted(dag_id: str, run_id: str, run_url: str, name: str, task_ids: Collection[str]) -> tuple[str, Note]:
    task_id, map_index = _parted(name, task_ids)
    mapped = map_index >= 0
    found = XCom.get_one(key=NOTE, dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index)
    log_url = f"{run_url}/tasks/{task_id}{f'/mapped/{map_index}' if mapped else ''}"
    return f"{task_id}[{map_index}]" if mapped else task_id, found or no_note(log_url)


def _parted(name: str, task_ids: Collection[str]) -> tuple[str, int]:
    """Part ``<task id>_<map index>``, which is how Airflow calls a mapped task instance here."""
    task_id, _, index = name.rpartition("_")
    return (name, -1) if name in task_ids or not index.isdigit() else (task_id, int(index))


def _told(task: str, note: Note) -> Iterator[str]:
    if note["record"]:
        yield f"Quarantined: {note['message']}"
        yield f"Record: {note['record']}"
    else:
        yield f"{task}: {note['error']}: {note['message']}" if note["error"] else f"{task}: {note['message']}"
    yield f"Money at risk: {note['money']}"
    yield f"What to do: {note['remedy']}"
    yield f"Log: {note['log_url']}"
