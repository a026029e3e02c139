"""A service that answers badly costs time, never money or a green lie."""

from __future__ import annotations

import time

import pytest

from reelworks.core.jobs import LOOKS_UNTIL_LOST
from tests.guarantees.house import KINDS, House

ONE_IN_TEN = [{"kind": kind, "probability": 0.1 / 7, "seconds": 1.0, "status": 503} for kind in [*KINDS, "hang"]]


@pytest.mark.timeout(600)
@pytest.mark.each("seed", "seeds")
def test_an_encode_ends_well_although_one_answer_in_ten_is_bad(house: House, seed: int) -> None:
    house.settings(job_seconds=1)
    house.faults(*({**rule, "seed": 100 * seed + index} for index, rule in enumerate(ONE_IN_TEN)))
    life = house.encode(house.put(), house.impatient, life={"retries": house.retries})

    outcome = life.run_until_over(house.retries + 1)
    house.faults()

    assert outcome.state == "success", outcome
    assert len(house.paid()) == 1
    assert len(house.published) == 1
    assert house.traces() == {}


@pytest.mark.each("fault", "single_faults")
def test_no_single_bad_answer_costs_a_second_job(house: House, fault: tuple[str, str]) -> None:
    endpoint, kind = fault
    house.faults({"kind": kind, "endpoint": endpoint, "times": 1, "status": 502})
    life = house.encode(house.put())

    outcome = life.run_until_over()

    assert house.injected() == 1
    assert outcome.state == "success", outcome
    assert life.try_number == 1
    assert len(house.paid()) == 1
    assert house.traces() == {}


@pytest.mark.only("bytenite")  # the one that is looked at before it is started
def test_a_draft_that_is_not_found_at_once_is_looked_at_again(house: House) -> None:
    house.faults({"kind": "status", "endpoint": "get_job", "times": 1, "status": 404})
    life = house.encode(house.put())

    outcome = life.run()

    assert house.injected() == 1
    assert outcome.state == "success", outcome
    assert house.traces() == {}


@pytest.mark.timeout(300)
def test_a_job_is_not_lost_while_a_gateway_does_not_find_its_service(house: House) -> None:
    """A proxy whose service restarts answers 404, too, with a page of its own: here for two tries to believe in."""
    house.settings(job_seconds=2)
    pages = 2 * LOOKS_UNTIL_LOST
    house.faults({"kind": "gateway", "status": 404, "endpoint": house.look, "after": 1, "times": pages})
    life = house.encode(house.put())

    outcome = life.run_until_over()

    assert house.injected() == pages
    assert outcome.state == "success", outcome
    assert len(house.paid()) == 1
    assert life.try_number == 1
    assert house.traces() == {}


@pytest.mark.only("pixop")  # the others' results lie in a bucket, which has its own words for what is not there
def test_a_result_is_not_lost_while_a_gateway_does_not_find_its_service(house: House) -> None:
    house.faults({"kind": "gateway", "status": 404, "endpoint": "download_processed", "times": 2})

    outcome = house.encode(house.put()).run()

    assert house.injected() == 2
    assert outcome.state == "success", outcome
    assert len(house.paid()) == 1
    assert house.traces() == {}


@pytest.mark.only("bytenite", "openencoder")  # a processing is cancelled by deleting its videos
def test_a_single_404_lets_no_job_run_on_that_is_cancelled(house: House) -> None:
    house.settings(job_seconds=600)
    life = house.encode(house.put(), house.impatient)
    assert house.start(life).state == "deferred"
    house.faults({"kind": "status", "status": 404, "endpoint": house.look, "times": 1})

    house.cancel(life.store["reelworks.job"]["job_id"])

    assert house.injected() == 1
    assert house.unfinished() == []


@pytest.mark.only("bytenite")  # Open Encoder's outputs are read from S3
def test_a_download_that_is_cut_is_resumed(house: House) -> None:
    house.faults({"kind": "cut_download", "times": 3})
    life = house.encode(house.put())

    outcome = life.run()

    assert house.injected() == 3
    assert outcome.state == "success"
    assert house.traces() == {}


def test_a_failed_job_fails_the_task_and_its_reason_is_told(house: House) -> None:
    life = house.encode(house.put(), life={"retries": 0})

    with house.failing():
        outcome = life.run()

    assert outcome.state == "failed"
    assert "JobFailedError" in outcome.error
    assert str(house.paid()[0]["id"]) in outcome.error
    assert house.published == {}
    assert house.traces() == {}


def test_a_job_that_failed_is_followed_by_a_new_one_on_retry(house: House) -> None:
    life = house.encode(house.put())

    with house.failing():
        assert life.run().state == "up_for_retry"
    assert life.run().state == "success"

    assert len(house.paid()) == 2
    assert house.traces() == {}


def test_a_short_lived_token_is_renewed_once_per_lifetime(house: House) -> None:
    house.settings(token_lifetime=2, job_seconds=7)
    life, before, began = house.encode(house.put(), house.impatient), house.sign_ins(), time.monotonic()

    outcome = life.run()

    assert outcome.state == "success"
    # Each process signs in, and then once in nine tenths of a lifetime.
    assert 3 <= house.sign_ins() - before <= house.processes + (time.monotonic() - began) / 1.8
