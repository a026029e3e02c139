"""What is paid for and good is not thrown away because of us, and what nobody wants does not stay."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from reelworks.bytenite import api
from reelworks.bytenite import jobs as bytenite_jobs
from reelworks.bytenite.hook import ByteNiteHook
from reelworks.core.claim import Claim
from reelworks.core.errors import BadOutputError, LostError, NothingMadeError, UnreachableError
from reelworks.core.jobs import Job
from tests.guarantees.house import House, aws_connection
from tests.task_process import Outcome, TaskLife

OUTBOX = "AIRFLOW_CONN_OUTBOX"


def wrong_keys(there: dict[str, Any]) -> dict[str, Any]:
    return there | {"password": "wrong"}


def nobody_there(there: dict[str, Any]) -> dict[str, Any]:
    once = {"config_kwargs": {"retries": {"total_max_attempts": 1}}}
    return there | {"extra": there["extra"] | {"endpoint_url": "http://127.0.0.1:1"} | once}


@pytest.mark.parametrize("broken", [wrong_keys, nobody_there])
def test_a_paid_result_that_cannot_be_published_is_published_once_the_task_is_cleared(
    house: House, monkeypatch: pytest.MonkeyPatch, broken: Any
) -> None:
    """The last try meets an outbox that refuses it, or an S3 that is away."""
    good = aws_connection(house.sandbox)
    monkeypatch.setenv(OUTBOX, json.dumps(good))
    house.settings(job_seconds=3)
    life = house.encode(house.put(), house.impatient, aws_conn_id="outbox", life={"retries": 0})
    assert house.start(life).state == "deferred"
    (name,) = life.notes
    begun = time.time()

    monkeypatch.setenv(OUTBOX, json.dumps(broken(good)))
    outcome = life.resume(life.run_trigger().event)

    assert outcome.state == "failed", outcome
    assert house.published == {}
    assert house.called_off() == []
    assert life.notes[name]["noted"] > begun  # the reaper's grace begins now, however long the job took

    monkeypatch.setenv(OUTBOX, json.dumps(good))
    life.clear()
    outcome = life.run()

    assert_published_once(house, outcome)
    assert life.notes == {}


@pytest.mark.only("pixop")  # all that lies there is deleted when a job is given up
@pytest.mark.parametrize("error", [BadOutputError, NothingMadeError, LostError])
def test_a_result_that_is_no_good_is_not_left(house: House, error: type[Exception]) -> None:
    class Disappointed(house.quick):
        def settle(self, job: Job, claim: Claim) -> Any:
            raise error("it is no good")

    outcome = house.encode(house.put(), Disappointed, life={"retries": 0}).run()

    assert outcome.state == "failed", outcome
    assert len(house.paid()) == 1
    assert house.traces() == {}


@pytest.mark.only("pixop")
def test_a_result_is_not_left_when_its_task_is_marked_as_failed(house: House) -> None:
    class Marked(house.quick):
        def settle(self, job: Job, claim: Claim) -> Any:
            self.on_kill()  # what the handler of SIGTERM does

    life = house.encode(house.put(), Marked, life={"airflow_state": "failed"})

    outcome = life.run()

    assert "TaskStoppedError" in outcome.error, outcome
    assert len(house.paid()) == 1
    assert house.traces() == {}


def deferred_while_its_job_succeeds(house: House, **life: Any) -> tuple[TaskLife, dict[str, Any]]:
    """A task that knows nothing yet of the event that its trigger had for it."""
    house.settings(job_seconds=1)
    waiting = house.encode(house.put(), house.impatient, life=life)
    assert house.start(waiting).state == "deferred"
    event = waiting.run_trigger().event
    assert event["phase"] == "succeeded"
    return waiting, event


def unseen_at_its_deadline(house: House) -> TaskLife:
    """A deferred task whose job is over, and whose deadline has passed since."""
    life, _ = deferred_while_its_job_succeeds(house, retries=1)
    house.let_deadline_pass(life)
    return life


def assert_published_once(house: House, outcome: Outcome) -> None:
    """All came of one paid job, and nothing else is left."""
    assert outcome.state == "success", outcome
    assert len(house.published) == 1
    assert len(house.paid()) == 1
    assert house.called_off() == []
    assert house.traces() == {}


def test_a_job_that_was_over_while_no_triggerer_ran_is_published(house: House) -> None:
    life = unseen_at_its_deadline(house)

    outcome = life.fail_deferred("Trigger timeout")

    assert_published_once(house, outcome)


@pytest.mark.only("bytenite")  # the wait is one for all, and takes its time to believe in an outage
def test_a_job_that_was_over_while_its_service_was_away_over_its_deadline_is_published(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = unseen_at_its_deadline(house)
    gone = {"job_id": life.store["reelworks.job"]["job_id"], "phase": None, "message": "no answer"}

    house.connect(monkeypatch, host="http://127.0.0.1:1")
    assert life.resume(gone).state == "deferred"  # an outage costs no retry
    house.connect(monkeypatch)
    outcome = life.resume(life.run_trigger().event)

    assert_published_once(house, outcome)


@pytest.mark.only("openencoder")  # what it made lies in S3
def test_a_result_is_not_taken_for_none_because_s3_refuses_the_keys(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    life, event = deferred_while_its_job_succeeds(house)
    good = aws_connection(house.sandbox)

    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(wrong_keys(good)))
    outcome = life.resume(event)
    assert outcome.state == "failed", outcome
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(good))
    life.clear()
    outcome = life.run()

    assert_published_once(house, outcome)


def test_a_job_that_was_over_as_its_trigger_crashed_is_published_once_the_task_is_cleared(house: House) -> None:
    life, _ = deferred_while_its_job_succeeds(house, retries=0)

    outcome = life.fail_deferred("Trigger failure")
    assert outcome.state == "failed", outcome
    assert house.called_off() == []
    life.clear()
    outcome = life.run()

    assert_published_once(house, outcome)


@pytest.mark.only("openencoder")  # its worker writes "completed" over "cancelled"
def test_a_job_that_ends_as_it_is_cancelled_is_published_once_the_task_is_cleared(house: House) -> None:
    class Late(house.impatient.hook_class):
        def cancel(self, job_id: str) -> Any:
            house.settings(static_workers=4)
            while house.unfinished():
                time.sleep(0.1)
            return super().cancel(job_id)

    class Slow(house.impatient):
        hook_class = Late

    house.settings(static_workers=0)
    life = house.encode(house.put(), Slow)
    assert house.start(life).state == "deferred"
    house.let_deadline_pass(life)

    outcome = life.resume({"job_id": life.store["reelworks.job"]["job_id"], "phase": None, "message": "overdue"})
    assert "OverdueError" in outcome.error, outcome
    outcome = life.run()

    assert_published_once(house, outcome)


def test_a_task_that_fails_after_all_is_done_pays_for_nothing_when_it_is_cleared(house: House) -> None:
    class Stopped(house.quick):
        def tidy(self, claim: Claim) -> None:
            super().tidy(claim)
            if stops:
                self.on_kill()  # what the handler of SIGTERM does

    stops = True
    life = house.encode(house.put(), Stopped, life={"retries": 0})
    outcome = life.run()
    assert "TaskStoppedError" in outcome.error, outcome
    assert len(house.published) == 1

    stops = False
    life.clear()
    assert life.run().state == "success"
    assert len(house.paid()) == 1

    life.clear()
    assert life.run().state == "success"
    assert len(house.paid()) == 2  # it had succeeded: this is asked for
    assert house.traces() == {}


@pytest.mark.only("pixop")  # where the reaper deletes what is done, too
def test_the_reapers_grace_begins_when_a_job_cannot_be_given_up(house: House) -> None:
    class Cut(house.impatient):
        def start(self, claim: Claim) -> None:
            super().start(claim)
            time.sleep(1)
            house.faults({"kind": "reset_before", "endpoint": "delete_video"})
            raise UnreachableError("the line is cut")

    life = house.encode(house.put(), Cut, deadline=3600.0, life={"retries": 0})

    outcome = life.run()

    assert outcome.state == "failed", outcome
    assert house.injected() > 0
    ((_, note),) = life.notes.items()
    assert note["noted"] > life.store["reelworks.job"]["deadline"] - 3600.0 + 1


@pytest.mark.only("bytenite")  # the others' results lie at a place that is known
@pytest.mark.parametrize("not_yet", ["null", "empty", "404"])
def test_results_that_are_told_late_are_published_by_a_retry_or_a_cleared_task(
    house: House, monkeypatch: pytest.MonkeyPatch, not_yet: str
) -> None:
    monkeypatch.setattr(bytenite_jobs, "PAUSES", (0.1, 0.1))
    house.settings(results_late=600, results_before_done=not_yet)
    life = house.encode(house.put(), life={"retries": 1})

    outcome = life.run()
    assert outcome.state == "up_for_retry", outcome
    assert "UnreachableError" in outcome.error
    assert life.run().state == "failed"
    assert house.called_off() == []

    house.settings(results_late=0)
    life.clear()
    outcome = life.run()

    assert_published_once(house, outcome)


@pytest.mark.only("bytenite")
def test_a_job_whose_results_are_never_told_is_followed_by_a_new_one_once_it_is_deleted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bytenite_jobs, "PAUSES", (0.1, 0.1))
    house.settings(results_late=600)
    life = house.encode(house.put(), life={"retries": 0})
    assert "delete it at ByteNite" in life.run().error

    ByteNiteHook().answer(api.delete_job(life.store["reelworks.job"]["job_id"]))
    house.settings(results_late=0)
    life.clear()
    outcome = life.run()

    assert outcome.state == "success", outcome
    assert len(house.published) == 1
    assert house.traces() == {}
