"""Sensors as a DAG's author wires them: to the output of the step before."""

from __future__ import annotations

import pytest
from airflow.sdk import DAG

from reelworks.pixop.operators import PixopCreateVideoOperator, PixopProcessVideoOperator
from reelworks.pixop.sensors import PixopIngestSensor, PixopProcessingSensor

SOURCE = {"create": PixopIngestSensor, "process": PixopProcessingSensor}


@pytest.mark.parametrize(("before", "slash"), [("create", ""), ("process", "/")])
def test_a_sensor_waits_for_what_the_step_before_returns(before: str, slash: str) -> None:
    with DAG("d", schedule=None):
        create = PixopCreateVideoOperator(task_id="create", name="n")
        process = PixopProcessVideoOperator(task_id="process", video_id=create.output, preset="denoise")
        step = {"create": create, "process": process}[before]
        sensor = SOURCE[before](task_id="wait", video_id=step.output)

    assert sensor.upstream_task_ids == {before}
    asked = sensor.start_trigger_args.trigger_kwargs["job_id"]
    assert asked == f"{slash}{step.output}"
    assert asked.startswith(slash + "{{")
    assert sensor.job_id in (asked, step.output)
    assert sensor.start_trigger_args.trigger_kwargs["hook"] == "reelworks.pixop.hook.PixopHook"
    assert sensor.start_trigger_args.trigger_kwargs["owns_job"] is False


@pytest.mark.parametrize("sensor", [PixopIngestSensor, PixopProcessingSensor])
def test_a_sensor_can_be_mapped(sensor: type) -> None:
    with DAG("d", schedule=None) as dag:
        create = PixopCreateVideoOperator.partial(task_id="create").expand(name=["a", "b"])
        sensor.partial(task_id="wait").expand(video_id=create.output)

    assert dag.get_task("wait").upstream_task_ids == {"create"}
