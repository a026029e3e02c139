"""Airflow as the reaper sees it: notes, runs and the states of tasks, behind the socket to the supervisor."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import comms

from reelworks.core.owners import ASSET
from tests.task_process import DAG_ID, TaskLife

TASK = "encode"

WRITES = ("SetAssetStateStoreByName", "DeleteAssetStateStoreByName")


@dataclass
class Airflow:
    """Put in place of `task_runner.SUPERVISOR_COMMS`. ``runs`` has each run's state, ``tasks`` those of its tasks."""

    notes: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, dict[tuple[str, int], str | None]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    connections: dict[str, str] = field(default_factory=dict)
    """Their types, by id."""
    asked: list[str] = field(default_factory=list)
    silent_at: int | None = None
    """The question, counted from 1, from which on there are no answers."""
    heard_at: int | None = None
    """The one from which on there are answers again."""
    silence: type[Exception] = AirflowRuntimeError
    """What is raised instead of an answer."""
    before: dict[int, Callable[[], None]] = field(default_factory=dict)
    """What somebody does just before the nth question about a task."""

    # What happens there

    def adopt(self, life: TaskLife, run_id: str, state: str | None = "deferred", *, age: float = 3600.0) -> list[str]:
        """Take over what a task has noted, as one of the run ``run_id`` that noted it ``age`` seconds ago."""
        for key, note in life.notes.items():
            self.notes[key] = {**note, "run_id": run_id, "noted": note["noted"] - age}
        self.run(run_id, state)
        return [*life.notes]

    def run(self, run_id: str, state: str | None, *, over: bool = False) -> None:
        """Let there be a run with one task in that state."""
        self.runs[run_id] = "failed" if over else "running"
        self.tasks[run_id] = {(TASK, -1): state}

    def note(self, key: str, run_id: str, *, noted: float = 0.0, **more: Any) -> None:
        """Note a thing as the run's."""
        owner = {"dag_id": DAG_ID, "run_id": run_id, "task_id": TASK, "map_index": -1, "noted": noted}
        self.notes[key] = {**owner, **more}

    def fall_silent(self, *, after: int) -> None:
        """Answer this question and so many more."""
        self.silent_at = len(self.asked) + after + 1

    def delete_run(self, run_id: str) -> None:
        del self.runs[run_id], self.tasks[run_id]

    # What is asked

    def send(self, msg: Any) -> Any:
        kind = type(msg).__name__
        if kind == "MaskSecret":
            return comms.OKResponse(ok=True)
        self.asked.append(kind)
        if self.silent_at is not None and self.silent_at <= len(self.asked) < (self.heard_at or math.inf):
            if self.silence is not AirflowRuntimeError:
                raise self.silence
            raise AirflowRuntimeError(
                comms.ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": 503})
            )
        return getattr(self, f"_{kind}")(msg)

    async def asend(self, msg: Any) -> Any:
        return self.send(msg)

    def _GetAssetStateStoreByName(self, msg: comms.GetAssetStateStoreByName) -> Any:
        assert msg.name == ASSET
        if msg.key not in self.notes:
            return comms.ErrorResponse(error=ErrorType.ASSET_STORE_NOT_FOUND, detail={"key": msg.key})
        return comms.AssetStateStoreResult(value=self.notes[msg.key])

    def _SetAssetStateStoreByName(self, msg: comms.SetAssetStateStoreByName) -> Any:
        self.notes[msg.key] = dict(msg.value)  # type: ignore[arg-type]
        return comms.OKResponse(ok=True)

    def _DeleteAssetStateStoreByName(self, msg: comms.DeleteAssetStateStoreByName) -> Any:
        self.notes.pop(msg.key, None)
        return comms.OKResponse(ok=True)

    def _GetTaskStates(self, msg: comms.GetTaskStates) -> Any:
        """Answer as the route of the Execution API does; a run that is not there is left out."""
        happens = self.before.pop(self.asked.count("GetTaskStates"), None)
        if happens:
            happens()
        assert msg.dag_id == DAG_ID
        assert msg.run_ids is not None
        found: dict[str, dict[str, Any]] = {}
        for run_id in self.runs.keys() & set(msg.run_ids):
            rows = {
                (task if index < 0 else f"{task}_{index}"): state
                for (task, index), state in self.tasks[run_id].items()
                if task in (msg.task_ids or [task]) and msg.map_index in (None, index)
            }
            if rows:
                found[run_id] = rows
        return comms.TaskStatesResult(task_states=found)

    def _GetDRCount(self, msg: comms.GetDRCount) -> Any:
        assert msg.dag_id == DAG_ID
        assert msg.run_ids is not None
        states = [self.runs[run_id] for run_id in msg.run_ids if run_id in self.runs]
        return comms.DRCount(count=sum(state in (msg.states or [state]) for state in states))

    def _GetConnection(self, msg: comms.GetConnection) -> Any:
        if msg.conn_id not in self.connections:
            return comms.ErrorResponse(error=ErrorType.CONNECTION_NOT_FOUND)
        told = dict.fromkeys(("host", "schema", "login", "password", "port", "extra"))
        return comms.ConnectionResult(conn_id=msg.conn_id, conn_type=self.connections[msg.conn_id], **told)

    def _GetVariable(self, msg: comms.GetVariable) -> Any:
        if msg.key not in self.variables:
            return comms.ErrorResponse(error=ErrorType.VARIABLE_NOT_FOUND)
        return comms.VariableResult(key=msg.key, value=self.variables[msg.key])


def written(life: TaskLife) -> list[tuple[str, str, Any]]:
    """What a task has written of owners, in its order: the asset, the key, and the note, None for one struck."""
    return [(msg["name"], msg["key"], msg.get("value")) for kind, msg in life.saved["messages"] if kind in WRITES]
