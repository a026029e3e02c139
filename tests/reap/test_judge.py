"""Whether a thing is an orphan, as Airflow's answers have it."""

from __future__ import annotations

import pytest

from reelworks.core.owners import Owner, owner_of
from reelworks.reap.airflow import desertion, run_desertion
from reelworks.reap.finding import Thing, Verdict
from reelworks.reap.verdict import Judge
from tests.reap.airflow_edge import TASK, Airflow
from tests.task_process import DAG_ID

KEY, RUN = "a-dag-encode-0123456789-1", "manual__2026-11-21T10:59:54.614061+00:00"
THING = Thing("bytenite", "job", "17", KEY, KEY)
NOW = 10_000.0

LIVE: list[str | None] = [
    "running",
    "deferred",
    "queued",
    "scheduled",
    "up_for_retry",
    "up_for_reschedule",
    "restarting",
    "awaiting_input",
    None,  # cleared, or its turn has not come
    "a state that Airflow may have one day",
]


def judged(**told: float | list[str]) -> tuple[Verdict, str]:
    finding = Judge(grace=900, clock=lambda: NOW, **told).judged(THING, desertion)  # type: ignore[arg-type]
    return finding.verdict, finding.why


@pytest.mark.parametrize("state", LIVE)
def test_a_task_that_may_come_back_keeps_its_job(airflow: Airflow, state: str | None) -> None:
    airflow.run(RUN, state)
    airflow.note(KEY, RUN)

    assert judged()[0] is Verdict.LIVE


@pytest.mark.parametrize("state", ["failed", "success", "skipped", "upstream_failed"])
def test_a_task_that_is_over_leaves_an_orphan_while_its_run_goes_on(airflow: Airflow, state: str) -> None:
    airflow.run(RUN, state)
    airflow.note(KEY, RUN)

    assert judged() == (Verdict.ORPHAN, f"its task is {state}")


def test_a_deleted_run_leaves_an_orphan(airflow: Airflow) -> None:
    airflow.note(KEY, RUN)

    assert judged() == (Verdict.ORPHAN, "its run is deleted")


def test_a_task_that_is_not_in_a_run_that_goes_on_is_a_doubt(airflow: Airflow) -> None:
    airflow.run(RUN, "running")
    airflow.note(KEY, RUN, map_index=7)

    assert judged()[0] is Verdict.LIVE


def test_a_task_that_was_removed_from_a_run_that_is_over_leaves_an_orphan(airflow: Airflow) -> None:
    airflow.run(RUN, "removed", over=True)
    airflow.note(KEY, RUN)

    assert judged() == (Verdict.ORPHAN, "its run is over, and its task was removed")


def test_one_mapped_task_is_not_taken_for_another(airflow: Airflow) -> None:
    airflow.run(RUN, None)
    airflow.tasks[RUN] = {(TASK, 0): "failed", (TASK, 1): "deferred", (f"{TASK}_1", -1): "failed"}
    airflow.note(KEY, RUN, map_index=1)

    assert judged()[0] is Verdict.LIVE


@pytest.mark.parametrize(
    ("noted", "verdict"),
    [
        (NOW - 901, Verdict.ORPHAN),
        (NOW - 899, Verdict.YOUNG),
        (NOW + 3600, Verdict.YOUNG),  # by a worker whose clock is ahead
    ],
)
def test_what_is_new_is_left(airflow: Airflow, noted: float, verdict: Verdict) -> None:
    airflow.run(RUN, "failed")
    airflow.note(KEY, RUN, noted=noted)

    assert judged()[0] is verdict


def test_what_is_kept_on_purpose_or_of_another_dag_is_left_without_a_question(airflow: Airflow) -> None:
    airflow.note(KEY, RUN, keep=True)
    assert judged()[0] is Verdict.KEPT

    airflow.note(KEY, RUN)
    assert judged(dags=["another"])[0] is Verdict.PASSED_OVER

    assert {*airflow.asked} == {"GetAssetStateStoreByName"}
    assert judged(dags=["another", DAG_ID])[0] is Verdict.ORPHAN


def test_what_a_task_has_begun_another_for_is_an_orphan_though_the_task_runs(airflow: Airflow) -> None:
    airflow.run(RUN, "running")
    airflow.note(KEY, RUN, disowned=True)

    assert judged() == (Verdict.ORPHAN, "its task has begun another")


def test_what_this_airflow_has_not_noted_is_another_s(airflow: Airflow) -> None:
    finding = Judge(grace=0).judged(THING, desertion)

    assert (finding.verdict, finding.owner) == (Verdict.UNKNOWN, None)


def test_a_note_of_a_newer_version_is_read(airflow: Airflow) -> None:
    airflow.note(KEY, RUN, colour="blue")

    owner = owner_of(KEY)

    assert isinstance(owner, Owner)
    assert str(owner) == f"a_dag.encode, run {RUN}"


@pytest.mark.parametrize(
    ("over", "teardown", "deserted"),
    [
        (False, "success", ""),
        (True, "running", ""),  # the run was marked as failed, and its teardown still deletes
        (True, None, ""),  # cleared a moment ago
        (True, "up_for_retry", ""),
        (True, "failed", "its run is over"),
    ],
)
def test_a_machine_belongs_to_its_run_until_no_task_of_it_works(
    airflow: Airflow, over: bool, teardown: str | None, deserted: str
) -> None:
    airflow.run(RUN, "success", over=over)
    airflow.tasks[RUN]["delete_machines", -1] = teardown
    owner = Owner(DAG_ID, RUN, TASK, -1, 0.0)

    assert run_desertion(owner) == deserted

    airflow.delete_run(RUN)
    assert run_desertion(owner) == "its run is deleted"
