"""A deferred task at its cheapest, for benchmarks/waiting.py: begun on a worker, which defers it, and back on one."""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import Any

from airflow.sdk import DAG, BaseOperator
from airflow.triggers.base import BaseTrigger

JOBS = "REELWORKS_WAITS"
"""The environment variable that says how many waits there are."""


class WaitOperator(BaseOperator):
    """Waits with the trigger of a subclass; does nothing before and nothing after."""

    def __init__(self, *, number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number = number

    @abstractmethod
    def trigger(self) -> BaseTrigger:
        """Make what waits."""

    def execute(self, context: Any) -> None:
        """Leave the worker."""
        self.defer(trigger=self.trigger(), method_name="resume")

    def resume(self, context: Any, event: Any = None) -> None:
        """Be back."""


def wait_dag(dag_id: str, operator: type[WaitOperator]) -> DAG:
    """Make a DAG of waits for the jobs from 1 on."""
    jobs = int(os.environ.get(JOBS, "1"))
    with DAG(dag_id, schedule=None) as dag:
        operator.partial(task_id="wait").expand(number=list(range(1, jobs + 1)))
    return dag
