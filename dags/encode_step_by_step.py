"""The same encode, one operator for each call: a pattern for your own DAGs.

Each task is one step of ByteNite's API and can be retried by itself. The wait starts in the triggerer and ends there,
so it uses no worker. For everyday work take ``ByteNiteEncodeOperator``, as ``encode_video`` does: it makes the same
calls in one task, and cleans up after itself however it ends.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param, TriggerRule

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
from reelworks.core.presets import preset_names
from reelworks.notify import tell_failure
from reelworks.tasks import DEFAULTS

JOB = "{{ ti.xcom_pull('create_job') }}"

with DAG(
    "encode_step_by_step",
    description="One operator for each ByteNite call, as a pattern for your own DAGs",
    doc_md=__doc__,
    schedule=None,
    tags=["reelworks", "example"],
    on_failure_callback=tell_failure,
    default_args=DEFAULTS,
    params={
        "source": Param("s3://inbox/video.mp4", type="string", pattern="^(s3|https)://.+"),
        "destination": Param("s3://outbox/step_by_step", type="string", pattern="^s3://.+"),
        "preset": Param("h264_480p", enum=[*preset_names("bytenite")]),
    },
):
    balance = ByteNiteBalanceOperator(task_id="balance", at_least=1, when_low="fail")
    create = ByteNiteCreateJobOperator(task_id="create_job", name="step by step")
    source = ByteNiteSetSourceOperator(task_id="set_source", job_id=JOB, source="{{ params.source }}")
    destination = ByteNiteSetDestinationOperator(task_id="set_destination", job_id=JOB, kind="bucket")
    params = ByteNiteSetParamsOperator(task_id="set_params", job_id=JOB, preset="{{ params.preset }}")
    run = ByteNiteRunJobOperator(task_id="run_job", job_id=JOB)
    wait = ByteNiteJobSensor(task_id="wait_for_job", job_id=JOB, poke_interval=5, timeout=3600)
    fetch = ByteNiteFetchResultsOperator(
        task_id="fetch_results", job_id=JOB, preset="{{ params.preset }}", destination="{{ params.destination }}"
    )
    # Separate steps have nobody to clean up after them: whatever fails, the job does not run on.
    abort = ByteNiteAbortJobOperator(task_id="abort_job", job_id=JOB, trigger_rule=TriggerRule.ONE_FAILED)

    balance >> create >> source >> destination >> params >> run >> wait >> fetch
    [source, destination, params, run, wait] >> abort
