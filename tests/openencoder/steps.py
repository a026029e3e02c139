"""Run one step operator as Airflow's task runner does, with the connection of the test's house."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.sdk import BaseOperator

from tests.guarantees.encoder_house import EncoderHouse
from tests.task_process import TaskLife


def step(house: EncoderHouse, operator: type[BaseOperator], retries: int = 3, **arguments: Any) -> TaskLife:
    """A life for a step task."""
    make: Callable[[], BaseOperator] = lambda: operator(task_id="step", **arguments)  # noqa: E731
    return TaskLife(make, house.folder, retries=retries)
