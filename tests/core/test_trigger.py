"""The trigger, in a real event loop, against a service that speaks just enough ByteNite."""

import asyncio
import importlib
import json
import time
from contextlib import aclosing
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ErrorResponse, GetTaskStates, TaskStatesResult
from airflow.triggers.base import TaskSuccessEvent, TriggerEvent

from reelworks.bytenite.hook import ByteNiteHook
from reelworks.core import trigger as module
from reelworks.core.errors import BusyError
from reelworks.core.task_states import GIVEN_UP
from reelworks.core.trigger import JobTrigger, hook_path
from tests.connections import connect
from tests.loopback import answers, serving

HOOK = "reelworks.bytenite.hook.ByteNiteHook"
ABORT = "POST /v1/customer/jobs/17/abort"
LOOK = "GET /v1/customer/jobs/17"


class Service:
    """One job, 17, that goes through ``states`` look by look and stays in the last."""

    def __init__(self, server):
        self.server, self.states = server, ["JOB_STATE_COMPLETE"]
        server.act = self.act

    def act(self, handler):
        path = handler.heard.path
        if path == "/v1/auth/access_token":
            answers({"token": "t1", "expiresIn": "3600"})(handler)
        elif path.endswith("/abort"):
            self.states = ["JOB_STATE_ABORTED"]
            answers({"ok": True})(handler)
        else:
            state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            job = {"id": "17", "name": "a-job", "state": state, "paymentAmount": "28", "errorMessage": None}
            answers({"job": job})(handler)


@pytest.fixture
def service(monkeypatch, request):
    monkeypatch.setattr(module, "FIRST_LOOK", 0.0)
    with serving() as server:
        connect(monkeypatch, "bytenite_default", password=f"key of {request.node.name}", host=server.url)
        yield Service(server)


@pytest.fixture
def looks(service):
    return lambda: service.server.asked.count(LOOK)


def make(**arguments):
    told = {"interval": 0.02, "deadline": time.time() + 20, **arguments}
    return JobTrigger(**{"hook": HOOK, "conn_id": "bytenite_default", "job_id": "17", **told})


async def events_of(trigger):
    return [event async for event in trigger.run()]


def run(trigger):
    (event,) = asyncio.run(asyncio.wait_for(events_of(trigger), 15))
    return event


def rebuilt(trigger):
    path, kwargs = trigger.serialize()
    name, _, class_name = path.rpartition(".")
    return getattr(importlib.import_module(name), class_name)(**json.loads(json.dumps(kwargs)))


@pytest.mark.parametrize(
    "arguments",
    [{}, {"deadline": None, "timeout": 60.0, "owns_job": False, "ends_task": True}, {"job_id": "ä", "interval": 15.0}],
)
def test_a_trigger_survives_the_database(arguments) -> None:
    trigger = make(**arguments)

    again = rebuilt(trigger)

    assert type(again) is JobTrigger
    assert again.serialize() == trigger.serialize()
    assert {name: getattr(again, name) for name in arguments} == arguments


def test_what_is_stored_of_a_trigger_holds_no_secret(service) -> None:
    stored = json.dumps(make().serialize())

    assert "key of" not in stored
    assert set(make().serialize()[1]) == {
        *("hook", "conn_id", "job_id", "interval", "deadline", "timeout", "stall", "owns_job", "ends_task"),
    }


@pytest.mark.parametrize(
    ("state", "phase"),
    [("JOB_STATE_COMPLETE", "succeeded"), ("JOB_STATE_FAILED", "failed"), ("JOB_STATE_ABORTED", "cancelled")],
)
def test_the_event_says_how_the_job_ended_in_plain_json(service, looks, state, phase) -> None:
    service.states = ["JOB_STATE_NEW", "JOB_STATE_PARTITIONING", "JOB_STATE_DREAMING", state]

    event = run(make())

    assert type(event) is TriggerEvent
    assert json.loads(json.dumps(event.payload)) == {
        "job_id": "17",
        "phase": phase,
        "message": f"job 17 is {phase} ({state})",
    }
    assert looks() == 4


def test_a_success_can_end_the_task_without_a_worker(service) -> None:
    event = run(make(ends_task=True))

    assert type(event) is TaskSuccessEvent
    assert event.xcoms == {
        "return_value": {"job_id": "17", "phase": "succeeded", "state": "JOB_STATE_COMPLETE", "amount": "28"}
    }


@pytest.mark.parametrize("state", ["JOB_STATE_FAILED", "JOB_STATE_ABORTED"])
def test_a_failure_never_ends_the_task_in_the_triggerer_where_retries_are_skipped(service, state) -> None:
    service.states = [state]

    assert type(run(make(ends_task=True))) is TriggerEvent


