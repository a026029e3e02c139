"""What tasks note of the things they make: from before they are there until nobody is bound to them any more."""

from __future__ import annotations

from bisect import bisect_left
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError

from reelworks.core.owners import ASSET, disown, forget_owner, note_owner, owner_of
from reelworks.openencoder.address import job_folder, key_address
from reelworks.openencoder.api import create_job
from tests.guarantees.house import House
from tests.guarantees.pixop_house import PixopHouse
from tests.reap.airflow_edge import Airflow, written
from tests.reap.conftest import HOUSES, Reap, go_on
from tests.task_process import DAG_ID, RUN_ID, TaskLife

every_service = pytest.mark.parametrize("house", list(HOUSES), indirect=True)


def life_of(house: House, **arguments: Any) -> TaskLife:
    go_on(house)
    return house.encode(house.put(), house.quick, **arguments)


@every_service
def test_a_job_is_noted_before_it_is_there_and_struck_when_all_is_done(house: House) -> None:
    life = life_of(house)

    assert life.run().state == "success"

    (asset, name, note), (_, struck, nothing) = written(life)
    assert asset == ASSET
    assert name == struck == life.xcoms["job"]["name"]
    assert nothing is None
    assert {key: note[key] for key in ("dag_id", "run_id", "task_id", "map_index", "keep", "disowned")} == {
        "dag_id": DAG_ID,
        "run_id": RUN_ID,
        "task_id": "encode",
        "map_index": -1,
        "keep": False,
        "disowned": False,
    }


def test_no_job_is_there_without_a_note_wherever_its_task_dies(house: House) -> None:
    lives: dict[int, TaskLife] = {}

    def leaves_a_draft(kill_at: int) -> bool:
        there = set(house.unfinished())
        lives[kill_at] = life_of(house, life={"retries": 1})
        lives[kill_at].kill_at = kill_at
        assert lives[kill_at].run().state == "killed"
        return set(house.unfinished()) > there

    # The first point at which there is one: as the create is answered.
    life = lives[bisect_left(range(30), True, key=leaves_a_draft)]

    assert len(life.notes) == 1
    assert life.run().state == "success"
    assert life.notes == {}
    assert len(house.paid()) == 1


def test_a_note_is_struck_when_the_job_of_a_failed_task_is_cancelled(house: House) -> None:
    life = life_of(house, life={"retries": 0})
    with house.failing():
        assert life.run().state == "failed"

    assert [bool(note) for _, _, note in written(life)] == [True, False]


def test_a_job_that_turns_up_after_its_task_has_given_up_is_ended(encoder: House, airflow: Airflow, reap: Reap) -> None:
    """Its create goes unanswered, and the server acts on it when its task looks for it no longer."""
    encoder.faults({"endpoint": "create_job", "kind": "reset_before"})
    life = encoder.encode(encoder.put(), encoder.quick, life={"retries": 0})
    assert life.run().state == "failed"
    encoder.faults()

    (name,) = airflow.adopt(life, "over", "failed")
    late = create_job(encoder.preset, key_address("late.mp4"), key_address(job_folder(name)))
    job_id = encoder.quick.hook_class().answer(late)

    assert job_id in [finding.thing.id for finding in reap("openencoder").findings if finding.ended]
    assert encoder.unfinished() == []


def test_a_new_generation_disowns_what_could_not_be_tidied_away(
    pixop: PixopHouse, airflow: Airflow, reap: Reap
) -> None:
    """The video of the first generation is still there; its task runs on with the second's."""
    pixop.faults({"endpoint": "delete_video", "kind": "status", "status": 403})
    life = life_of(pixop, life={"retries": 0})
    assert life.run().state == "success"
    pixop.faults()
    (left,) = pixop.unfinished()
    assert [bool(note) for _, _, note in written(life)] == [True]
    (name,) = airflow.adopt(life, "live")
    life.clear()
    assert life.run().state == "success"

    assert airflow.adopt(life, "live", "running") == [name]

    report = reap("pixop")

    assert [(finding.thing.id, finding.why) for finding in report.findings] == [(left, "its task has begun another")]
    assert pixop.unfinished() == []


def test_a_video_that_is_to_stay_once_it_is_made_does_not_stay_unfinished(
    pixop: PixopHouse, airflow: Airflow, reap: Reap
) -> None:
    pixop.settings(job_seconds=600)
    life = pixop.encode(pixop.put(), pixop.impatient, keep_remote=True)
    assert pixop.start(life).state == "deferred"
    airflow.adopt(life, "gone")
    airflow.delete_run("gone")

    report = reap("pixop")

    assert [finding.ended for finding in report.findings] == [True]
    assert pixop.unfinished() == []


def test_a_video_that_is_to_stay_is_not_left_as_an_orphan(pixop: PixopHouse, airflow: Airflow, reap: Reap) -> None:
    life = life_of(pixop, keep_remote=True)
    outcome = life.run()
    assert outcome.state == "success", outcome

    notes = [note for _, _, note in written(life)]
    assert [note and note["keep"] for note in notes] == [False, True, None]
    airflow.adopt(life, "done", "success")
    assert not [finding for finding in reap("pixop").findings if finding.ended]
    assert len(pixop.unfinished()) == 1


def test_a_cleared_task_disowns_what_its_first_job_left(airflow: Airflow) -> None:
    airflow.note("a-dag-encode-0123456789-1", "live")

    disown("a-dag-encode-0123456789-1")
    disown("a-dag-encode-0123456789-2")  # never noted, or struck already

    assert airflow.notes["a-dag-encode-0123456789-1"]["disowned"] is True
    assert len(airflow.notes) == 1


def test_no_task_fails_for_a_note(airflow: Airflow, caplog: pytest.LogCaptureFixture) -> None:
    """Where the DAG is not there, its asset is not either, and Airflow refuses the note with a 404."""
    caplog.set_level("INFO")
    airflow.silent_at = 1
    instance = SimpleNamespace(dag_id=DAG_ID, run_id=RUN_ID, task_id="encode", map_index=-1)

    note_owner("a-dag-encode-0123456789-1", instance)
    disown("a-dag-encode-0123456789-1")
    forget_owner("a-dag-encode-0123456789-1")

    assert "is not noted, so nobody ends it should its task not: the DAG reap_remote has to be there" in caplog.text
    with pytest.raises(AirflowRuntimeError):
        owner_of("a-dag-encode-0123456789-1")  # the reaper has to know that it does not know
