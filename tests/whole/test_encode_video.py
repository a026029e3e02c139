"""The DAG in a real Airflow: what users, crashes and restarts do to it."""

from __future__ import annotations

import pytest

from tests.whole.run import Run
from tests.whole.whole import Whole

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400)]

ENCODE = "encode_with_bytenite"
OUTPUTS = [f"video/{name}" for name in ("before_after.jpg", "contact_sheet.jpg", "h264_360p.mp4", "manifest.json")]


def run(whole: Whole, job_seconds: float = 0) -> Run:
    whole.settings("bytenite", job_seconds=job_seconds)
    work = {"source": whole.put(), "destination": whole.destination}
    return whole.run("encode_video", **work, service="bytenite", preset="h264_360p")


def test_a_video_is_encoded_in_at_most_four_task_starts(whole: Whole) -> None:
    encoding = run(whole, job_seconds=15)
    encoding.until_task(ENCODE, "deferred")
    assert encoding.until_over() == "success"

    assert whole.outputs() == OUTPUTS
    starts = sum(task["try_number"] for task in encoding.tasks) + 1  # the deferred one starts twice
    assert starts <= 4
    assert len(whole.jobs("bytenite")) == 1


def test_marking_a_waiting_task_failed_aborts_the_job(whole: Whole) -> None:
    encoding = run(whole, job_seconds=120)
    encoding.until_waiting(ENCODE)

    encoding.mark(ENCODE, "failed")

    whole.until("the job is aborted", lambda: not whole.unfinished("bytenite"))
    assert len(whole.jobs("bytenite")) == 1


def test_marking_a_running_task_failed_aborts_the_job(whole: Whole) -> None:
    encoding = run(whole, job_seconds=120)
    whole.until("the job runs", lambda: whole.unfinished("bytenite"))
    encoding.until_task(ENCODE, "running")

    encoding.mark(ENCODE, "failed")

    whole.until("the job is aborted", lambda: not whole.unfinished("bytenite"))
    encoding.until_task(ENCODE, "failed")


@pytest.mark.parametrize("state", ["running", "deferred"])
def test_clearing_the_task_takes_its_job_over(whole: Whole, state: str) -> None:
    encoding = run(whole, job_seconds=25)
    whole.until("the job runs", lambda: whole.unfinished("bytenite"))
    if state == "deferred":
        encoding.until_waiting(ENCODE)

    encoding.clear(ENCODE)

    assert encoding.until_over() == "success"
    assert len(whole.jobs("bytenite")) == 1
    assert whole.outputs() == OUTPUTS


def test_clearing_the_finished_task_starts_a_new_job(whole: Whole) -> None:
    encoding = run(whole)
    assert encoding.until_over() == "success"

    encoding.clear(ENCODE)
    whole.until("a second job", lambda: len(whole.jobs("bytenite")) == 2)

    assert encoding.until_over() == "success"
    assert not whole.unfinished("bytenite")


def test_a_killed_triggerer_loses_nothing(whole: Whole) -> None:
    encoding = run(whole, job_seconds=20)
    encoding.until_waiting(ENCODE)

    whole.machine.kill("triggerer")

    assert encoding.until_over() == "success"
    assert len(whole.jobs("bytenite")) == 1
    assert whole.outputs() == OUTPUTS


def test_a_killed_task_process_is_followed_by_a_retry_that_takes_over(whole: Whole) -> None:
    encoding = run(whole, job_seconds=25)
    whole.until("the job runs", lambda: whole.unfinished("bytenite"))

    encoding.kill(ENCODE)

    assert encoding.until_over() == "success"
    assert encoding.task(ENCODE)["try_number"] == 2
    assert len(whole.jobs("bytenite")) == 1
    assert whole.outputs() == OUTPUTS
