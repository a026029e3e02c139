"""What the reaper does not touch, whatever goes wrong around it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError

from reelworks.bytenite import api
from reelworks.openencoder.api import create_job
from reelworks.pixop.api import create_video
from reelworks.reap.report import Report
from tests.guarantees.house import House
from tests.reap.airflow_edge import Airflow
from tests.reap.conftest import HOUSES, Reap

every_service = pytest.mark.parametrize("house", list(HOUSES), indirect=True)


def named(number: int = 1) -> str:
    """A name as ``new_claim`` makes them."""
    return f"a-dag-encode-{uuid.uuid4().hex[:10]}-{number}"


def make(house: House, name: str) -> str:
    """Make a job or video of that name, as anybody can."""
    flows = {
        "bytenite": lambda: api.create_job(name),
        "openencoder": lambda: create_job("tiny", "s3:///none.mp4", f"s3:///_reelworks/{name}/"),
        "pixop": lambda: create_video(name),
    }
    return str(house.quick.hook_class().answer(flows[house.service]()))


def orphan(house: House, airflow: Airflow, name: str | None = None) -> str:
    """Make one whose task has failed; return its id."""
    name = name or named()
    airflow.run("gone", "failed")
    airflow.note(name, "gone")
    return make(house, name)


def there(house: House) -> set[str]:
    """The ids of what is unfinished, by the service's ledger."""
    return {str(thing) for thing in house.unfinished()}


def ended(report: Report) -> set[str]:
    return {finding.thing.id for finding in report.findings if finding.ended}


FOREIGN: tuple[Callable[[], str], ...] = (
    named,  # another Airflow's on the same account
    lambda: f"encode-video-encode-with-bytenite-{uuid.uuid4().hex[:10]}-1",
    lambda: f"holiday {uuid.uuid4().hex[:6]}",
    lambda: f"A-DAG-ENCODE-{uuid.uuid4().hex[:10].upper()}-1",
    lambda: f"a-dag-encode-{uuid.uuid4().hex}-1",
)


@every_service
def test_a_hundred_things_of_others_are_untouched_around_an_orphan(house: House, airflow: Airflow, reap: Reap) -> None:
    ids = [make(house, FOREIGN[number % len(FOREIGN)]()) for number in range(100)]
    ours = orphan(house, airflow)
    ids += [make(house, named()) for _ in range(5)]

    report = reap(house.service)

    assert ended(report) == {ours}
    assert there(house) == {*ids}
    assert not house.deadly()
    unknown = [row for row in report.as_json()["things"] if row["verdict"] == "unknown"]
    assert {row["why"] for row in unknown} == {"this Airflow knows no owner of it"}


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        (1, {"kind": "status", "status": 500}),
        (1, {"kind": "status", "status": 403}),
        (2, {"kind": "status", "status": 500}),
        (2, {"kind": "truncate"}),
        (2, {"kind": "content_type"}),
        (2, {"kind": "reset_before"}),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else f"page {value}",
)
def test_a_list_that_breaks_off_ends_nothing(
    house: House, airflow: Airflow, reap: Reap, page: int, fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.list_jobs, "__defaults__", (0, 2, None))
    first = orphan(house, airflow)
    ids = {first, make(house, named()), make(house, named()), orphan(house, airflow)}
    house.faults({"endpoint": "list_jobs", "after": page - 1, **fault})

    report = reap("bytenite")

    assert house.injected() >= 1
    assert list(report.faults) == ["bytenite jobs, bytenite_default"]
    assert report.findings == []
    assert there(house) == ids


@pytest.mark.parametrize("service", ["openencoder", "pixop"])
def test_a_service_that_does_not_list_keeps_no_other_from_being_reaped(
    open_house: Callable[[str], House], airflow: Airflow, reap: Reap, service: str
) -> None:
    bytenite, broken = open_house("bytenite"), open_house(service)
    ours, left = orphan(bytenite, airflow), orphan(broken, airflow)
    broken.faults({"endpoint": "list_jobs" if service == "openencoder" else "list_videos", "kind": "status"})

    report = reap(service, "bytenite")

    assert ended(report) == {ours}
    assert there(broken) == {left}
    assert any(what.startswith(service) for what in report.faults)
    assert not broken.deadly()


