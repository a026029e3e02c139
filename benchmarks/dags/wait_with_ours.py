"""Waits with our trigger, for benchmarks/waiting.py; an Airflow DAG."""

from __future__ import annotations

import time

from airflow.triggers.base import BaseTrigger

from benchmarks.wait_operator import WaitOperator, wait_dag
from reelworks.core.trigger import JobTrigger


class OurWaitOperator(WaitOperator):
    """Waits as the operators of Open Encoder do."""

    def trigger(self) -> BaseTrigger:
        """Make what JobOperator defers to."""
        return JobTrigger(
            hook="reelworks.openencoder.hook.OpenEncoderHook",
            conn_id="counted",
            job_id=str(self.number),
            interval=15.0,
            deadline=time.time() + 3600.0,
        )


dag = wait_dag("wait_with_ours", OurWaitOperator)
