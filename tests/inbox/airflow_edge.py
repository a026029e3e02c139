"""Airflow as a task sees it: the socket to its supervisor, with runs behind it that are unique by their id."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import comms


class Killed(BaseException):
    """What no `except Exception` stops, like SIGKILL."""


@dataclass
class Airflow:
    """Put in place of `task_runner.SUPERVISOR_COMMS`."""

    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    began: dict[str, datetime] = field(default_factory=dict)
    state: str = "success"
    over: int = 0
    variables: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    dies_after: int | None = None
    refuses: int | None = None
    silent: bool = False
    busy: int = 0
    """To how many of the next triggers it answers 500, as with a locked database; every second run is there anyway."""

    @property
    def sources(self) -> list[str]:
        return sorted(conf["source"] for conf in self.runs.values())

    def count(self, kind: str) -> int:
        return self.asked.count(kind)

    def send(self, msg: Any) -> Any:
        kind = type(msg).__name__
        self.asked.append(kind)
        unanswered = comms.ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": 503})
        answer = unanswered if self.silent else getattr(self, f"_{kind}")(msg)
        if isinstance(answer, comms.ErrorResponse) and answer.error == ErrorType.API_SERVER_ERROR:
            raise AirflowRuntimeError(answer)
        return answer

    def _TriggerDagRun(self, msg: comms.TriggerDagRun) -> Any:
        if self.dies_after == 0:
            raise Killed
        if self.refuses:
            return comms.ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": self.refuses})
        if self.busy:
            self.busy -= 1
            if self.busy % 2:  # it may have been written nevertheless
                self._begin(msg)
            return comms.ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": 500})
        if msg.run_id in self.runs:
            return comms.ErrorResponse(error=ErrorType.DAGRUN_ALREADY_EXISTS)
        self._begin(msg)
        if self.dies_after:
            self.dies_after -= 1
        return comms.OKResponse(ok=True)

    def _begin(self, msg: comms.TriggerDagRun) -> None:
        assert msg.conf is not None
        self.runs[msg.run_id] = msg.conf
        self.began[msg.run_id] = datetime.now(UTC)

    def _GetDagRun(self, msg: comms.GetDagRun) -> Any:
        return comms.DagRunResult.model_construct(state=self.state, run_after=self.began[msg.run_id])

    def _GetDRCount(self, msg: comms.GetDRCount) -> Any:
        assert msg.states == ["queued", "running"]
        return comms.DRCount(count=len(self.runs) - self.over)

    def _GetVariable(self, msg: comms.GetVariable) -> Any:
        if msg.key not in self.variables:
            return comms.ErrorResponse(error=ErrorType.VARIABLE_NOT_FOUND)
        return comms.VariableResult(key=msg.key, value=self.variables[msg.key])

    def _GetConnection(self, msg: comms.GetConnection) -> Any:
        return comms.ErrorResponse(error=ErrorType.CONNECTION_NOT_FOUND)

    def _MaskSecret(self, msg: comms.MaskSecret) -> Any:
        return comms.OKResponse(ok=True)
