"""The step operators over a sandboxed server: what each returns, and that a retry does nothing twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reelworks.openencoder import operators as ops
from reelworks.openencoder.hook import OpenEncoderHook
from reelworks.openencoder.sensors import OpenEncoderJobSensor
from tests.guarantees.encoder_house import EncoderHouse
from tests.openencoder.steps import step

SIZE = "s-1vcpu-1gb"


def value(house: EncoderHouse, operator: type, **arguments: Any) -> Any:
    life = step(house, operator, **arguments)
    outcome = life.run()
    assert outcome.state == "success", outcome
    return life.xcoms.get("return_value")


def clip(house: EncoderHouse) -> str:
    key = f"{house.prefix}/clip.mp4"
    body = house.s3.get_object(Bucket="inbox", Key=house.put().removeprefix("s3://inbox/"))["Body"].read()
    house.s3.put_object(Bucket="openencoder-in", Key=key, Body=body)
    return key


def test_the_connection_test_says_who_is_signed_in(house: EncoderHouse) -> None:
    good, said = OpenEncoderHook().test_connection()

    assert good, said
    assert "admin" in said


def test_a_job_is_created_waited_for_and_looked_at(house: EncoderHouse) -> None:
    key, dest = clip(house), f"s3://openencoder-out/{house.prefix}/"
    job = value(house, ops.OpenEncoderCreateJobOperator, source=f"s3://openencoder-in/{key}", dest=dest, preset="tiny")

    waited = step(house, OpenEncoderJobSensor, job_id=job, deferrable=False, poke_interval=0.2, timeout=30)
    assert waited.run().state == "success"
    assert waited.xcoms["return_value"]["state"] == "completed"
    assert value(house, ops.OpenEncoderJobStatusOperator, job_id=job)["phase"] == "succeeded"
    house.s3.head_object(Bucket="openencoder-out", Key=f"{house.prefix}/tiny.mp4")


def test_a_create_that_is_killed_anywhere_makes_one_job(house: EncoderHouse) -> None:
    arguments = {"source": clip(house), "dest": f"{house.prefix}/", "preset": "tiny"}
    undisturbed = step(house, ops.OpenEncoderCreateJobOperator, **arguments)
    undisturbed.run()

    for kill_at in range(1, undisturbed.points.value + 1):
        house.mark()
        life = step(house, ops.OpenEncoderCreateJobOperator, **arguments)
        life.kill_at = kill_at
        assert life.run_until_over().state == "success"
        assert [str(job["id"]) for job in house.paid()] == [life.xcoms["return_value"]], f"killed at {kill_at}"


def test_a_job_is_cancelled_and_restarted_once(house: EncoderHouse) -> None:
    house.settings(job_seconds=30)
    job = value(house, ops.OpenEncoderCreateJobOperator, source=clip(house), dest=f"{house.prefix}/", preset="tiny")
    assert value(house, ops.OpenEncoderCancelJobOperator, job_id=job, watch=0.5) == "cancelled"
    assert house.unfinished() == []

    life = step(house, ops.OpenEncoderRestartJobOperator, job_id=job)
    assert life.run().state == "success"
    assert life.run().state == "success"  # as if the first had been lost

    value(house, ops.OpenEncoderCancelJobOperator, job_id=job, watch=0.5)
    [restarts] = [row for row in house.ledger()["requests"] if row["endpoint"] == "restart_job"]
    assert restarts["count"] == 1


def test_presets_are_brought_updated_and_reported(
    house: EncoderHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "presets" / "openencoder"
    folder.mkdir(parents=True)
    monkeypatch.setenv("REELWORKS_PRESETS", str(folder.parent))
    name = f"p{house.prefix}"
    text = 'description: one\noutput: a.mp4\ndata: {raw: ["-c:v libx264", "-y"]}\n'
    (folder / f"{name}.yaml").write_text(text)

    assert value(house, ops.OpenEncoderCreatePresetOperator, preset=name) == "created"
    assert value(house, ops.OpenEncoderCreatePresetOperator, preset=name) == "unchanged"
    (folder / f"{name}.yaml").write_text(text.replace("one", "two"))
    assert step(house, ops.OpenEncoderCreatePresetOperator, preset=name).run().state == "failed"
    assert value(house, ops.OpenEncoderUpdatePresetOperator, preset=name) == "updated"
    report = value(house, ops.OpenEncoderSyncPresetsOperator)
    assert report["unchanged"] == [name]
    assert "tiny" in report["only_on_server"]
    rows = value(house, ops.OpenEncoderListPresetsOperator)
    assert [row["description"] for row in rows if row["name"] == name] == ["two"]
    (folder / f"{name}.yaml").write_text(text.replace("a.mp4", "b.mp4"))
    failed = step(house, ops.OpenEncoderSyncPresetsOperator).run()
    assert failed.state == "failed"
    assert "does not save" in failed.error


def test_a_user_is_registered_once(house: EncoderHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {"conn_type": "generic", "login": f"{house.prefix}@example.com", "password": "secret-enough"}
    monkeypatch.setenv("AIRFLOW_CONN_NEW_USER", json.dumps(connection))
    life = step(house, ops.OpenEncoderRegisterUserOperator, user_conn_id="new_user")

    assert life.run().state == "success"
    assert life.run().state == "success"  # a retry after a lost answer
    assert step(house, ops.OpenEncoderRegisterUserOperator, user_conn_id="new_user").run().state == "failed"
    assert house.deadly() == []
    assert "secret-enough" not in life.everything_written


def test_machines_are_priced_listed_and_deleted(house: EncoderHouse) -> None:
    assert SIZE in {row["slug"] for row in value(house, ops.OpenEncoderMachineSizesOperator)}
    assert value(house, ops.OpenEncoderMachineRegionsOperator)
    made = value(house, ops.OpenEncoderCreateMachinesOperator, size=SIZE, count="2")
    assert {row["id"] for row in value(house, ops.OpenEncoderListMachinesOperator)} >= set(made)
    assert value(house, ops.OpenEncoderMachinePricingOperator)["count"] >= 2
    assert value(house, ops.OpenEncoderDeleteMachinesOperator, machines=made) == sorted(made)
    assert value(house, ops.OpenEncoderDeleteMachinesOperator, machines=made) == []
    value(house, ops.OpenEncoderCreateMachinesOperator, size=SIZE)
    assert len(value(house, ops.OpenEncoderDeleteAllMachinesOperator)) == 1
    assert value(house, ops.OpenEncoderListMachinesOperator) == []
