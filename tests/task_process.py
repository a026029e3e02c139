"""A task instance over its tries, each run by Airflow's own task runner in a process that can be killed anywhere.

Only the supervisor is stood in for: what it would keep in Airflow's database lies in a JSON file here, so that it
survives the process as it does there.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import Value
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import structlog
from airflow.providers.amazon.aws.hooks.s3 import S3Hook  # noqa: F401
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.api.datamodels._generated import DagRun, DagRunState, DagRunType, TIRunContext
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import comms, supervisor, task_runner  # noqa: F401
from airflow.sdk.plugins_manager import integrate_macros_plugins
from airflow.sdk.serde import deserialize
from airflow.sdk.timezone import utcnow
from asgiref.sync import SyncToAsync
from botocore.loaders import JSONFileLoader

DAG_ID, RUN_ID = "a_dag", "a_run"

# Once here instead of in each process: it has what is imported and read by now.
integrate_macros_plugins()
_read_model = functools.cache(JSONFileLoader().load_file)
JSONFileLoader.load_file = lambda _, path: _read_model(path)  # type: ignore[method-assign]
boto3.session.Session(region_name="us-east-1").client("s3")


@dataclass
class Outcome:
    """How one stretch of a task ended: Airflow's state for it, "killed", or a trigger's event."""

    state: str
    error: str = ""
    event: dict[str, Any] | None = None


@dataclass
class TaskLife:
    """One task instance: run it, kill it, clear it, let it retry. ``make`` builds the operator inside a DAG."""

    make: Callable[[], BaseOperator]
    folder: Path
    retries: int = 3
    conf: dict[str, Any] = field(default_factory=dict)
    airflow_state: str | None = "running"
    """What Airflow answers when it is asked for the task's state."""
    silent_about_connections: bool = False
    """Whether Airflow's API server answers no question about one; those of the environment are found without it."""
    refuses_variables: bool = False
    """Whether Airflow lets the task write no Variable."""
    run_id: str = RUN_ID
    upstream: dict[str, TaskLife] = field(default_factory=dict)
    """By their task ids, the lives whose XComs this one may pull."""

    def __post_init__(self) -> None:
        self.try_number = 0
        self.max_tries = self.retries
        self.kill_at = 0
        self.points = Value("i", 0)
        self.deferred: dict[str, Any] | None = None
        self._file = self.folder / f"airflow-{uuid4().hex}.json"
        self._vault = self._file.with_suffix(".variables.json")
        self.given_away = self._file.with_suffix(".given_away")
        """While it is there, Airflow has taken the try for dead, and its task instance is another try's: the one that
        it knows no longer stores anything."""
        self._write({"store": {}, "xcoms": {}, "notes": {}, "messages": []})

    # What Airflow would have in its database

    @property
    def saved(self) -> dict[str, Any]:
        return json.loads(self._file.read_text())

    @property
    def store(self) -> dict[str, Any]:
        return self.saved["store"]

    @property
    def xcoms(self) -> dict[str, Any]:
        return self.saved["xcoms"]

    @property
    def notes(self) -> dict[str, Any]:
        """What is noted of the owners of remote things."""
        return self.saved["notes"]

    @property
    def variables(self) -> dict[str, str]:
        """Airflow's Variables, which it encrypts."""
        return json.loads(self._vault.read_text()) if self._vault.exists() else {}

    @property
    def everything_written(self) -> str:
        """All that reached Airflow: rendered fields, XComs, trigger rows, stored state."""
        return self._file.read_text()

    def _write(self, saved: dict[str, Any]) -> None:
        with tempfile.NamedTemporaryFile("w", dir=self.folder, delete=False) as file:
            file.write(json.dumps(saved, default=str))  # json.dump would not use the encoder that is written in C
        os.replace(file.name, self._file)

    # What a scheduler does with it

    def run(self) -> Outcome:
        """Run one try to its end, through every deferral; a killed triggerer's trigger runs again elsewhere."""
        self.try_number += 1
        outcome = self._stretch(lambda: self._task(None, {}))
        while outcome.state == "deferred":
            event = self.run_trigger()
            if event.state == "killed":
                continue
            outcome = self.resume(event.event)
        return outcome

    def run_until_over(self, most: int = 5) -> Outcome:
        """Run tries until one ends for good, as Airflow's retries would."""
        for _ in range(most):
            outcome = self.run()
            if outcome.state not in ("killed", "up_for_retry"):
                break
        return outcome

    def start(self) -> Outcome:
        """Run one try up to its deferral or end."""
        self.try_number += 1
        return self._stretch(lambda: self._task(None, {}))

    def run_trigger(self) -> Outcome:
        """Run the deferred task's trigger to its event, in a process of its own."""
        assert self.deferred
        return self._stretch(self._trigger)

    def kill_trigger(self) -> Outcome:
        """Do what the triggerer does when a user acts on the deferred task."""
        return self._stretch(lambda: asyncio.run(self._rebuilt().on_kill()) or {"state": "stopped"})

    def resume(self, event: dict[str, Any] | None) -> Outcome:
        """Go on after the trigger fired."""
        assert self.deferred
        kwargs = {**deserialize(self.deferred["next_kwargs"] or {}), "event": event}
        return self._stretch(lambda: self._task(self.deferred["next_method"], kwargs))

    def forget_xcoms(self) -> None:
        """Do what Airflow does to a task's XComs when its next try starts."""
        self._write({**self.saved, "xcoms": {}})

    def fail_deferred(self, error: str) -> Outcome:
        """Resume the way Airflow does when a trigger crashed or timed out."""
        return self._stretch(lambda: self._task("__fail__", {"error": error}))

    def clear(self) -> None:
        """Do what a clear does to a task that is not running."""
        self.max_tries = self.try_number + self.retries

    # The processes

    def _stretch(self, work: Callable[[], dict[str, Any]]) -> Outcome:
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read_end)
            self._child(work, write_end)
        os.close(write_end)
        with os.fdopen(read_end, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return Outcome("killed")
        result = json.loads(said)
        assert "crash" not in result, result.get("crash")
        self.deferred = result.pop("deferred", self.deferred)
        return Outcome(**result)

    def _child(self, work: Callable[[], dict[str, Any]], pipe: int) -> None:
        # Airflow looks connections up in asgiref's one thread. Where the parent has done so, its fork has the executor
        # without the thread, and would wait for ever.
        SyncToAsync.single_thread_executor = ThreadPoolExecutor(max_workers=1)
        try:
            with self._counted():
                result = work()
        except BaseException:
            result = {"crash": traceback.format_exc()}
        os.write(pipe, json.dumps(result, default=str).encode())
        os._exit(0)

    def _task(self, next_method: str | None, next_kwargs: dict[str, Any]) -> dict[str, Any]:
        wire = Supervisor(self)
        task_runner.SUPERVISOR_COMMS = wire  # the edge: the socket to the supervisor
        instance = self._instance(next_method, next_kwargs)
        log = structlog.get_logger("task")
        state, message, error = task_runner.run(instance, instance.get_template_context(), log)
        result = {"state": str(state.value), "error": f"{type(error).__name__}: {error}" if error else ""}
        if isinstance(message, comms.DeferTask):
            result["deferred"] = message.model_dump(mode="json")
        return result

    def _instance(self, next_method: str | None, next_kwargs: dict[str, Any]) -> Any:
        with DAG(DAG_ID, schedule=None, params=self.conf):
            task = self.make()
        task.retries = self.retries
        run = DagRun.model_construct(
            dag_id=DAG_ID,
            run_id=self.run_id,
            logical_date=utcnow(),
            data_interval_start=None,
            data_interval_end=None,
            run_after=utcnow(),
            start_date=utcnow(),
            end_date=None,
            run_type=DagRunType.MANUAL,
            state=DagRunState.RUNNING,
            conf=self.conf,
            consumed_asset_events=[],
            partition_key=None,
        )
        retry = self.max_tries != 0 and self.try_number <= self.max_tries
        context = TIRunContext.model_construct(
            dag_run=run,
            max_tries=self.max_tries,
            next_method=next_method,
            next_kwargs=next_kwargs,
            should_retry=retry,
            variables=[],
            connections=[],
            xcom_keys_to_clear=[],
            start_date=utcnow(),
        )
        return task_runner.RuntimeTaskInstance.model_construct(
            id=uuid4(),
            task_id=task.task_id,
            dag_id=DAG_ID,
            run_id=self.run_id,
            try_number=self.try_number,
            max_tries=self.max_tries,
            map_index=-1,
            task=task,
            start_date=utcnow(),
            _ti_context_from_server=context,
        )

    def _rebuilt(self) -> Any:
        task_runner.SUPERVISOR_COMMS = Supervisor(self)
        module, _, name = self.deferred["classpath"].rpartition(".")
        kwargs = deserialize(self.deferred["trigger_kwargs"])
        trigger = getattr(__import__(module, fromlist=[name]), name)(**kwargs)
        trigger.task_instance = self._instance(None, {})
        return trigger

    def _trigger(self) -> dict[str, Any]:
        async def first() -> Any:
            return await anext(self._rebuilt().run())

        return {"state": "fired", "event": asyncio.run(first()).payload}

    # Where it can be killed

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count a point before and after every remote call; the edges are other people's libraries."""
        import httpx
        import requests
        from botocore.client import BaseClient

        from reelworks.core import trigger

        trigger.FIRST_LOOK = 0.0  # its reason is the executor, which is not here
        for owner, name in ((requests.Session, "send"), (BaseClient, "_make_api_call")):
            setattr(owner, name, self._around(getattr(owner, name)))
        send = httpx.AsyncClient.send

        async def counted(client: Any, *args: Any, **kwargs: Any) -> Any:
            self.point()
            answer = await send(client, *args, **kwargs)
            self.point()
            return answer

        httpx.AsyncClient.send = counted  # type: ignore[method-assign]
        yield

    def _around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.point()
            answer = call(*args, **kwargs)
            self.point()
            return answer

        return counted

    def point(self) -> None:
        """Pass a place where the process may die; die if this is the one."""
        with self.points.get_lock():
            self.points.value += 1
            here = self.points.value
        if here == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)


