"""A stop that comes while Airflow is being asked: no answer is left on the line for the next question to find."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from airflow.sdk.execution_time import comms, task_runner
from airflow.sdk.execution_time.context import TaskStateStoreAccessor
from airflow.sdk.state import TaskScope

from reelworks.core.claim import KEY, Claim
from reelworks.core.ending import TaskStoppedError
from reelworks.core.flow import Flow, Reply, Sleep
from reelworks.core.hook import VideoServiceHook
from reelworks.core.jobs import Job, Phase
from reelworks.core.operator import JobOperator
from reelworks.core.transport import answer

HELD = 0.3
"""Seconds for which the answer is held back in whose way the stop comes."""


def unreached(*_: Any) -> Any:
    """What a task does not come to that takes its job over and is stopped while it waits."""
    raise AssertionError("the stop came too late, or was not heeded")


class Service(VideoServiceHook):
    """A service that needs no call, and whose jobs go on for ever."""

    conn_type, default_conn_name = "service", "service_default"
    cancelled: list[str]

    session = unreached
    ping = unreached

    def answer(self, flow: Flow[Any]) -> Any:
        return answer(flow, lambda call: Reply(500))

    def look(self, job_id: str) -> Flow[Job]:
        yield Sleep(0.01)
        return Job(job_id, Phase.RUNNING, "runs")

    def cancel(self, job_id: str) -> Flow[None]:
        self.cancelled.append(job_id)
        return
        yield


class Operator(JobOperator):
    """Takes a job over, and waits for it in place."""

    hook_class = Service

    check = unreached
    find = unreached
    create = unreached
    settle = unreached

    def start(self, claim: Claim) -> None:
        """Leave it alone: it runs."""


class Supervisor(threading.Thread):
    """Airflow's end of the line: a task that has a job, and is marked as failed while it asks for the first time."""

    def __init__(self, line: socket.socket, stop: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.line, self.stop, self.asked = line, stop, list[str]()

    def run(self) -> None:
        while frame := self._read():
            self.asked.append(frame.body["type"])
            if len(self.asked) == 1:
                self.stop()
                time.sleep(HELD)
            answer = comms._ResponseFrame(id=frame.id, body=self._answer(frame.body["type"]))
            self.line.sendall(answer.as_bytes())

    def _read(self) -> Any:
        length = self.line.recv(4)
        if not length:
            return None
        body = self.line.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL)
        return msgspec.msgpack.decode(body, type=comms._RequestFrame)

    def _answer(self, kind: str) -> dict[str, Any]:
        told: Any = comms.OKResponse(ok=True)
        if kind == "GetTaskStateStore":
            claim = Claim("a-dag-encode-0123456789-1", 1, 0, time.time() + 60, job_id="17")
            store: dict[str, Any] = {}
            claim.save(SimpleNamespace(set=store.__setitem__, get=store.get))
            told = comms.TaskStateStoreResult(value=store[KEY])
        if kind == "GetTaskStates":
            told = comms.TaskStatesResult(task_states={"a_run": {"encode": "failed"}})
        return dict(told.model_dump(mode="json"))


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The supervisor's end of the line that the task asks through."""
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", comms.CommsDecoder(socket=ours), raising=False)
    with theirs, ours:
        yield theirs


@pytest.fixture
def at_sigterm() -> Iterator[Callable[[Callable[[], None]], None]]:
    before = signal.getsignal(signal.SIGTERM)
    yield lambda act: signal.signal(signal.SIGTERM, lambda *_: act()) and None
    signal.signal(signal.SIGTERM, before)


def test_a_stop_in_the_middle_of_a_question_to_airflow_leaves_no_job_running(
    line: socket.socket, at_sigterm: Callable[[Callable[[], None]], None]
) -> None:
    operator = Operator(task_id="encode")
    at_sigterm(operator.on_kill)  # as Airflow's own handler does
    Service.cancelled = []
    supervisor = Supervisor(line, lambda: os.kill(os.getpid(), signal.SIGTERM))
    supervisor.start()
    ti = SimpleNamespace(dag_id="a_dag", task_id="encode", run_id="a_run", map_index=-1, max_tries=0, try_number=1)

    scope = TaskScope(dag_id="a_dag", run_id="a_run", task_id="encode")

    with pytest.raises(TaskStoppedError):
        operator.execute({"ti": ti, "task_state_store": TaskStateStoreAccessor(ti_id=uuid4(), scope=scope)})

    assert Service.cancelled == ["17"]
    assert supervisor.asked.count("GetTaskStates") == 1
