from __future__ import annotations

import pytest
from airflow.dag_processing.dagbag import DagBag

from reelworks.inbox.bell import QueueBell
from stack import ROOT
from tests.inbox.airflow_edge import Airflow

WAYS = ("watch_inbox", "inbox_events", "sweep_inbox")


@pytest.fixture
def bag(airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> DagBag:
    monkeypatch.setenv("REELWORKS_SWEEP_SCHEDULE", "7 * * * *")
    bag = DagBag(str(ROOT / "dags"), collect_dags=False)
    for way in WAYS:
        bag.process_file(str(ROOT / "dags" / f"{way}.py"))
    return bag


def test_the_files_are_read_without_asking_airflow_for_anything(bag: DagBag, airflow: Airflow) -> None:
    assert bag.import_errors == {}
    assert {*bag.dags} == {*WAYS}
    assert not airflow.asked


def test_none_starts_by_itself_or_runs_twice_at_once(bag: DagBag) -> None:
    for dag in bag.dags.values():
        assert dag.is_paused_upon_creation
        assert dag.max_active_runs == 1
        assert all(task.retries for task in dag.tasks)


def test_the_watch_can_begin_a_second_run(bag: DagBag) -> None:
    """Without a start date Airflow 3.3.2 gives it the first one's logical date, and never starts it."""
    watch = bag.dags["watch_inbox"]

    assert type(watch.timetable).__name__ == "ContinuousTimetable"
    assert watch.start_date is not None


def test_the_sweep_s_schedule_comes_from_the_environment(bag: DagBag) -> None:
    assert bag.dags["sweep_inbox"].schedule == "7 * * * *"


def test_the_events_dag_waits_for_the_bell(bag: DagBag) -> None:
    (asset,) = bag.dags["inbox_events"].schedule

    assert asset.name == "reelworks_inbox_events"
    assert [type(watcher.trigger) for watcher in asset.watchers] == [QueueBell]
