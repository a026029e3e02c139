"""Step by step: no result is lost, and nothing unfinished is passed off as done."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from airflow.sdk import BaseOperator

from reelworks.bytenite import api, jobs
from reelworks.bytenite.data import BUCKET, url_source
from reelworks.bytenite.hook import ByteNiteHook
from reelworks.bytenite.jobs import start_job
from reelworks.bytenite.operators import ByteNiteCreateJobOperator, ByteNiteFetchResultsOperator
from reelworks.bytenite.params import Params
from reelworks.core.jobs import wait_for_job
from reelworks.media.s3 import S3Url, presign
from tests.guarantees.house import House
from tests.task_process import TaskLife

pytestmark = pytest.mark.only("bytenite")


def step(house: House, operator: type[BaseOperator], **arguments: Any) -> TaskLife:
    return TaskLife(functools.partial(operator, task_id="step", **arguments), house.folder)


def started(house: House, outputs: int = 1) -> str:
    """Start a job by hand; its outputs differ in codec only, so that the service gives them one name."""
    video = [
        {"codec": codec, "bitrate": {"rate_control_mode": "constant_bitrate", "target_bitrate": "200k"}}
        for codec in ("libx264", "libx265")[:outputs]
    ]
    params = Params.model_validate({"data": {"outputs": [{"output_params": {"video": each}} for each in video]}})
    link = presign(house.s3, S3Url.parse(house.put()), 600)
    hook = ByteNiteHook()
    job_id = hook.answer(api.create_job("made by hand"))
    hook.answer(start_job(job_id, source=url_source(link), destination=BUCKET, params=params.body()))
    return job_id


def finished(house: House, outputs: int = 1) -> str:
    hook, job_id = ByteNiteHook(), started(house, outputs)
    hook.answer(wait_for_job(lambda: hook.look(job_id), interval=0.1, deadline=float("inf")))
    return job_id


def test_results_of_one_base_name_are_all_fetched(house: House) -> None:
    life = step(house, ByteNiteFetchResultsOperator, job_id=finished(house, 2), destination=house.destination)

    outcome = life.run()

    assert outcome.state == "success", outcome
    assert len(house.published) == 2
    assert {output["probe"]["video"][0]["codec"] for output in life.xcoms["return_value"]} == {"h264", "hevc"}


def test_results_that_are_told_late_are_fetched_by_a_retry(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PAUSES", (0.1, 0.1))
    house.settings(results_late=600)
    life = step(house, ByteNiteFetchResultsOperator, job_id=finished(house), destination=house.destination)

    outcome = life.run()
    assert outcome.state == "up_for_retry", outcome
    assert "not told yet" in outcome.error
    house.settings(results_late=0)

    assert life.run().state == "success"
    assert len(house.published) == 1


@pytest.mark.parametrize("settings", [{"job_seconds": 60}, {"fail_next": 1}], ids=["running", "failed"])
def test_results_of_a_job_that_is_not_complete_are_no_success(house: House, settings: dict[str, int]) -> None:
    house.sandbox.settings(**settings)
    job_id = finished(house) if "fail_next" in settings else started(house)

    outcome = step(house, ByteNiteFetchResultsOperator, job_id=job_id, destination=house.destination).run()

    assert outcome.state in ("failed", "up_for_retry")
    assert job_id in outcome.error
    assert house.published == {}
    ByteNiteHook().answer(ByteNiteHook().cancel(job_id))


def test_one_draft_is_left_wherever_the_process_that_creates_it_is_killed(house: House) -> None:
    undisturbed = step(house, ByteNiteCreateJobOperator, name="by steps")
    undisturbed.run()
    made = [undisturbed.xcoms["return_value"]]

    for kill_at in range(1, undisturbed.points.value + 1):
        life = step(house, ByteNiteCreateJobOperator, name="by steps")
        life.kill_at = kill_at
        assert life.run_until_over().state == "success"
        made.append(life.xcoms["return_value"])
        assert len(house.unfinished()) == len(made), f"killed at point {kill_at}"
    for job_id in made:
        ByteNiteHook().answer(ByteNiteHook().cancel(job_id))
    assert house.unfinished() == []
