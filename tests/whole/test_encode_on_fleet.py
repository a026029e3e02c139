"""The fleet in a real Airflow: whoever stops or breaks what, its machines go when it does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.whole.run import Run
from tests.whole.whole import Whole

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400)]

CREATE, ENCODE, PUBLISH, DELETE = "create_machines", "video.encode", "video.publish", "delete_machines"
PRESET = "h264_baseline_360p_600"
NAMES = ("one", "two", "three")


@pytest.fixture(autouse=True)
def nobody_else_encodes(whole: Whole) -> Any:
    """Let machines do the work, and none but those of the run."""
    ours = {"static_workers": 0, "machine_boot_seconds": 0.5, "worker_restart_seconds": 0.5, "tick_seconds": 1}
    whole.settings("openencoder", **ours, retry_seconds=1, reap_seconds=1)
    yield
    whole.settings("openencoder", static_workers=1)


def start(whole: Whole, sources: list[str] | None = None, count: int = 2, job_seconds: float = 0) -> Run:
    whole.settings("openencoder", job_seconds=job_seconds)
    sources = sources or [whole.put(f"{name}.mp4") for name in NAMES]
    params = {"sources": sources, "destination": whole.destination, "preset": PRESET, "count": count}
    return whole.run("encode_on_fleet", **params)


def machines(whole: Whole) -> list[Any]:
    return list(whole.machine.ledger("openencoder")["machines"]["alive"])


def rented(whole: Whole) -> int:
    """How many machines there have ever been."""
    return len(whole.machine.ledger("openencoder")["machines"]["all"])


FILES = ("before_after.jpg", "contact_sheet.jpg", f"{PRESET}.mp4", "manifest.json")


def made(*names: str) -> list[str]:
    return sorted(f"{name}/{file}" for name in names for file in FILES)


def test_each_video_is_encoded_and_has_its_manifest_and_the_machines_are_gone(whole: Whole) -> None:
    before = rented(whole)

    run = start(whole)

    assert run.until_over() == "success"
    assert whole.outputs() == made(*NAMES)
    assert {json.loads(whole.read(f"{name}/manifest.json"))["source"]["url"] for name in NAMES} == {
        f"s3://inbox/{whole.prefix}/{name}.mp4" for name in NAMES
    }
    assert len(whole.jobs("openencoder")) == len(NAMES)
    assert rented(whole) == before + 2
    assert machines(whole) == []
    # Five for the run, two for each video.
    assert sum(task["try_number"] for task in run.tasks) == 5 + 2 * len(NAMES)


def test_a_bad_source_keeps_no_other_from_its_manifest_and_no_machine_alive(whole: Whole) -> None:
    good = [whole.put("one.mp4"), whole.put("three.mp4")]

    run = start(whole, [good[0], f"s3://inbox/{whole.prefix}/not there.mp4", good[1]])

    assert run.until_over() == "failed"
    assert run.states(ENCODE) == ["success", "failed", "success"]
    assert run.states(PUBLISH) == ["success", "upstream_failed", "success"]
    assert run.states(DELETE) == ["success"]
    assert whole.outputs() == made("one", "three")
    assert machines(whole) == []


@pytest.mark.parametrize("state", ["running", "deferred"])
def test_marking_the_run_failed_cancels_the_jobs_and_deletes_the_machines(whole: Whole, state: str) -> None:
    run = start(whole, job_seconds=120)
    whole.until("all jobs are there", lambda: len(whole.jobs("openencoder")) == len(NAMES))
    if state == "deferred":
        run.until_waiting(ENCODE)

    run.mark_run("failed")

    whole.until("no job and no machine", lambda: not whole.left_running())
    assert run.until_over() == "failed"
    assert run.states(DELETE) == ["success"]
    assert whole.outputs() == []


def test_marking_the_run_failed_while_machines_are_created_leaves_none(whole: Whole) -> None:
    before = rented(whole)
    whole.faults("openencoder", {"endpoint": "create_machines", "kind": "hang_after", "seconds": 60, "times": 1})
    run = start(whole)
    whole.until("the machines are there", lambda: len(machines(whole)) == 2)
    assert run.states(CREATE) == ["running"]

    run.mark_run("failed")

    assert run.until_over() == "failed"
    assert run.states(DELETE) == ["success"]
    assert machines(whole) == []
    assert rented(whole) == before + 2


def test_a_setup_that_fails_after_it_created_machines_leaves_none(whole: Whole) -> None:
    before = rented(whole)
    refusal = {"endpoint": "create_machines", "kind": "status_after", "status": 401, "times": 1}
    whole.faults("openencoder", refusal)

    run = start(whole)

    assert run.until_over() == "failed"
    assert [run.states(task)[0] for task in (CREATE, DELETE)] == ["failed", "success"]
    assert rented(whole) == before + 2
    assert machines(whole) == []


def test_a_setup_that_is_killed_amid_a_create_finds_its_machines_again(whole: Whole) -> None:
    before = rented(whole)
    whole.faults("openencoder", {"endpoint": "create_machines", "kind": "hang_after", "seconds": 60, "times": 1})
    run = start(whole, [whole.put("one.mp4")])
    whole.until("the machines are there", lambda: len(machines(whole)) == 2)

    run.kill(CREATE)

    assert run.until_over() == "success"
    assert run.task(CREATE)["try_number"] == 2
    assert rented(whole) == before + 2
    assert machines(whole) == []
    assert whole.outputs() == made("one")


def test_a_run_that_is_cleared_takes_its_machines_and_jobs_over(whole: Whole) -> None:
    before = rented(whole)
    run = start(whole, job_seconds=10)
    whole.until("all jobs are there", lambda: len(whole.jobs("openencoder")) == len(NAMES))

    run.clear_all()
    whole.settings("openencoder", job_seconds=0)

    assert run.until_over() == "success"
    assert rented(whole) == before + 2
    assert len(whole.jobs("openencoder")) == len(NAMES)
    assert machines(whole) == []
    assert whole.outputs() == made(*NAMES)
