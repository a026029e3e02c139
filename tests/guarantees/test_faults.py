"""A service that answers badly costs time, never money or a green lie."""

from __future__ import annotations

import pytest

from tests.guarantees.house import House, ImpatientEncodeOperator

ONE_IN_TEN = [
    {"kind": kind, "probability": 0.1 / 7, "seconds": 1.0, "status": 503}
    for kind in ("status", "status_after", "reset_before", "reset_after", "truncate", "content_type", "hang")
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(6))
def test_an_encode_ends_well_although_one_answer_in_ten_is_bad(house: House, seed: int) -> None:
    house.sandbox.settings(job_seconds=1)
    house.sandbox.faults(*({**rule, "seed": 100 * seed + index} for index, rule in enumerate(ONE_IN_TEN)))
    life = house.encode(house.put(), ImpatientEncodeOperator)

    outcome = life.run_until_over()
    house.sandbox.faults()

    assert outcome.state == "success"
    assert len(house.paid()) == 1
    assert house.unfinished() == []
    assert house.staged == {}
    assert len(house.published) == 1


@pytest.mark.parametrize("kind", ["status", "status_after", "reset_before", "reset_after", "truncate", "content_type"])
@pytest.mark.parametrize("endpoint", ["create_job", "set_data", "set_params", "run_job", "get_job", "get_results"])
def test_no_single_bad_answer_costs_a_second_job(house: House, endpoint: str, kind: str) -> None:
    house.sandbox.faults({"kind": kind, "endpoint": endpoint, "times": 1, "status": 502})
    life = house.encode(house.put())

    outcome = life.run_until_over()

    assert outcome.state == "success"
    assert life.try_number == 1
    assert len(house.paid()) == 1
    assert house.unfinished() == []


def test_a_download_that_is_cut_is_resumed(house: House) -> None:
    house.sandbox.faults({"kind": "cut_download", "times": 3})
    life = house.encode(house.put())

    outcome = life.run()

    assert outcome.state == "success"
    assert house.open_uploads() == []


def test_a_failed_job_fails_the_task_and_its_reason_is_told(house: House) -> None:
    house.sandbox.settings(fail_next=1)
    life = house.encode(house.put(), life={"retries": 0})

    outcome = life.run()

    assert outcome.state == "failed"
    assert "JobFailedError" in outcome.error
    assert house.published == {}


def test_a_job_that_failed_is_followed_by_a_new_one_on_retry(house: House) -> None:
    house.sandbox.settings(fail_next=1)
    life = house.encode(house.put())

    assert life.run().state == "up_for_retry"
    assert life.run().state == "success"

    assert len({job["name"] for job in house.paid()}) == 2


def test_a_short_lived_token_is_renewed_once_per_lifetime(house: House) -> None:
    house.sandbox.settings(token_lifetime=2, job_seconds=7)
    signed_in = house.sandbox.ledger()["signIns"]
    life = house.encode(house.put(), ImpatientEncodeOperator)

    outcome = life.run()
    house.sandbox.settings(token_lifetime=3600)

    assert outcome.state == "success"
    # Three processes (task, triggerer, resumed task), seven seconds, tokens of two: not one for each of ~35 looks.
    assert house.sandbox.ledger()["signIns"] - signed_in <= 3 + 5
