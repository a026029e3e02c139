"""The pipeline on the cluster: however a video comes to be processed, it is published."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stack.cluster import Cluster
from tests.guarantees.house import second_of_video
from tests.whole.inbox import Inbox
from tests.whole.run import Run
from tests.whole.whole import Whole

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

DAG, RECIPE = "process_video", "small"


@pytest.fixture(scope="module")
def inbox(cluster: Cluster, whole: Whole) -> Inbox:
    inbox = Inbox(cluster, whole.s3, f"{whole.prefix}/inbox")
    inbox.set("REELWORKS_INBOX", f"s3://inbox/{inbox.prefix}")
    inbox.set("REELWORKS_OUTBOX", whole.destination)
    return inbox


@pytest.fixture(scope="module")
def runs(cluster: Cluster, whole: Whole, inbox: Inbox) -> dict[str, Run]:
    """One run for each way, all over."""
    inbox.pause("inbox_events", False)
    [noticed] = inbox.put("noticed.mp4", body=second_of_video())
    by_hand = whole.put("by hand.mp4")
    asked = whole.run(DAG, source=by_hand, destination=whole.destination, recipe=RECIPE)
    inbox.until("the event starts a run", lambda: inbox.runs()[noticed])
    inbox.pause("inbox_events")
    inbox.queue(lose_every=1)
    [swept] = inbox.put("swept.mp4", body=second_of_video())
    # A DAG that is switched on runs at once, too: one sweep or the other starts it.
    inbox.until("the sweep starts a run", lambda: inbox.sweep() and inbox.runs()[swept])
    inbox.queue(lose_every=0)
    sources = {"noticed": noticed, "swept": swept}
    started = {way: Run(cluster, whole.until, DAG, _run_id(cluster, source)) for way, source in sources.items()}
    started["by hand"] = asked
    for run in started.values():
        run.until_over(300)
    return started


@pytest.mark.parametrize("way", ["noticed", "by hand", "swept"])
def test_a_video_is_published(runs: dict[str, Run], whole: Whole, way: str) -> None:
    assert runs[way].state == "success"
    folder = whole.prefix if way == "by hand" else f"{whole.prefix}/inbox"
    manifest = json.loads(whole.read(f"{folder}/{way}/{RECIPE}/manifest.json"))
    outputs = [output for job in manifest["jobs"] for output in job["outputs"]]
    assert [output["name"] for output in outputs] == ["h264_360p.mp4"]
    assert outputs[0]["verdict"]["ok"]
    assert f"{folder}/{way}/{RECIPE}/h264_360p.mp4" in whole.outputs()


def test_each_video_is_one_paid_job(runs: dict[str, Run], whole: Whole) -> None:
    assert len(whole.jobs("bytenite")) == len(runs)


def test_the_log_of_a_task_is_read_in_the_ui(runs: dict[str, Run], cluster: Cluster) -> None:
    log = cluster.airflow.log(DAG, runs["by hand"].run_id, "verify_and_publish", 1)

    assert any("manifest.json" in line for line in log.lines)


def _run_id(cluster: Cluster, source: str) -> str:
    runs: list[dict[str, Any]] = cluster.airflow.runs(DAG)
    return next(str(run["dag_run_id"]) for run in runs if run["conf"]["source"] == source)
