"""Measures how late the triggerer's event loop is, for benchmarks/waiting.py; an Airflow DAG."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, BaseOperator
from airflow.triggers.base import StartTriggerArgs


class ProbeOperator(BaseOperator):
    """Never comes back."""

    start_from_trigger = True
    start_trigger_args = StartTriggerArgs(trigger_cls="benchmarks.loop_probe.LoopProbe", next_method="execute")

    def execute(self, context: Any, event: Any = None) -> None:
        """Do nothing."""


with DAG("probe_the_loop", schedule=None):
    ProbeOperator(task_id="probe")
