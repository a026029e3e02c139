"""A stop is never lost, and a task that comes back late, or not at all, leaves no job that is paid for nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import urllib3
from airflow.sdk import BaseOperator, Context, ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import comms, task_runner

from reelworks.bytenite import api
from reelworks.core.claim import Claim
from reelworks.core.errors import BadOutputError, JobFailedError, NothingMadeError, RefusedError, UnreachableError
from reelworks.core.jobs import Job
from reelworks.openencoder.address import job_folder, key_address
from reelworks.openencoder.api import create_job
from tests.guarantees.house import House


def test_a_stop_in_the_middle_of_a_call_to_s3_ends_the_task(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks: list[BaseOperator] = []
    ask = urllib3.HTTPConnectionPool.urlopen

    def stopped(pool: urllib3.HTTPConnectionPool, *arguments: object, **options: object) -> object:
        if tasks and str(options.get("url")).startswith("/outbox"):
            tasks.pop().on_kill()  # what the handler of SIGTERM does, whatever runs at that moment
        return ask(pool, *arguments, **options)

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", stopped)

    class Stopped(house.quick):
        def check(self, context: Context) -> dict[str, Any]:
            tasks.append(self)
            return super().check(context)

    life = house.encode(house.put(), Stopped, life={"airflow_state": "failed"})

    outcome = life.run()

    assert "TaskStoppedError" in outcome.error, outcome
    assert house.paid() == []
    assert house.traces() == {}


def test_a_retry_that_comes_after_the_deadline_pays_for_no_job_it_would_abort(house: House) -> None:
    source = house.put()
    undisturbed = house.encode(source)
    undisturbed.run()

    for kill_at in range(1, undisturbed.points.value, 3 * house.every):  # all of them: test_one_paid_job
        house.mark()
        life = house.encode(source, deadline=3600.0)
        life.kill_at = kill_at
        if life.run().state != "killed" or not life.store or life.store["reelworks.job"]["done"]:
            continue
        house.let_deadline_pass(life)
        paid_before = len(house.paid())

        outcome = life.run_until_over()

        assert outcome.state == "success", f"killed at point {kill_at}: {outcome}"
        assert len(house.paid()) <= 1 + paid_before, f"killed at point {kill_at}"
        assert len(house.called_off()) <= paid_before, f"killed at point {kill_at}"
        assert house.traces() == {}, f"killed at point {kill_at}"


def test_a_try_that_slept_until_another_took_its_place_pays_for_nothing(house: House) -> None:
    sleeps = True

    class Overtaken(house.quick):
        def prepare(self, claim: Claim) -> None:
            super().prepare(claim)
            if sleeps:
                life.given_away.touch()

    life = house.encode(house.put(), Overtaken)

    outcome = life.run()

    assert outcome.state == "up_for_retry", outcome
    assert house.paid() == []
    assert house.unfinished() == []

    sleeps = False
    life.given_away.unlink()  # this is the other one
    assert life.run().state == "success"
    assert len(house.paid()) == 1
    assert house.traces() == {}


def test_a_try_that_slept_over_the_end_of_its_job_publishes_nothing_beside_the_other(house: House) -> None:
    sleeps = True

    class Overtaken(house.quick):
        def advance(self, job: Job, claim: Claim) -> str | None:
            following = super().advance(job, claim)
            if sleeps and not following:
                life.given_away.touch()
            return following

    life = house.encode(house.put(), Overtaken)

    outcome = life.run()

    assert outcome.state == "up_for_retry", outcome
    assert house.published == {}
    assert "staged" not in house.traces()

    sleeps = False
    life.given_away.unlink()
    assert life.run().state == "success"
    assert len(house.paid()) == 1
    assert house.traces() == {}


@pytest.mark.only("openencoder")  # a second draft or video of one name costs nothing
def test_a_create_that_is_acted_on_late_does_not_outlive_the_job(house: House) -> None:
    house.settings(job_seconds=3, static_workers=1)
    house.faults({"kind": "reset_before", "endpoint": "create_job", "times": 1})
    life = house.encode(house.put(), house.impatient)
    assert life.start().state == "deferred"
    assert house.injected() == 1
    folder = key_address(job_folder(life.store["reelworks.job"]["name"]))
    late = create_job(house.preset, key_address("late.mp4"), folder)  # what was sent first arrives, and is queued
    house.quick.hook_class().answer(late)

    outcome = life.resume(life.run_trigger().event)

    assert outcome.state == "success", outcome
    assert house.traces() == {}


@pytest.mark.only("openencoder")
def test_a_create_that_is_acted_on_late_is_not_paid_beside_the_job_of_the_next_try(house: House) -> None:
    house.settings(job_seconds=3, static_workers=1)
    house.faults({"kind": "reset_before", "endpoint": "create_job", "times": 1})
    life = house.encode(house.put(), house.impatient)
    assert life.start().state == "deferred"
    claim = life.store["reelworks.job"]
    late = create_job(house.preset, key_address("late.mp4"), key_address(job_folder(claim["name"])))
    house.quick.hook_class().answer(late)
    house.cancel(claim["job_id"])

    assert life.resume(life.run_trigger().event).state == "up_for_retry"
    outcome = life.run()

    assert outcome.state == "success", outcome
    assert [job["state"] for job in house.paid()].count("completed") == 1, house.paid()
    assert house.traces() == {}


def test_a_retry_policy_that_ends_the_task_ends_its_job(house: House) -> None:
    house.settings(job_seconds=60)
    policy = ExceptionRetryPolicy([RetryRule(UnreachableError, RetryAction.FAIL)])
    patient = ExceptionRetryPolicy([RetryRule(UnreachableError, RetryAction.RETRY, retry_delay=timedelta(seconds=1))])

    class Stumbling(house.impatient):
        def start(self, claim: Claim) -> None:
            super().start(claim)
            raise UnreachableError("the line is cut")

    kept = house.encode(house.put(), Stumbling, retry_policy=patient)
    assert kept.run().state == "up_for_retry"
    assert len(house.unfinished()) == 1

    ended = house.encode(house.put(), Stumbling, retry_policy=policy)
    outcome = ended.run()

    assert outcome.state == "failed"
    assert len(house.unfinished()) == 1
    house.cancel(kept.store["reelworks.job"]["job_id"])


@pytest.mark.only("bytenite")  # its links die; what Open Encoder lost is made anew by the retry
def test_a_task_that_is_cleared_after_its_results_are_gone_starts_a_new_job(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = api.get_results

    def get_results(job_id: str) -> object:
        links = yield from real(job_id)
        dead = f"{house.sandbox.url()}/gone"
        return dict.fromkeys(links, dead) if job_id == house.paid()[0]["id"] else links

    monkeypatch.setattr(api, "get_results", get_results)
    life = house.encode(house.put(), life={"retries": 1})
    assert life.run_until_over().state == "failed"
    assert len(house.paid()) == 1  # a retry pays for nothing: one dead link may be a slip

    life.clear()
    outcome = life.run_until_over()

    assert outcome.state == "success"
    assert len(house.paid()) == 2


@pytest.mark.only("bytenite")
@pytest.mark.parametrize("error", [BadOutputError, NothingMadeError, RefusedError, JobFailedError])
def test_an_airflow_that_falls_silent_hides_no_error(house: House, error: type[Exception]) -> None:
    class Unheard(house.quick):
        def settle(self, job: Job, claim: Claim) -> Any:
            task_runner.SUPERVISOR_COMMS.send = silent
            raise error("this is why")

    outcome = house.encode(house.put(), Unheard, life={"retries": 0}).run()

    assert outcome.state == "failed"
    assert "this is why" in outcome.error


@pytest.mark.only("bytenite")
def test_a_stopped_task_is_left_to_the_next_try_where_airflow_does_not_say_what_it_is_for(house: House) -> None:
    class Stopped(house.quick):
        def settle(self, job: Job, claim: Claim) -> Any:
            if silence:
                task_runner.SUPERVISOR_COMMS.send = silent
                self.on_kill()
            return super().settle(job, claim)

    silence = True
    life = house.encode(house.put(), Stopped)

    assert "TaskStoppedError" in life.run().error

    silence = False
    assert life.run().state == "success"
    assert len(house.paid()) == 1


@pytest.mark.only("openencoder")  # a second draft or video of one name costs nothing
def test_a_create_that_was_sent_again_stays_noted_although_the_second_is_refused(house: House) -> None:
    house.faults(
        {"kind": "reset_before", "endpoint": "create_job", "times": 1},
        {"kind": "status", "status": 400, "endpoint": "create_job"},
    )
    life = house.encode(house.put())

    outcome = life.run()

    assert outcome.state == "failed"
    assert house.injected() == 2
    assert life.store["reelworks.job"]["resent"] is True  # a try that is killed in the second leaves it to the next
    assert list(life.notes) == [life.store["reelworks.job"]["name"]]  # the first may yet be acted on


def silent(message: Any) -> Any:
    """Answer as an API server that is overrun."""
    raise AirflowRuntimeError(comms.ErrorResponse(error=ErrorType.API_SERVER_ERROR))
