"""The DAG in a real Airflow: it ends what a task left that nobody heard of, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
import requests

from tests.whole.run import Run
from tests.whole.whole import Whole

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

ENCODE, REAP = "encode_with_bytenite", "reap_remote"


@pytest.fixture(autouse=True)
def switched_on(whole: Whole) -> Iterator[None]:
    url = f"{whole.machine.airflow.url}/api/v2/dags/{REAP}"
    whole.until("the DAG is there", lambda: requests.get(url, timeout=20).ok)
    assert requests.get(url, timeout=20).json()["is_paused"]
    assert whole.machine.airflow.unpause(REAP)
    yield
    requests.patch(url, json={"is_paused": True}, timeout=20).raise_for_status()


@contextmanager
def no_triggerer(whole: Whole) -> Iterator[None]:
    """Keep triggerers from taking anything over; what ends meanwhile they never hear of."""
    component = next(each for each in whole.machine.processes.components if each.name == "triggerer")
    processes = psutil.Process(component.guard.pid).children(recursive=True)
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def encoding(whole: Whole) -> Run:
    work = {"source": whole.put(), "destination": whole.destination}
    return whole.run("encode_video", **work, service="bytenite", preset="h264_360p")


def reaped(whole: Whole, **params: Any) -> dict[str, Any]:
    # At the other services there may be what tasks of other tests have left.
    run = whole.run(REAP, grace=0, services=["bytenite"], **params)
    assert run.until_over() == "success"
    report: dict[str, Any] = run.xcom("reap")
    return report


def owners(report: dict[str, Any], what: str) -> set[str]:
    """Whose things were dealt with in this way."""
    return {row["owner"] for row in report["things"] if row["done"] == what}


def test_jobs_of_a_failed_task_and_of_a_deleted_run_are_ended_and_a_live_one_is_published(whole: Whole) -> None:
    whole.settings("bytenite", job_seconds=300)
    with no_triggerer(whole):
        live, failed, deleted = (encoding(whole) for _ in range(3))
        for run in (live, failed, deleted):
            run.until_task(ENCODE, "deferred")
        failed.mark(ENCODE, "failed")
        deleted.mark_run("failed")  # Airflow deletes none that runs
        deleted.delete()
    orphans = {f"encode_video.{ENCODE}, run {run.run_id}" for run in (failed, deleted)}

    said = reaped(whole, dry_run=True)

    assert owners(said, "would be ended") == orphans
    assert said["counts"]["bytenite jobs"] == {"live": 1, "orphan": 2}
    assert len(whole.unfinished("bytenite")) == 3

    done = reaped(whole, dry_run=False)

    assert owners(done, "aborted") == orphans
    assert {row["why"] for row in done["things"] if row["done"]} == {"its task is failed", "its run is deleted"}
    (left,) = whole.unfinished("bytenite")
    whole.settings("bytenite", job_seconds=0)
    assert live.until_over() == "success"
    assert left in [job["id"] for job in whole.jobs("bytenite")]
    assert {"video/h264_360p.mp4", "video/manifest.json"} <= {*whole.outputs()}