def test_an_airflow_that_falls_silent_ends_nothing_it_has_not_answered_for(
    house: House, airflow: Airflow, reap: Reap
) -> None:
    live = make(house, name := named())
    airflow.run("live", "deferred")
    airflow.note(name, "live")
    ours = orphan(house, airflow)
    answered = 0

    for silent_at in count(1):
        airflow.asked.clear()
        airflow.silent_at = silent_at
        try:
            report = reap("bytenite")
        except AirflowRuntimeError:
            assert ours in there(house), f"ended after {silent_at - 1} answers"
            assert live in there(house)
            answered = silent_at
        else:
            break

    # Two looks at both, and a third at the orphan; of each its note, and the state of its task.
    assert answered == 10
    assert ended(report) == {ours}
    assert there(house) == {live}


def test_each_is_struck_right_after_its_end(house: House, airflow: Airflow, reap: Reap) -> None:
    for _ in range(2):
        orphan(house, airflow)
    noted_at: list[int] = []
    # Two looks at both, then the last one at each: the note of the first is gone when the second is looked at.
    airflow.before[6] = lambda: noted_at.append(len(airflow.notes))

    report = reap("bytenite")

    assert len(ended(report)) == 2
    assert noted_at == [1]
    assert airflow.notes == {}


def test_what_was_ended_before_airflow_fell_silent_is_in_the_report_and_struck(
    house: House, airflow: Airflow, reap: Reap
) -> None:
    for _ in range(2):
        orphan(house, airflow)
    airflow.before[5] = lambda: airflow.fall_silent(after=1)  # at the last look at the first, whose note is struck yet
    report = Report(dry_run=False)

    with pytest.raises(AirflowRuntimeError):
        reap("bytenite", report=report)

    (gone,) = [finding for finding in report.findings if finding.ended]
    assert len(report.findings) == 2
    assert there(house) == {finding.thing.id for finding in report.findings} - {gone.thing.id}
    assert [*airflow.notes] == [finding.thing.key for finding in report.findings if not finding.ended]


@pytest.mark.parametrize("look", [2, 3])
def test_a_task_that_is_cleared_between_the_looks_keeps_its_job(
    house: House, airflow: Airflow, reap: Reap, look: int
) -> None:
    ours = orphan(house, airflow)
    airflow.before[look] = lambda: airflow.run("gone", None)

    report = reap("bytenite")

    assert ended(report) == set()
    assert report.findings[0].verdict == "live"
    assert there(house) == {ours}


def test_a_task_that_fails_between_the_looks_is_left_to_the_next_reaping(
    house: House, airflow: Airflow, reap: Reap
) -> None:
    ours, other = orphan(house, airflow), make(house, name := named())
    airflow.run("live", "deferred")
    airflow.note(name, "live")
    airflow.before[3] = lambda: airflow.run("live", "failed")  # at the second look at the first of the two

    report = reap("bytenite")

    assert ended(report) == {ours}
    assert there(house) == {other}
    assert ended(reap("bytenite")) == {other}


def test_one_that_cannot_be_ended_keeps_no_other_and_stays_noted(house: House, airflow: Airflow, reap: Reap) -> None:
    ids = {orphan(house, airflow) for _ in range(2)}
    house.faults({"endpoint": "abort_job", "kind": "status", "status": 403, "times": 5})

    report = reap("bytenite")

    (left,) = ids - ended(report)
    assert there(house) == {left}
    assert len(report.faults) == 1
    assert len(airflow.notes) == 1
    assert ended(reap("bytenite")) == {left}
    assert airflow.notes == {}


def test_both_drafts_of_a_create_whose_answer_was_lost_go(house: House, airflow: Airflow, reap: Reap) -> None:
    ids = {orphan(house, airflow, name := named()), make(house, name)}

    assert ended(reap("bytenite")) == ids
    assert airflow.notes == {}


@pytest.mark.parametrize("house", ["pixop"], indirect=True)
def test_the_videos_of_keep_remote_stay(house: House, airflow: Airflow, reap: Reap) -> None:
    name = named()
    airflow.run("done", "success")
    airflow.note(name, "done", keep=True)
    kept = make(house, name)

    report = reap("pixop")

    assert [finding.why for finding in report.findings] == ["it is kept on purpose"]
    assert there(house) == {kept}