@pytest.mark.parametrize("limit", [{"deadline": 0.15}, {"deadline": None, "timeout": 0.15}])
def test_an_overdue_job_wakes_its_task(service, limit) -> None:
    service.states = ["JOB_STATE_PARTITIONING"]
    if limit["deadline"]:
        limit = {"deadline": time.time() + limit["deadline"]}

    event = run(make(**limit))

    assert event.payload["phase"] is None
    assert "deadline has passed" in event.payload["message"]


def test_a_long_interval_does_not_outsleep_the_deadline(service) -> None:
    service.states = ["JOB_STATE_PARTITIONING"]
    begun = time.monotonic()

    event = run(make(interval=3600.0, deadline=time.time() + 0.2))

    assert event.payload["phase"] is None
    assert time.monotonic() - begun < 5


def test_the_first_look_waits_until_airflow_has_settled_the_deferral(service, looks, monkeypatch) -> None:
    assert module.FIRST_LOOK == 0.0
    monkeypatch.setattr(module, "FIRST_LOOK", 0.4)
    begun = time.monotonic()

    run(make())

    assert time.monotonic() - begun >= 0.4
    assert looks() == 1


def test_a_task_that_starts_in_the_triggerer_is_looked_at_at_once(service, monkeypatch) -> None:
    monkeypatch.setattr(module, "FIRST_LOOK", 60.0)

    assert type(run(make(ends_task=True, interval=60.0))) is TaskSuccessEvent


def test_looks_that_go_unanswered_are_gone_over(service, looks) -> None:
    busy = answers({}, 503, Retry_After="0")
    service.server.acts = [service.act, *[busy] * 9]

    assert run(make()).payload["phase"] == "succeeded"
    assert looks() == 10


@pytest.mark.parametrize(
    ("act", "message"),
    [(answers({}, 403), "answered 403"), (answers({"ok": False, "message": "no such key"}), "no such key")],
)
def test_what_ends_the_wait_wakes_the_task_and_tells_no_secret(service, act, message) -> None:
    service.server.act = act

    event = run(make())

    assert event.payload["phase"] is None
    assert message in event.payload["message"]
    assert "key of" not in json.dumps(event.payload)


def test_a_missing_connection_wakes_the_task(monkeypatch) -> None:
    monkeypatch.setattr(module, "FIRST_LOOK", 0.0)

    assert "'nowhere' cannot be read" in run(make(conn_id="nowhere")).payload["message"]


def test_many_waits_share_one_sign_in(service) -> None:
    service.states = ["JOB_STATE_PARTITIONING"] * 60 + ["JOB_STATE_COMPLETE"]

    async def crowd():
        return await asyncio.gather(*(events_of(make()) for _ in range(40)))

    events = asyncio.run(asyncio.wait_for(crowd(), 15))

    assert {event.payload["phase"] for (event,) in events} == {"succeeded"}
    assert service.server.asked.count("POST /v1/auth/access_token") == 1


class ListingHook(ByteNiteHook):
    """Lists however few jobs are wanted."""

    def look_at_all(self, wanted):
        job = yield from self.look("17")
        return {"17": job}


def test_waits_on_the_old_and_the_new_address_of_a_connection_share_no_list(service, monkeypatch, request) -> None:
    """Each goes on where it began, and a small number is a job's id at either."""
    service.states = ["JOB_STATE_PARTITIONING"]
    old, new = make(hook=hook_path(ListingHook)), make(hook=hook_path(ListingHook))

    async def both(moved):
        before = asyncio.create_task(events_of(old))
        while LOOK not in service.server.asked:  # noqa: ASYNC110, another thread writes it
            await asyncio.sleep(0.01)
        connect(monkeypatch, "bytenite_default", password=f"key of {request.node.name}", host=moved.url)
        after = await events_of(new)
        service.states = ["JOB_STATE_FAILED"]
        return [event.payload["phase"] for (event,) in (await before, after)]

    with serving() as moved:
        Service(moved)

        assert asyncio.run(asyncio.wait_for(both(moved), 15)) == ["failed", "succeeded"]


def test_a_triggerer_that_stops_leaves_the_job_alone_and_another_goes_on(service) -> None:
    service.states = ["JOB_STATE_PARTITIONING"]
    trigger = make()

    async def stop():
        async with aclosing(trigger.run()) as events:
            task = asyncio.create_task(anext(events))
            while LOOK not in service.server.asked:  # noqa: ASYNC110, another thread writes it
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await trigger.cleanup()

    asyncio.run(stop())
    assert ABORT not in service.server.asked
    assert LOOK in service.server.asked

    service.states = ["JOB_STATE_COMPLETE"]
    assert run(rebuilt(trigger)).payload["phase"] == "succeeded"


