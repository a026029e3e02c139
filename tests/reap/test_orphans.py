"""Jobs and videos whose tasks are gone, made by the operators themselves at a real service."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from reelworks.reap.report import Report
from tests.guarantees.house import House
from tests.reap.airflow_edge import Airflow
from tests.reap.conftest import HOUSES, Reap, go_on
from tests.task_process import TaskLife

every_service = pytest.mark.parametrize("house", list(HOUSES), indirect=True)


def waiting(house: House, **arguments: Any) -> TaskLife:
    """A task that has started its job and is deferred; no triggerer has taken it over."""
    life = house.encode(house.put(f"{uuid.uuid4().hex}.mp4"), house.impatient, **arguments)
    assert house.start(life).state == "deferred"
    return life


def verdicts(report: Report) -> dict[str, str]:
    return {finding.thing.name: finding.verdict.value for finding in report.findings}


def ended(report: Report) -> list[str]:
    return [finding.thing.name for finding in report.findings if finding.ended]


@every_service
def test_what_a_task_left_that_failed_as_it_was_deferred_is_ended(house: House, airflow: Airflow, reap: Reap) -> None:
    """In the second before a triggerer takes it over, nobody hears that the task was marked as failed."""
    (name,) = airflow.adopt(waiting(house), "gone", "failed")

    said = reap(house.service, dry_run=True)

    assert verdicts(said) == {name: "orphan"}
    assert said.as_json()["things"][0]["done"] == "would be ended"
    assert len(house.unfinished()) == 1
    assert name in airflow.notes

    done = reap(house.service)

    assert ended(done) == [name]
    assert house.unfinished() == []
    assert house.left_behind == {}
    assert airflow.notes == {}
    assert not house.deadly()
    assert reap(house.service).findings == []


@every_service
def test_the_job_of_a_live_task_goes_on_beside_an_orphan_and_is_published(
    house: House, airflow: Airflow, reap: Reap
) -> None:
    life = waiting(house)
    (live,) = airflow.adopt(life, "live")
    (orphan,) = airflow.adopt(waiting(house), "gone", "failed")

    report = reap(house.service)

    assert verdicts(report) == {live: "live", orphan: "orphan"}
    assert ended(report) == [orphan]
    go_on(house)
    assert life.resume(life.run_trigger().event).state == "success"
    assert house.published
    assert house.unfinished() == []
