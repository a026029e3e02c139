"""Machines: noted by a setup, deleted once their run is over and the server rests, and by nobody's guess."""

from __future__ import annotations

import time
from typing import Any

import pytest

from reelworks.openencoder.fleet import machine_key, renter_key
from reelworks.openencoder.operators import OpenEncoderCreateMachinesOperator, OpenEncoderDeleteMachinesOperator
from reelworks.reap.holdings import RENTED
from tests.guarantees.encoder_house import EncoderHouse, call
from tests.openencoder.steps import step
from tests.reap.airflow_edge import TASK, Airflow, written
from tests.reap.conftest import Reap
from tests.task_process import TaskLife

SIZE = "s-1vcpu-1gb"
LABEL = "openencoder machines, openencoder_default"
RENTER = renter_key("openencoder_default")


def alive(encoder: EncoderHouse) -> list[int]:
    return sorted(encoder.ledger()["machines"]["alive"])


@pytest.fixture(autouse=True)
def no_machines_before_or_after(encoder: EncoderHouse) -> Any:
    call(encoder, "DELETE", "/api/machines")
    yield
    call(encoder, "DELETE", "/api/machines")


class Setup(OpenEncoderCreateMachinesOperator):
    """The create task as a DAG with a teardown has it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_setup = True


def rented(encoder: EncoderHouse, operator: type[OpenEncoderCreateMachinesOperator] = Setup) -> TaskLife:
    """A create task that is done."""
    life = step(encoder, operator, size=SIZE, count=2)
    assert life.run().state == "success"
    return life


def over(airflow: Airflow, life: TaskLife) -> None:
    """Let the run of the machines be over, without its teardown."""
    airflow.adopt(life, "gone")
    airflow.run("gone", "success", over=True)
    airflow.tasks["gone"] = {(TASK, -1): "success", ("delete_machines", -1): "failed"}


def done(report: Any) -> list[str]:
    return [finding.done for finding in report.findings if finding.thing.kind == "machine"]


def test_the_machines_of_a_run_that_is_over_are_deleted(encoder: EncoderHouse, airflow: Airflow, reap: Reap) -> None:
    over(airflow, rented(encoder))
    (theirs,) = [row["id"] for row in call(encoder, "POST", "/api/machines", rent(1))["machine"]]
    before = alive(encoder)

    said = reap("openencoder", dry_run=True)

    assert sorted(done(said)) == ["", "would be ended", "would be ended"]
    assert alive(encoder) == before
    told = [row["amount"] for row in said.as_json()["things"] if row["verdict"] == "orphan"]
    assert all(amount.endswith(" USD") and float(amount.split()[0]) > 0 for amount in told)

    report = reap("openencoder")

    assert sorted(done(report)) == ["", "deleted", "deleted"]
    assert alive(encoder) == [theirs]
    assert [*airflow.notes] == [RENTER]  # while any is there: it could be one whose creation went unanswered


@pytest.mark.parametrize("work", ["queued", "running"])
def test_no_machine_is_deleted_while_the_server_has_work(
    encoder: EncoderHouse, airflow: Airflow, reap: Reap, work: str
) -> None:
    over(airflow, rented(encoder))
    encoder.put("video.mp4", bucket="openencoder-in")
    encoder.settings(job_seconds=600, machine_boot_seconds=600 if work == "queued" else 0.1)
    theirs = call(encoder, "POST", "/api/jobs", job(encoder))["job"]["id"]

    report = reap("openencoder")

    assert len(done(report)) == 2
    assert all(f"left: job {theirs} is " in said for said in done(report))
    assert len(alive(encoder)) == 2
    assert len(airflow.notes) == 2 + 1


def test_work_that_comes_between_the_looks_keeps_the_machines(
    encoder: EncoderHouse, airflow: Airflow, reap: Reap
) -> None:
    over(airflow, rented(encoder))
    airflow.before[3] = lambda: call(encoder, "POST", "/api/jobs", job(encoder))

    report = reap("openencoder")

    assert len(alive(encoder)) == 2, report.as_text()
    assert all("left: job " in said for said in done(report))


def test_the_machines_of_a_run_that_goes_on_stay(encoder: EncoderHouse, airflow: Airflow, reap: Reap) -> None:
    airflow.adopt(rented(encoder), "live", "success")

    report = reap("openencoder")

    assert [finding.verdict for finding in report.findings] == ["live", "live"]
    assert len(alive(encoder)) == 2


def test_machines_of_a_create_task_that_is_no_setup_are_to_stay(
    encoder: EncoderHouse, airflow: Airflow, reap: Reap
) -> None:
    over(airflow, rented(encoder, OpenEncoderCreateMachinesOperator))

    report = reap("openencoder")

    assert [finding.why for finding in report.findings] == ["this Airflow knows no owner of it"] * 2
    assert len(alive(encoder)) == 2


def test_the_teardown_strikes_the_notes(encoder: EncoderHouse) -> None:
    create = rented(encoder)
    delete = step(encoder, OpenEncoderDeleteMachinesOperator, created_by="create")
    delete.upstream = {"create": create}
    delete._write({**delete.saved, "notes": create.notes})
    ours = [machine_key("openencoder_default", machine) for machine in alive(encoder)]

    assert delete.run().state == "success"

    assert [key for _, key, note in written(create) if note] == [RENTER, RENTER, *ours]
    assert sorted(key for _, key, note in written(delete) if note is None) == sorted([RENTER, *ours])


def test_a_server_that_rents_no_machines_is_no_failure(encoder: EncoderHouse, airflow: Airflow, reap: Reap) -> None:
    encoder.faults({"endpoint": "list_machines", "kind": "status", "status": 401})

    report = reap("openencoder")

    assert report.faults == {}
    assert "machines" in next(iter(report.skipped))


@pytest.mark.parametrize("over_by_now", [True, False])
def test_a_server_that_has_rented_machines_and_says_that_it_rents_none_is_a_fault(
    encoder: EncoderHouse, airflow: Airflow, reap: Reap, over_by_now: bool
) -> None:
    """Its provider's token is withdrawn: the machines go on, and cost."""
    life = rented(encoder)
    if over_by_now:
        over(airflow, life)
    else:
        airflow.adopt(life, "live", "success")
    rows = call(encoder, "GET", "/api/settings")["settings"]
    there = {row["name"]: row.get("value") or "" for row in rows}
    call(encoder, "PUT", "/api/settings", {**there, "DIGITAL_OCEAN_ACCESS_TOKEN": "withdrawn"})

    report = reap("openencoder")
    call(encoder, "PUT", "/api/settings", there)

    assert report.skipped == {}
    assert "machines not configured, but a_dag." in report.faults[LABEL]
    assert "withdrawn" not in report.as_text()
    assert len(alive(encoder)) == 2