class FakeComms:
    """The supervisor as far as it is asked for task states; the connections are in the environment."""

    def __init__(self, states):
        self.states, self.asked = states, []

    def send(self, message):
        if isinstance(message, GetTaskStates):
            self.asked.append(message)
            return TaskStatesResult(task_states=self.states)
        return None

    async def asend(self, message):
        return self.send(message)


@pytest.fixture
def airflow_says(monkeypatch):
    def say(states):
        comms = FakeComms(states)
        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", comms, raising=False)
        return comms

    return say


def killed(trigger, map_index=-1):
    trigger.task_instance = SimpleNamespace(dag_id="a_dag", task_id="encode", run_id="a_run", map_index=map_index)
    asyncio.run(asyncio.wait_for(trigger.on_kill(), 10))


@pytest.mark.parametrize("state", sorted(GIVEN_UP))
def test_a_job_whose_task_is_given_up_is_cancelled(service, airflow_says, state) -> None:
    service.states = ["JOB_STATE_PARTITIONING"]
    airflow_says({"a_run": {"encode": state}})

    killed(make())

    assert service.server.asked.count(ABORT) == 1


class UntidyHook(ByteNiteHook):
    """Something of its jobs' cannot be removed."""

    def leave_nothing(self, job_id):
        raise BusyError("S3 has no time")


def test_a_job_that_is_cancelled_is_told_so_although_something_of_it_is_left(service, airflow_says, capsys) -> None:
    service.states = ["JOB_STATE_PARTITIONING"]
    airflow_says({"a_run": {"encode": "failed"}})

    killed(make(hook=hook_path(UntidyHook)))

    assert service.server.asked.count(ABORT) == 1
    said = capsys.readouterr().out
    assert "job 17 cancelled" in said
    assert "could not be cancelled" not in said
    assert "S3 has no time" in said


def test_a_job_whose_task_is_cleared_runs_on(service, airflow_says) -> None:
    airflow_says({"a_run": {"encode": None}})

    killed(make())

    assert service.server.heard == []


@pytest.mark.parametrize("states", [{"a_run": {}}, {}])
def test_a_job_whose_run_is_deleted_is_cancelled(service, airflow_says, states) -> None:
    service.states = ["JOB_STATE_PARTITIONING"]
    airflow_says(states)

    killed(make())

    assert service.server.asked.count(ABORT) == 1


@pytest.mark.parametrize("state", ["deferred", "scheduled", "queued", "running", "up_for_retry", "restarting"])
def test_a_job_whose_task_goes_on_runs_on(service, airflow_says, state) -> None:
    airflow_says({"a_run": {"encode": state}})

    killed(make())

    assert service.server.heard == []


def test_a_mapped_task_asks_for_itself(service, airflow_says) -> None:
    service.states = ["JOB_STATE_PARTITIONING"]
    comms = airflow_says({"a_run": {"encode_3": "failed"}})

    killed(make(), map_index=3)

    (asked,) = comms.asked
    assert (asked.dag_id, asked.task_ids, asked.run_ids, asked.map_index) == ("a_dag", ["encode"], ["a_run"], 3)
    assert ABORT in service.server.asked


def test_who_does_not_own_the_job_never_cancels_it(service, airflow_says) -> None:
    comms = airflow_says({"a_run": {"encode": "failed"}})

    killed(make(owns_job=False))

    assert comms.asked == []
    assert service.server.heard == []


def test_a_job_that_is_over_is_not_cancelled(service, airflow_says) -> None:
    airflow_says({"a_run": {"encode": "success"}})

    killed(make())

    assert service.server.asked[1:] == [LOOK]


def test_an_airflow_that_does_not_answer_is_asked_again(service, airflow_says, monkeypatch) -> None:
    monkeypatch.setattr(module, "PAUSES", (0.01, 0.01))
    service.states = ["JOB_STATE_PARTITIONING"]
    comms = airflow_says({"a_run": {"encode": "failed"}})
    refusals, send = [ErrorResponse(error=ErrorType.API_SERVER_ERROR)] * 2, comms.send

    def refuse(message):
        if refusals:
            raise AirflowRuntimeError(refusals.pop())
        return send(message)

    comms.send = refuse

    killed(make())

    assert service.server.asked.count(ABORT) == 1
