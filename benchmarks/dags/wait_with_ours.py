"""Waits with our trigger, for benchmarks/waiting.py; an Airflow DAG."""

from __future__ import annotations

from airflow.triggers.base import StartTriggerArgs

from benchmarks.wait_operator import WaitOperator, wait_dag


class OurWaitOperator(WaitOperator):
    """Waits as the operators of Open Encoder do."""

    start_trigger_args = StartTriggerArgs(
        trigger_cls="reelworks.core.trigger.JobTrigger",
        trigger_kwargs={
            "hook": "reelworks.openencoder.hook.OpenEncoderHook",
            "conn_id": "counted",
            "job_id": "{{ ti.map_index + 1 }}",
            "interval": 15.0,
            "timeout": 3600.0,
            "owns_job": False,
        },
        next_method="resume",
    )


dag = wait_dag("wait_with_ours", OurWaitOperator)
