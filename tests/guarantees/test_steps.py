"""The step operators and the sensor, one call each, against the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import BaseOperator

from reelworks.bytenite.operators import (
    ByteNiteAbortJobOperator,
    ByteNiteBalanceOperator,
    ByteNiteCreateJobOperator,
    ByteNiteFetchResultsOperator,
    ByteNiteRunJobOperator,
    ByteNiteSetDestinationOperator,
    ByteNiteSetParamsOperator,
    ByteNiteSetSourceOperator,
)
from reelworks.bytenite.sensors import ByteNiteJobSensor
from reelworks.core.trigger import GRACE
from tests.guarantees.house import House, second_of_video
from tests.task_process import Outcome, TaskLife

pytestmark = pytest.mark.only("bytenite")


class Steps:
    """Runs one operator after another, each as a task of its own."""

    def __init__(self, house: House) -> None:
        self.house = house

    def life(self, operator: Callable[..., BaseOperator], **arguments: Any) -> TaskLife:
        retries = arguments.pop("retries", 2)
        return TaskLife(lambda: operator(task_id="step", **arguments), self.house.folder, retries=retries)

    def do(self, operator: Callable[..., BaseOperator], **arguments: Any) -> Any:
        life = self.life(operator, **arguments)
        outcome = life.run()
        assert outcome.state == "success", outcome
        return life.xcoms.get("return_value")

    def fail(self, operator: Callable[..., BaseOperator], **arguments: Any) -> Outcome:
        outcome = self.life(operator, **arguments).run()
        assert outcome.state in ("failed", "skipped"), outcome
        return outcome

    def running_job(self, source: str) -> str:
        job_id = self.do(ByteNiteCreateJobOperator, name="a step by step job")
        self.do(ByteNiteSetSourceOperator, job_id=job_id, source=source)
        self.do(ByteNiteSetDestinationOperator, job_id=job_id)
        self.do(ByteNiteSetParamsOperator, job_id=job_id, preset="h264_360p")
        assert self.do(ByteNiteRunJobOperator, job_id=job_id) == job_id
        return str(job_id)


@pytest.fixture
def steps(house: House) -> Steps:
    return Steps(house)


def test_the_steps_make_the_whole_way(steps: Steps) -> None:
    job_id = steps.running_job(steps.house.put())

    assert steps.do(ByteNiteJobSensor, job_id=job_id, poke_interval=0.2, timeout=60)["phase"] == "succeeded"
    outputs = steps.do(
        ByteNiteFetchResultsOperator, job_id=job_id, destination=steps.house.destination, preset="h264_360p"
    )

    assert [output["name"] for output in outputs] == ["h264_360p.mp4"]
    assert list(steps.house.published.values()) == [outputs[0]["size"]]
    assert outputs[0]["probe"]["video"][0]["codec"] == "h264"


def test_a_local_file_is_uploaded_as_the_source(steps: Steps, tmp_path: Path) -> None:
    file = tmp_path / "my holiday.mp4"
    file.write_bytes(second_of_video())

    job_id = steps.running_job(str(file))

    assert steps.do(ByteNiteJobSensor, job_id=job_id, poke_interval=0.2, timeout=60)["phase"] == "succeeded"


def test_results_without_a_preset_keep_safe_names_of_the_services(steps: Steps) -> None:
    job_id = steps.running_job(steps.house.put())
    steps.do(ByteNiteJobSensor, job_id=job_id, poke_interval=0.2, timeout=60)

    outputs = steps.do(ByteNiteFetchResultsOperator, job_id=job_id, destination=steps.house.destination)

    assert len(outputs) == 1
    assert outputs[0]["name"].endswith("_360p.mp4")


@pytest.mark.parametrize("times", [1, 2])
def test_running_a_job_twice_pays_once(steps: Steps, times: int) -> None:
    job_id = steps.running_job(steps.house.put())

    for _ in range(times):
        steps.do(ByteNiteRunJobOperator, job_id=job_id)

    assert len(steps.house.paid()) == 1


def test_a_create_that_is_retried_finds_its_draft(steps: Steps) -> None:
    undisturbed = steps.life(ByteNiteCreateJobOperator, name="drafted once")
    assert undisturbed.run().state == "success"
    steps.do(ByteNiteAbortJobOperator, job_id=undisturbed.xcoms["return_value"])
    life = steps.life(ByteNiteCreateJobOperator, name="drafted once")
    life.kill_at = undisturbed.points.value - 1  # the draft is made, and Airflow has not heard of it

    assert life.run().state == "killed"
    assert life.run().state == "success"

    assert steps.house.unfinished() == [life.xcoms["return_value"]]
    steps.do(ByteNiteAbortJobOperator, job_id=life.xcoms["return_value"])
    assert steps.house.unfinished() == []


def test_aborting_ends_a_job_and_a_job_that_is_over_is_no_error(steps: Steps) -> None:
    steps.house.sandbox.settings(job_seconds=60)
    job_id = steps.running_job(steps.house.put())

    for _ in range(2):
        steps.do(ByteNiteAbortJobOperator, job_id=job_id)

    assert steps.house.unfinished() == []


@pytest.mark.parametrize("deferrable", [True, False])
def test_the_sensor_fails_for_a_job_that_failed(steps: Steps, deferrable: bool) -> None:
    steps.house.sandbox.settings(fail_next=1)
    job_id = steps.running_job(steps.house.put())

    outcome = steps.fail(
        ByteNiteJobSensor, job_id=job_id, poke_interval=0.2, timeout=60, deferrable=deferrable, retries=0
    )

    assert "JobFailedError" in outcome.error


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_sensor_that_times_out_fails_and_leaves_the_job_alone(steps: Steps, deferrable: bool) -> None:
    steps.house.sandbox.settings(job_seconds=60)
    job_id = steps.running_job(steps.house.put())

    steps.fail(ByteNiteJobSensor, job_id=job_id, poke_interval=0.2, timeout=1, deferrable=deferrable)

    assert steps.house.unfinished() == [job_id]
    steps.do(ByteNiteAbortJobOperator, job_id=job_id)


def test_a_sensor_whose_triggerers_die_is_ended_by_airflow_in_the_end(steps: Steps) -> None:
    """Each triggerer begins the wait anew, so that Airflow has to know its end, too."""
    steps.house.sandbox.settings(job_seconds=60)
    job_id = steps.running_job(steps.house.put())
    life = steps.life(ByteNiteJobSensor, job_id=job_id, timeout=60)
    assert life.start().state == "deferred"
    started = ByteNiteJobSensor(task_id="step", job_id=job_id, timeout=60).start_trigger_args

    outcome = life.fail_deferred("Trigger timeout")

    assert started.timeout == timedelta(seconds=60 + GRACE)
    assert life.deferred
    assert life.deferred["trigger_timeout"] == "PT3M"
    assert outcome.state == "failed"
    assert "AirflowSensorTimeout" in outcome.error
    assert steps.house.unfinished() == [job_id]
    steps.do(ByteNiteAbortJobOperator, job_id=job_id)


@pytest.mark.parametrize("deferrable", [True, False])
def test_the_sensor_waits_through_bad_answers(steps: Steps, deferrable: bool) -> None:
    steps.house.sandbox.settings(job_seconds=2)
    job_id = steps.running_job(steps.house.put())
    steps.house.sandbox.faults({"kind": "status", "endpoint": "get_job", "probability": 0.5, "seed": 4})

    seen = steps.do(ByteNiteJobSensor, job_id=job_id, poke_interval=0.2, timeout=60, deferrable=deferrable)

    assert seen["phase"] == "succeeded"


def test_a_low_balance_fails_or_skips(steps: Steps) -> None:
    assert steps.do(ByteNiteBalanceOperator, at_least=1) > 1

    assert "top it up" in steps.fail(ByteNiteBalanceOperator, at_least=10**9).error
    assert steps.fail(ByteNiteBalanceOperator, at_least=10**9, when_low="skip").state == "skipped"


@pytest.mark.parametrize(
    ("operator", "arguments", "says"),
    [
        (ByteNiteCreateJobOperator, {"name": "abc"}, "4 characters"),
        (ByteNiteSetSourceOperator, {"job_id": "x", "source": "/no/such/file.mp4"}, "/no/such/file.mp4"),
        (ByteNiteSetDestinationOperator, {"job_id": "x", "kind": "s3"}, "bucket/path"),
        (ByteNiteSetParamsOperator, {"job_id": "x", "preset": "nope"}, "h264_720p"),
        (ByteNiteSetDestinationOperator, {"job_id": "x", "kind": "s3", "folder": "b/c", "storage_conn_id": "n"}, "'n'"),
    ],
)
def test_bad_arguments_get_one_clear_error(
    steps: Steps, operator: type[BaseOperator], arguments: dict[str, str], says: str
) -> None:
    assert says in steps.fail(operator, **arguments).error
