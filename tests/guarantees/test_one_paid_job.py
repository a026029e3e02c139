"""Whatever dies, whenever: one paid job, none left unfinished, the same outputs."""

from __future__ import annotations

import pytest

from tests.guarantees.house import House
from tests.task_process import TaskLife


def outputs(life: TaskLife) -> list[tuple[str, str]]:
    return [(output["key"], output["sha256"]) for output in life.xcoms["return_value"]]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("deferred", [False, True], ids=["in place", "deferred"])
def test_one_job_is_paid_and_the_outputs_are_the_same_wherever_the_process_is_killed(
    house: House, deferred: bool
) -> None:
    source, operator = house.put(), house.impatient if deferred else house.quick
    undisturbed = house.encode(source, operator)
    undisturbed.run()
    expected, points = outputs(undisturbed), undisturbed.points.value
    assert points > 30
    print(f"{points} points at which the process is killed")  # noqa: T201 - for whoever runs it with -s

    for kill_at in range(1, points + 1, house.every):
        house.mark()
        life = house.encode(source, operator)
        life.kill_at = kill_at

        outcome = life.run_until_over()

        where = f"killed at point {kill_at} of {points}"
        assert outcome.state == "success", f"{where}: {outcome}"
        # A job that happens to be over sooner is looked at less often, and has fewer points.
        assert life.points.value > kill_at or kill_at > points - 10, f"{where}: the process was never killed"
        assert len(house.paid()) == 1, f"{where}: {house.paid()}"
        assert outputs(life) == expected, where
        assert life.xcoms["job"]["id"] == str(house.paid()[0]["id"]), where
        assert house.traces() == {}, where


def test_a_retry_takes_over_a_running_job(house: House) -> None:
    house.settings(job_seconds=3)
    life = house.encode(house.put(), house.impatient)
    assert house.start(life).state == "deferred"

    outcome = life.run()  # the deferred try is lost without a word; Airflow starts the next

    assert outcome.state == "success"
    assert len(house.paid()) == 1


def test_clearing_a_task_that_waits_takes_its_job_over(house: House) -> None:
    house.settings(job_seconds=3)
    life = house.encode(house.put(), house.impatient)
    house.start(life)
    life.airflow_state = None

    life.kill_trigger()  # what a clear does to a deferred task's trigger
    life.clear()
    outcome = life.run()

    assert outcome.state == "success"
    assert len(house.paid()) == 1


def test_clearing_a_finished_task_starts_a_new_job(house: House) -> None:
    life = house.encode(house.put())
    assert life.run().state == "success"

    life.clear()
    outcome = life.run()

    assert outcome.state == "success"
    assert len(house.paid()) == 2
    assert len({job["name"] for job in house.paid()}) == 2


@pytest.mark.parametrize("mark", ["failed", "success", "skipped"])
def test_marking_a_waiting_task_aborts_its_job(house: House, mark: str) -> None:
    house.settings(job_seconds=60)
    life = house.encode(house.put(), house.impatient)
    house.start(life)
    assert len(house.unfinished()) == 1
    life.airflow_state = mark

    life.kill_trigger()

    assert house.called_off() == house.paid()
    assert house.traces() == {}


def test_a_cleared_task_whose_job_was_aborted_starts_afresh(house: House) -> None:
    house.settings(job_seconds=60)
    life = house.encode(house.put(), house.impatient)
    house.start(life)
    life.airflow_state = "failed"
    life.kill_trigger()
    house.settings(job_seconds=0)

    life.clear()
    outcome = life.run()

    assert outcome.state == "success"
    assert len(house.paid()) == 2
    assert house.unfinished() == []


def test_a_wait_that_airflow_times_out_aborts_the_job(house: House) -> None:
    house.settings(job_seconds=60)
    life = house.encode(house.put(), house.impatient)
    assert house.start(life).state == "deferred"
    house.let_deadline_pass(life)

    outcome = life.fail_deferred("Trigger timeout")

    assert outcome.state == "up_for_retry"
    assert "OverdueError" in outcome.error
    assert house.unfinished() == []


def test_a_crashed_trigger_leaves_the_job_to_the_retry_that_follows(house: House) -> None:
    house.settings(job_seconds=3)
    life = house.encode(house.put(), house.impatient)
    house.start(life)

    assert life.fail_deferred("Trigger failure").state == "up_for_retry"
    assert life.run().state == "success"

    assert len(house.paid()) == 1


def test_a_crashed_trigger_aborts_the_job_when_no_retry_follows(house: House) -> None:
    house.settings(job_seconds=60)
    life = house.encode(house.put(), house.impatient, life={"retries": 0})
    house.start(life)

    outcome = life.fail_deferred("Trigger failure")

    assert outcome.state == "failed"
    assert house.unfinished() == []


@pytest.mark.parametrize("patient", [True, False], ids=["in place", "deferred"])
def test_an_overdue_job_is_aborted_and_never_ends_green(house: House, patient: bool) -> None:
    house.settings(job_seconds=60)
    operator = house.quick if patient else house.impatient
    life = house.encode(house.put(), operator, deadline=1.5, life={"retries": 0})

    outcome = life.run()

    assert outcome.state == "failed"
    assert "OverdueError" in outcome.error
    assert house.unfinished() == []
    assert house.published == {}
