"""One run of a DAG in the running whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import psutil
import requests

from stack.machine import Machine


@dataclass
class Run:
    """Looked at, stopped, cleared and hurt."""

    machine: Machine
    until: Callable[..., None]
    dag_id: str
    run_id: str

    @property
    def state(self) -> str:
        return self.machine.airflow.run_state(self.dag_id, self.run_id)

    @property
    def tasks(self) -> list[dict[str, Any]]:
        return self.machine.airflow.tasks(self.dag_id, self.run_id)

    def task(self, task_id: str, map_index: int = -1) -> dict[str, Any]:
        return next(task for task in self.tasks if (task["task_id"], task["map_index"]) == (task_id, map_index))

    def states(self, task_id: str) -> list[str | None]:
        """The states of a task's mapped instances, in order."""
        mapped = sorted((task for task in self.tasks if task["task_id"] == task_id), key=lambda task: task["map_index"])
        return [task["state"] for task in mapped]

    def until_task(self, task_id: str, *states: str) -> None:
        """Wait until each of the task's instances is in one of the states."""
        self.until(f"{task_id} is {states}", lambda: set(self.states(task_id)) <= {*states})

    def until_waiting(self, task_id: str) -> None:
        """Wait until the triggerer has taken each over; in the second before, no trigger is there to be told."""
        self.until_task(task_id, "deferred")
        ours = (task for task in self.tasks if task["task_id"] == task_id)
        for map_index in [task["map_index"] for task in ours]:
            self.until("a triggerer waits", lambda at=map_index: self.task(task_id, at)["triggerer_job"])

    def until_over(self, within: float = 300.0) -> str:
        try:
            self.until(f"{self.dag_id} is over", lambda: self.state in ("success", "failed"), within)
        except AssertionError as error:
            states = {(task["task_id"], task["map_index"]): task["state"] for task in self.tasks}
            raise AssertionError(f"{error}: run {self.state}, {states}") from None
        return self.state

    def mark(self, task_id: str, state: str) -> None:
        requests.patch(f"{self._url}/taskInstances/{task_id}", json={"new_state": state}, timeout=20).raise_for_status()

    def mark_run(self, state: str) -> None:
        requests.patch(self._url, json={"state": state}, timeout=20).raise_for_status()

    def clear(self, task_id: str) -> None:
        """Clear the task and all after it."""
        body = {"dry_run": False, "dag_run_id": self.run_id, "task_ids": [task_id], "only_failed": False}
        url = f"{self.machine.airflow.url}/api/v2/dags/{self.dag_id}/clearTaskInstances"
        requests.post(url, json={**body, "include_downstream": True}, timeout=20).raise_for_status()

    def clear_all(self) -> None:
        body = {"dry_run": False, "only_failed": False}
        requests.post(f"{self._url}/clear", json=body, timeout=20).raise_for_status()

    def delete(self) -> None:
        """Delete the run with all that Airflow knows of it."""
        requests.delete(self._url, timeout=20).raise_for_status()

    def kill(self, task_id: str) -> None:
        """SIGKILL the process that runs the task, as the kernel's OOM killer would."""
        component = next(each for each in self.machine.processes.components if each.name == "scheduler")
        guard = psutil.Process(component.guard.pid)
        ti_id = str(self.task(task_id)["id"])
        supervisor = next(each for each in guard.children(recursive=True) if ti_id in " ".join(each.cmdline()))
        for process in supervisor.children(recursive=True):
            process.kill()

    def xcom(self, task_id: str) -> Any:
        """What the task returned."""
        url = f"{self._url}/taskInstances/{task_id}/xcomEntries/return_value"
        answer = requests.get(url, params={"stringify": "false"}, timeout=20)
        answer.raise_for_status()
        return answer.json()["value"]

    @property
    def _url(self) -> str:
        run = quote(self.run_id, safe="")
        return f"{self.machine.airflow.url}/api/v2/dags/{self.dag_id}/dagRuns/{run}"
