"""A deferred task at its cheapest, for benchmarks/waiting.py: begun in the triggerer, and back on a worker."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from airflow.sdk import DAG, BaseOperator
from airflow.triggers.base import StartTriggerArgs

JOBS = "REELWORKS_WAITS"
"""The environment variable that says how many waits there are."""


class WaitOperator(BaseOperator):
    """Waits with the trigger that a subclass names; does nothing before and nothing after."""

    template_fields: Sequence[str] = ("job_id", "endpoint")
    start_from_trigger = True
    start_trigger_args: StartTriggerArgs

    def __init__(self, *, number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # The triggerer renders what the trigger has of the same names.
        self.job_id = self.endpoint = str(number)

    def execute(self, context: Any) -> None:
        """Say that this is no task for a worker."""
        raise RuntimeError("this starts in the triggerer")

    def resume(self, context: Any, event: Any = None) -> None:
        """Be back."""


def wait_dag(dag_id: str, operator: type[WaitOperator]) -> DAG:
    """Make a DAG of waits for the jobs from 1 on."""
    jobs = int(os.environ.get(JOBS, "1"))
    with DAG(dag_id, schedule=None) as dag:
        operator.partial(task_id="wait").expand(number=list(range(1, jobs + 1)))
    return dag
