"""The DAG in a real Airflow: an enhancement with two waits, stopped, killed and repeated."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.whole.run import Run
from tests.whole.whole import Whole

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400)]

FILES = ("before_after.jpg", "contact_sheet.jpg", "manifest.json", "prores_422_hq.mov")
OUTPUTS = [f"video/{name}" for name in FILES]


def run(whole: Whole, *, ingest: float = 0, job: float = 0, preview: float | None = None) -> Run:
    whole.settings("pixop", ingest_seconds=ingest, job_seconds=job)
    work = {"source": whole.put(), "destination": whole.destination, "preset": "prores_422_hq"}
    return whole.run("enhance_video", **work, preview_seconds=preview)


def alive(whole: Whole) -> list[Any]:
    return list(whole.machine.ledger("pixop")["alive"])


def arrived(whole: Whole) -> int:
    return len([upload for upload in whole.machine.ledger("pixop")["uploads"] if upload["complete"]])


def test_an_enhancement_with_two_long_waits_takes_two_task_starts_and_leaves_nothing(whole: Whole) -> None:
    enhancing = run(whole, ingest=15, job=15)

    assert enhancing.until_over() == "success"

    assert whole.outputs() == OUTPUTS
    assert enhancing.task("enhance")["try_number"] == 1
    assert len([line for line in _log(whole, enhancing) if "Filling up the DagBag" in line]) == 2
    assert len(whole.jobs("pixop")) == 1
    assert alive(whole) == []
    manifest = json.loads(whole.read("video/manifest.json"))
    assert manifest["service"] == "pixop"
    assert {*manifest["pictures"]} == {"contact_sheet", "before_after"}
    assert manifest["outputs"][0]["probe"]["video"][0]["codec"] == "prores"


def test_a_preview_is_charged_for_its_part_and_lies_in_a_folder_of_its_own(whole: Whole) -> None:
    enhancing = run(whole, preview=1)

    assert enhancing.until_over() == "success"

    assert whole.outputs() == [f"video/preview/{name.removeprefix('video/')}" for name in OUTPUTS]
    assert alive(whole) == []


@pytest.mark.parametrize(("ingest", "job"), [(60, 0), (0, 60)], ids=["ingest", "processing"])
def test_marking_it_failed_in_either_wait_leaves_nothing_at_pixop(whole: Whole, ingest: float, job: float) -> None:
    before = arrived(whole)
    enhancing = run(whole, ingest=ingest, job=job)
    if job:
        enhancing.until_waiting("enhance")
    else:  # the task itself waits
        whole.until("the upload is there", lambda: arrived(whole) > before)

    enhancing.mark("enhance", "failed")

    whole.until("nothing is left at Pixop", lambda: not alive(whole))
    assert len(whole.jobs("pixop")) == (1 if job else 0)


def test_a_killed_task_process_is_followed_by_one_that_goes_on_with_the_same_upload(whole: Whole) -> None:
    enhancing = run(whole, job=12)
    whole.until("the processing runs", lambda: whole.unfinished("pixop"))
    enhancing.until_task("enhance", "running", "deferred")

    if enhancing.task("enhance")["state"] == "running":
        enhancing.kill("enhance")
    assert enhancing.until_over() == "success"

    assert len(whole.jobs("pixop")) == 1
    assert len([upload for upload in _uploads(whole) if upload["complete"]]) == 1
    assert alive(whole) == []


def _uploads(whole: Whole) -> list[dict[str, Any]]:
    mine = {job["sourceVideoId"] for job in whole.jobs("pixop")}
    return [upload for upload in whole.machine.ledger("pixop")["uploads"] if upload["videoId"] in mine]


def _log(whole: Whole, run: Run) -> list[str]:
    return list(whole.machine.airflow.log("enhance_video", run.run_id, "enhance", 1).lines)
