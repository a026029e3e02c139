"""The DAG in a real Airflow: what users, crashes and restarts do to it."""

from __future__ import annotations

import pytest

from tests.whole.conftest import Whole

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400)]

OUTPUTS = ["video/h264_360p.mp4", "video/manifest.json"]


def test_a_video_is_encoded_in_at_most_four_task_starts(whole: Whole) -> None:
    whole.settings(job_seconds=15)

    run_id = whole.trigger(whole.put())
    whole.until_task(run_id, "deferred")
    assert whole.until_over(run_id) == "success"

    assert whole.outputs() == OUTPUTS
    tasks = whole.machine.airflow.tasks("encode_video", run_id)
    starts = sum(task["try_number"] for task in tasks) + 1  # the deferred one starts twice
    assert starts <= 4
    assert len(whole.jobs(run_id)) == 1


def test_marking_a_waiting_task_failed_aborts_the_job(whole: Whole) -> None:
    whole.settings(job_seconds=120)
    run_id = whole.trigger(whole.put())
    whole.until_waiting(run_id)

    whole.mark(run_id, "failed")

    whole.until("the job is aborted", lambda: not whole.unfinished(), 30)
    assert len(whole.jobs(run_id)) == 1


def test_marking_a_running_task_failed_aborts_the_job(whole: Whole) -> None:
    whole.settings(job_seconds=120)
    run_id = whole.trigger(whole.put())
    whole.until("the job runs", whole.unfinished)
    whole.until_task(run_id, "running")

    whole.mark(run_id, "failed")

    whole.until("the job is aborted", lambda: not whole.unfinished(), 30)
    whole.until_task(run_id, "failed")


@pytest.mark.parametrize("state", ["running", "deferred"])
def test_clearing_the_task_takes_its_job_over(whole: Whole, state: str) -> None:
    whole.settings(job_seconds=25)
    run_id = whole.trigger(whole.put())
    whole.until("the job runs", whole.unfinished)
    if state == "deferred":
        whole.until_waiting(run_id)

    whole.clear(run_id)

    assert whole.until_over(run_id) == "success"
    assert len(whole.jobs(run_id)) == 1
    assert whole.outputs() == OUTPUTS


def test_clearing_the_finished_task_starts_a_new_job(whole: Whole) -> None:
    run_id = whole.trigger(whole.put())
    assert whole.until_over(run_id) == "success"

    whole.clear(run_id)
    whole.until("a second job", lambda: len(whole.jobs(run_id)) == 2)

    assert whole.until_over(run_id) == "success"
    assert not whole.unfinished()


def test_a_killed_triggerer_loses_nothing(whole: Whole) -> None:
    whole.settings(job_seconds=20)
    run_id = whole.trigger(whole.put())
    whole.until_waiting(run_id)

    whole.kill("triggerer")

    assert whole.until_over(run_id) == "success"
    assert len(whole.jobs(run_id)) == 1
    assert whole.outputs() == OUTPUTS


def test_a_killed_task_process_is_followed_by_a_retry_that_takes_over(whole: Whole) -> None:
    whole.settings(job_seconds=25)
    run_id = whole.trigger(whole.put())
    whole.until("the job runs", whole.unfinished)

    whole.kill_task(run_id)

    assert whole.until_over(run_id) == "success"
    assert whole.task(run_id)["try_number"] == 2
    assert len(whole.jobs(run_id)) == 1
    assert whole.outputs() == OUTPUTS
