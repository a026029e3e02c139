"""A worker, a triggerer and the scheduler are SIGKILLed, and the database crashes: nothing is lost or paid twice."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass

import psutil
import pytest
import requests

from stack import session
from stack.cluster import Cluster
from tests.operate.statsd import StatsdServer
from tests.whole.run import Run
from tests.whole.whole import Whole

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

DAG, RECIPE, ENCODE = "process_video", "small", "encode.bytenite_1"
NAMES = ("one", "two", "three")
PAID_BUT_UNANSWERED = {"endpoint": "run_job", "kind": "hang_after", "seconds": 120, "times": 1}


@dataclass
class Storm:
    """What was killed while which videos were at work, and what came of them."""

    worker: str
    triggerer: str
    moved: tuple[int, int]
    on_worker: Run
    in_triggerer: list[Run]
    looks: float


@pytest.fixture(scope="module")
def storm(cluster: Cluster, whole: Whole, heard: StatsdServer) -> Storm:
    whole.settings("bytenite", job_seconds=60)
    waiting = [_start(whole, name) for name in NAMES]
    for run in waiting:
        run.until_waiting(ENCODE)
    looks = _looks_heard(whole, heard)
    whole.faults("bytenite", PAID_BUT_UNANSWERED)
    running = _start(whole, "four")
    whole.until("its job is paid", lambda: len(whole.jobs("bytenite")) == len(NAMES) + 1)

    worker = cluster.part_of(running.task(ENCODE)["pid"])
    triggerer = _triggerer_of(cluster, waiting[0])
    assert worker
    before = _triggerer_job(waiting[0])
    for part in (worker, triggerer, "scheduler"):
        cluster.kill(part)
    cluster.restart_database()

    whole.until("a triggerer has it again", lambda: _triggerer_job(waiting[0]) not in (None, before))
    after = _triggerer_job(waiting[0])
    for run in (running, *waiting):
        run.until_over(400)
    return Storm(worker, triggerer, (before or 0, after or 0), running, waiting, looks)


def test_the_task_of_a_killed_worker_is_tried_again_and_takes_its_job_over(storm: Storm, whole: Whole) -> None:
    assert storm.worker in ("worker-1", "worker-2")
    assert storm.on_worker.state == "success"
    assert storm.on_worker.task(ENCODE)["try_number"] == 2


def test_what_waited_in_a_killed_triggerer_goes_on_in_another(storm: Storm) -> None:
    assert storm.triggerer in ("triggerer-1", "triggerer-2")
    assert storm.moved[0] != storm.moved[1]
    assert [run.state for run in storm.in_triggerer] == ["success"] * len(NAMES)
    assert [run.task(ENCODE)["try_number"] for run in storm.in_triggerer] == [1] * len(NAMES)


def test_each_video_is_one_paid_job_and_published(storm: Storm, whole: Whole) -> None:
    assert len(whole.jobs("bytenite")) == len(NAMES) + 1
    for name in (*NAMES, "four"):
        manifest = json.loads(whole.read(f"{whole.prefix}/{name}/{RECIPE}/manifest.json"))
        assert all(output["verdict"]["ok"] for job in manifest["jobs"] for output in job["outputs"])


def test_what_a_triggerer_counts_is_heard(storm: Storm) -> None:
    """Airflow's triggerer sets its own stats up, and ours are told through the Task SDK's."""
    assert storm.looks > 0


def test_what_died_came_back(storm: Storm, cluster: Cluster, whole: Whole) -> None:
    assert {storm.worker, storm.triggerer, "scheduler", "postgres"} <= {*cluster.deaths}
    assert cluster.restarts == cluster.deaths
    # One that has just died counts for some seconds more.
    whole.until("two triggerers beat", lambda: cluster.airflow.living("TriggererJob", cluster.began) == 2)


def _start(whole: Whole, name: str) -> Run:
    source = whole.put(f"{name}.mp4")
    return whole.run(DAG, source=source, destination=whole.destination, recipe=RECIPE)


def _looks_heard(whole: Whole, heard: StatsdServer) -> float:
    """Return how many more looks are heard of while all tasks wait, and so nobody but triggerers looks."""
    before = heard.counted["looks.bytenite"]
    with contextlib.suppress(AssertionError):
        whole.until("a look is heard of", lambda: heard.counted["looks.bytenite"] > before, 20)
    return heard.counted["looks.bytenite"] - before


def _triggerer_job(run: Run) -> int | None:
    try:
        job = run.task(ENCODE)["triggerer_job"]
    except requests.RequestException:
        return None  # the database is just restarting
    return int(job["id"]) if job else None


def _triggerer_of(cluster: Cluster, run: Run) -> str:
    """Name the triggerer that has the log of the run's trigger open: Airflow tells a job's number and no process."""
    for component in cluster.processes.components:
        if component.name.startswith("triggerer"):
            for pid in session.members(component.guard.pid):
                if any(run.run_id in file.path for file in psutil.Process(pid).open_files()):
                    return component.name
    raise AssertionError(f"no triggerer watches {run.run_id}")
