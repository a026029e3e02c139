"""All workers are away for longer than a task may be stuck in the queue by Airflow's default: nothing fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from stack.cluster import Cluster
from tests.whole.run import Run
from tests.whole.whole import Whole

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

DAG, RECIPE, ENCODE = "process_video", "small", "encode.bytenite_1"
WORKERS = ("worker-1", "worker-2")
ENOUGH = 2
"""How often Airflow, left to its default, sends a task again before it fails it."""
SENT_AGAIN = "stuck in queued reschedule"
"""The scheduler's word for it in the audit log."""


@contextmanager
def changed(cluster: Cluster, name: str, command: tuple[str, ...] = (), **environment: str) -> Iterator[None]:
    """Put another program, or one with other settings, in the place of a part for a while."""
    usual = cluster.processes.named(name).program
    cluster.processes.named(name).program = replace(
        usual, command=command or usual.command, environment={**usual.environment, **environment}
    )
    cluster.kill(name)
    try:
        yield
    finally:
        cluster.processes.named(name).program = usual
        cluster.kill(name)


@contextmanager
def no_worker(cluster: Cluster) -> Iterator[None]:
    first, second = (changed(cluster, name, ("sleep", "3600")) for name in WORKERS)
    with first, second:
        yield


@contextmanager
def hasty_scheduler(cluster: Cluster) -> Iterator[None]:
    """One that sends a task again after seconds, to have an outage of minutes in less than one.

    No worker may be there meanwhile: on a busy machine it takes longer than that to start a task.
    """
    soon = {"TASK_QUEUED_TIMEOUT": "4", "TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "1"}
    with changed(cluster, "scheduler", **{f"AIRFLOW__SCHEDULER__{name}": value for name, value in soon.items()}):
        yield


def times_sent_again(cluster: Cluster, run: Run) -> int:
    url = f"{cluster.airflow.url}/api/v2/eventLogs"
    answer = cluster.airflow.session.get(url, params={"run_id": run.run_id, "event": SENT_AGAIN}, timeout=20)
    answer.raise_for_status()
    return int(answer.json()["total_entries"])


def test_a_task_whose_job_is_paid_outlasts_an_outage_of_all_workers(cluster: Cluster, whole: Whole) -> None:
    whole.settings("bytenite", job_seconds=600)
    run = whole.run(DAG, source=whole.put("late.mp4"), destination=whole.destination, recipe=RECIPE)
    run.until_waiting(ENCODE)

    with no_worker(cluster), hasty_scheduler(cluster):
        whole.settings("bytenite", job_seconds=0)
        whole.until("it is sent again and again", lambda: times_sent_again(cluster, run) > ENOUGH)
        task = run.task(ENCODE)
        assert task["state"] in ("queued", "scheduled")
        assert task["try_number"] == 1  # by Airflow's default it has failed by now, and waits for a retry

    assert run.until_over() == "success"
    assert len(whole.jobs("bytenite")) == 1