KEPT = {"GetVariable", "PutVariable", *(f"{verb}AssetStateStoreByName" for verb in ("Get", "Set", "Delete"))}
"""Messages about what Airflow keeps for more than one task."""


class Supervisor:
    """Answers a task as Airflow's supervisor does, from the life's file."""

    def __init__(self, life: TaskLife) -> None:
        self.life = life

    def send(self, msg: Any) -> Any:
        kind = type(msg).__name__
        if kind in ("MaskSecret", "GetConnection"):
            return self._unsaved(kind)  # there are thousands of them
        saved = self.life.saved
        if kind not in ("GetTaskStateStore", "GetVariable", "PutVariable"):
            saved["messages"].append([kind, msg.model_dump(mode="json")])
        if kind == "GetTaskStateStore":
            if msg.key not in saved["store"]:
                return comms.ErrorResponse(error=ErrorType.TASK_STORE_NOT_FOUND)
            return comms.TaskStateStoreResult(value=saved["store"][msg.key])
        if kind in KEPT:
            return self._note(saved, msg) if "AssetStateStore" in kind else self._variable(msg)
        if kind == "GetTaskStates":
            states = {self.life.run_id: {msg.task_ids[0]: self.life.airflow_state}}
            return comms.TaskStatesResult(task_states=states)
        if kind == "GetXComSequenceSlice":
            xcoms = self.life.upstream[msg.task_id].xcoms if msg.task_id in self.life.upstream else {}
            return comms.XComSequenceSliceResult(root=[xcoms[msg.key]] if msg.key in xcoms else [])
        if kind == "SetTaskStateStore":
            self._kept(saved, "store", msg.key, msg.value)
        elif kind == "SetXCom":
            self._kept(saved, "xcoms", msg.key, deserialize(msg.value))
        else:
            self.life._write(saved)
        return comms.OKResponse(ok=True)

    def _note(self, saved: dict[str, Any], msg: Any) -> Any:
        notes = saved["notes"]
        if isinstance(msg, comms.GetAssetStateStoreByName):
            if msg.key not in notes:
                return comms.ErrorResponse(error=ErrorType.ASSET_STORE_NOT_FOUND)
            return comms.AssetStateStoreResult(value=notes[msg.key])
        if isinstance(msg, comms.SetAssetStateStoreByName):
            notes[msg.key] = msg.value
        else:
            notes.pop(msg.key, None)
        self.life._write(saved)
        return comms.OKResponse(ok=True)

    def _variable(self, msg: Any) -> Any:
        variables = self.life.variables
        if isinstance(msg, comms.PutVariable):
            if self.life.refuses_variables:
                raise AirflowRuntimeError(
                    comms.ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"sent": msg.value})
                )
            self.life.point()
            self.life._vault.write_text(json.dumps({**variables, msg.key: msg.value}))
            self.life.point()
            return comms.OKResponse(ok=True)
        if msg.key not in variables:
            return comms.ErrorResponse(error=ErrorType.VARIABLE_NOT_FOUND)
        return comms.VariableResult(key=msg.key, value=variables[msg.key])

    def _unsaved(self, kind: str) -> Any:
        if kind == "MaskSecret":
            return comms.OKResponse(ok=True)
        if self.life.silent_about_connections:
            raise AirflowRuntimeError(comms.ErrorResponse(error=ErrorType.API_SERVER_ERROR))
        return comms.ErrorResponse(error=ErrorType.CONNECTION_NOT_FOUND)

    async def asend(self, msg: Any) -> Any:
        return self.send(msg)

    def _kept(self, saved: dict[str, Any], place: str, key: str, value: Any) -> None:
        self.life.point()
        if place == "store" and self.life.given_away.exists():
            detail = {"status_code": 404}
            raise AirflowRuntimeError(comms.ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail=detail))
        saved[place][key] = value
        self.life._write(saved)
        self.life.point()