def test_the_last_machines_end_strikes_that_somebody_rents(encoder: EncoderHouse, airflow: Airflow, reap: Reap) -> None:
    over(airflow, rented(encoder))

    reap("openencoder")

    assert alive(encoder) == []
    assert airflow.notes == {}


def test_a_refusal_long_after_the_last_machines_is_believed(
    encoder: EncoderHouse, airflow: Airflow, reap: Reap
) -> None:
    airflow.note(RENTER, "long_ago", noted=time.time() - RENTED - 60)
    encoder.faults({"endpoint": "list_machines", "kind": "status", "status": 401})

    report = reap("openencoder")

    assert report.faults == {}
    assert "machines" in next(iter(report.skipped))


def test_a_teardown_does_not_strike_that_another_run_rents(encoder: EncoderHouse) -> None:
    call(encoder, "POST", "/api/machines", rent(1))
    delete = step(encoder, OpenEncoderDeleteMachinesOperator, machines=[])
    another = {"dag_id": "a_dag", "run_id": "another", "task_id": "create", "map_index": -1, "noted": 0.0}
    delete._write({**delete.saved, "notes": {RENTER: another}})

    assert delete.run().state == "success"

    assert delete.notes == {RENTER: another}


@pytest.mark.parametrize("dry_run", [True, False])
def test_machines_are_told_of_though_the_server_does_not_say_whether_it_rests(
    encoder: EncoderHouse, airflow: Airflow, reap: Reap, dry_run: bool
) -> None:
    over(airflow, rented(encoder))
    encoder.faults({"endpoint": "worker_queue", "kind": "status", "status": 401, "times": 5})

    report = reap("openencoder", dry_run=dry_run)

    assert done(report) == ["left: the reaping broke off"] * 2
    assert [*report.faults] == [LABEL]
    assert report.skipped == {}
    assert len(alive(encoder)) == 2


def test_a_server_that_rents_no_machines_any_more_at_the_second_look_is_a_fault(
    encoder: EncoderHouse, airflow: Airflow, reap: Reap
) -> None:
    """It says the same when its provider does not answer: the machines are there, and cost."""
    over(airflow, rented(encoder))
    refused = {"endpoint": "list_machines", "kind": "status", "status": 401, "times": 5}
    airflow.before[2] = lambda: encoder.faults(refused)  # at the first look at the second of the two

    report = reap("openencoder")

    assert done(report) == ["left: the reaping broke off"] * 2
    assert [*report.faults] == [LABEL]
    assert report.skipped == {}
    assert len(alive(encoder)) == 2


def rent(count: int) -> dict[str, Any]:
    return {"provider": "digitalocean", "size": SIZE, "count": count}


def job(encoder: EncoderHouse) -> dict[str, Any]:
    source = f"s3:///{encoder.prefix}/video.mp4"
    return {"preset": encoder.preset, "source": source, "dest": f"s3:///{encoder.prefix}/theirs/"}
