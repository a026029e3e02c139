"""process_video in a real Airflow: how often its tasks start, and what a crash does to a publication."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.whole.run import Run
from tests.whole.whole import Whole

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

MOST_STARTS = 8


def run(whole: Whole, **params: Any) -> Run:
    return whole.run("process_video", **{"source": whole.put(), "destination": whole.destination, **params})


def starts(whole: Whole, of: Run) -> int:
    """How often Airflow started a task, returns from a deferral included, which it does not count itself."""
    return sum(
        "Filling up the DagBag" in line
        for task in of.tasks
        for number in range(1, task["try_number"] + 1)
        if task["state"] not in ("skipped", "upstream_failed")
        for line in whole.machine.airflow.log("process_video", of.run_id, task["task_id"], number).lines
    )


def manifest(whole: Whole, recipe: str) -> dict[str, Any]:
    return dict(json.loads(whole.read(f"{whole.prefix}/video/{recipe}/manifest.json")))


def test_a_ladder_is_published_in_at_most_eight_starts(whole: Whole) -> None:
    whole.settings("bytenite", job_seconds=15)
    processing = run(whole, recipe="web")
    processing.until_task("encode.bytenite_1", "deferred", "success")

    assert processing.until_over(240) == "success"

    assert starts(whole, processing) == 4
    assert len(whole.jobs("bytenite")) == 1
    outputs = [output["name"] for job in manifest(whole, "web")["jobs"] for output in job["outputs"]]
    assert sorted(outputs) == ["h264_1080p.mp4", "h264_360p.mp4", "h264_480p.mp4", "h264_720p.mp4"]


def test_the_most_that_a_recipe_may_ask_for_takes_eight_starts_when_all_of_it_waits(whole: Whole) -> None:
    whole.settings("bytenite", job_seconds=20)
    whole.settings("pixop", ingest_seconds=15, job_seconds=15)
    processing = run(whole, recipe="worst")

    assert processing.until_over(400) == "success"

    assert starts(whole, processing) == MOST_STARTS
    assert (len(whole.jobs("pixop")), len(whole.jobs("bytenite"))) == (1, 2)
    jobs = {job["name"]: job for job in manifest(whole, "worst")["jobs"]}
    assert set(jobs) == {"enhance", "large", "small"}
    assert all(output["verdict"]["ok"] for job in jobs.values() for output in job["outputs"])


def test_a_broken_video_is_quarantined_in_one_start_and_nothing_is_paid(whole: Whole) -> None:
    processing = run(whole, source=whole.put("broken.mp4", b"no video at all"), recipe="web")

    assert processing.until_over() == "failed"

    assert processing.task("probe")["try_number"] == 1
    assert [task["task_id"] for task in processing.tasks if task["state"] not in ("upstream_failed",)] == ["probe"]
    assert not whole.jobs("bytenite")
    record = json.loads(whole.read(f"_quarantine/{whole.prefix}/broken.mp4.json"))
    assert "not a video" in record["reason"]


def test_a_process_killed_while_it_publishes_is_followed_by_one_that_ends_as_it_would_have(whole: Whole) -> None:
    processing = run(whole, recipe="web")
    processing.until_task("verify_and_publish", "running")

    processing.kill("verify_and_publish")

    assert processing.until_over(240) == "success"
    assert processing.task("verify_and_publish")["try_number"] == 2
    assert len(whole.jobs("bytenite")) == 1
    assert manifest(whole, "web")["jobs"][0]["name"] == "ladder"
