"""What is paid for and good is not thrown away because of us, and what nobody wants does not stay."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from reelworks.core.claim import Claim
from reelworks.core.errors import BadOutputError, LostError, NothingMadeError
from reelworks.core.jobs import Job
from tests.guarantees.house import House, aws_connection

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

    assert outcome.state == "success", outcome
    assert len(house.published) == 1
    assert len(house.paid()) == 1
    assert house.traces() == {}
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
