"""How an orphan is made: its run is deleted, however often Airflow has to be asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drill.orphans import Orphans
from drill.plan import make_plan
from drill.waits import Wait
from stack.airflow_api import AirflowApi
from tests.loopback import Server, answers, serving


@pytest.fixture
def airflow() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def orphans(airflow: Server) -> Orphans:
    """Both have been begun."""
    orphans = Orphans(AirflowApi(airflow.url), make_plan(1, 20).orphans)
    orphans.begin()
    return orphans


def test_a_run_whose_wait_was_in_the_dead_triggerer_is_deleted_and_no_other(airflow: Server, orphans: Orphans) -> None:
    dead, other = sorted(orphans.waiting, key=lambda wait: wait.run_id)
    airflow.acts = [answers({}), answers({}, 500), answers({}), answers(b"", 204)]
    airflow.heard.clear()

    orphans.desert([dead, Wait("process_video", "inbox__1")])

    run = f"/api/v2/dags/{dead.dag_id}/dagRuns/{dead.run_id}"
    assert airflow.asked == [f"PATCH {run}", f"DELETE {run}"] * 2
    assert orphans.waiting == {other}
    assert orphans.pending


def test_nothing_is_looked_at_before_all_are_alone(orphans: Orphans, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not orphans.to_be_seen

    orphans.desert(orphans.waiting)
    assert not orphans.pending
    assert not orphans.to_be_seen

    monkeypatch.setattr("drill.orphans.ALONE", 0.0)
    assert orphans.to_be_seen
