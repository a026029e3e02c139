"""What Open Encoder's jobs leave in its buckets, when the task that would remove it is dead."""

from __future__ import annotations

import json
import time
import uuid
from bisect import bisect_left

import pytest

from reelworks.openencoder.api import create_job
from reelworks.reap.report import Report
from tests.guarantees.house import House, aws_connection
from tests.reap.airflow_edge import Airflow
from tests.reap.conftest import Reap, go_on
from tests.reap.test_restraint import named
from tests.task_process import TaskLife

BUCKETS = ("openencoder-in", "openencoder-out")


def folders(report: Report) -> dict[str, tuple[str, bool]]:
    return {f.thing.id: (f.verdict.value, f.ended) for f in report.findings if f.thing.kind == "folder"}


def put(house: House, name: str, bucket: str = BUCKETS[0]) -> str:
    key = f"_reelworks/{name}"
    house.s3.put_object(Bucket=bucket, Key=key, Body=b"a video")
    return key


def remove(house: House, keys: set[str]) -> None:
    for bucket in BUCKETS:
        house.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})


def dead_before_its_job(house: House) -> TaskLife:
    """A task whose last try is killed with the source copied and no job made."""
    lives: dict[int, TaskLife] = {}

    def has_copied(kill_at: int) -> bool:
        before = {*house.left_behind}
        life = lives[kill_at] = house.encode(house.put(f"{uuid.uuid4().hex}.mp4"), life={"retries": 0})
        life.kill_at = kill_at
        assert life.run().state == "killed"
        return {*house.left_behind} > before

    life = lives[bisect_left(range(30), True, key=has_copied)]
    assert house.paid() == []
    remove(house, {key for key in house.left_behind if not any(f"/{name}/" in key for name in life.notes)})
    return life


def dead_after_its_job(house: House) -> TaskLife:
    """A task that is over before its job, which ends all the same."""
    life = house.encode(house.put(), house.impatient)
    assert house.start(life).state == "deferred"
    go_on(house)
    end = time.monotonic() + 60
    while house.unfinished():
        assert time.monotonic() < end
        time.sleep(0.1)
    return life


def test_a_source_that_was_copied_for_a_job_that_never_came_is_removed(
    encoder: House, airflow: Airflow, reap: Reap
) -> None:
    (name,) = airflow.adopt(dead_before_its_job(encoder), "gone", "failed")
    copied = [key for key in encoder.left_behind if f"/{name}/" in key]

    said = reap("openencoder", dry_run=True)

    assert len(copied) == 1
    assert [row["done"] for row in said.as_json()["things"] if row["id"] == name] == ["would be ended"]
    assert {*copied} <= {*encoder.left_behind}

    done = reap("openencoder")

    assert folders(done)[name] == ("orphan", True)
    assert not {*copied} & {*encoder.left_behind}
    assert airflow.notes == {}
    assert name not in folders(reap("openencoder"))


def test_what_a_job_made_for_a_dead_task_is_removed_with_its_source(
    encoder: House, airflow: Airflow, reap: Reap
) -> None:
    (name,) = airflow.adopt(dead_after_its_job(encoder), "gone", "failed")
    assert len([key for key in encoder.left_behind if f"/{name}/" in key]) == 2

    report = reap("openencoder")

    assert folders(report)[name] == ("orphan", True)
    assert encoder.left_behind == {}
    assert airflow.notes == {}


def test_a_copy_that_was_killed_in_the_middle_is_removed(encoder: House, airflow: Airflow, reap: Reap) -> None:
    """What is copied in parts is no object before the last of them, and stays for ever."""
    airflow.run("gone", "failed")
    airflow.note(name := named(), "gone")
    where = {"Bucket": BUCKETS[0], "Key": f"_reelworks/{name}/source.mp4"}
    upload = encoder.s3.create_multipart_upload(**where)["UploadId"]
    encoder.s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"a part")

    assert folders(reap("openencoder")) == {name: ("orphan", True)}
    assert not encoder.s3.list_multipart_uploads(Bucket=BUCKETS[0]).get("Uploads")


def test_the_folder_of_a_live_task_stays_and_what_it_holds_is_published(
    encoder: House, airflow: Airflow, reap: Reap
) -> None:
    life = dead_after_its_job(encoder)
    (name,) = airflow.adopt(life, "live")

    report = reap("openencoder")

    assert folders(report)[name] == ("live", False)
    assert life.resume(life.run_trigger().event).state == "success"
    assert encoder.published
    assert encoder.left_behind == {}


def test_folders_of_others_and_what_is_in_none_stay(encoder: House, airflow: Airflow, reap: Reap) -> None:
    theirs = {put(encoder, f"{named()}/source.mp4", bucket) for bucket in BUCKETS}
    records = {put(encoder, each) for each in ("started/a.json", "holiday.mp4", f"{named()}x/source.mp4")}
    airflow.run("gone", "failed")
    airflow.note(ours := named(), "gone")
    put(encoder, f"{ours}/source.mp4")
    put(encoder, f"{ours}/deeper/out.mp4", BUCKETS[1])

    report = reap("openencoder")

    assert {name for name, (_, ended) in folders(report).items() if ended} == {ours}
    assert {*encoder.left_behind} == theirs | records
    remove(encoder, theirs | records)


def test_a_folder_goes_with_its_job_and_never_before_it(encoder: House, airflow: Airflow, reap: Reap) -> None:
    airflow.run("gone", "failed")
    airflow.note(name := named(), "gone")
    copied = put(encoder, f"{name}/source.mp4")
    encoder.quick.hook_class().answer(create_job("tiny", f"s3:///{copied}", f"s3:///_reelworks/{name}/"))

    assert folders(reap("openencoder", dry_run=True)) == {}
    assert folders(reap("openencoder", grace=0.0)) == {}
    assert encoder.unfinished() == []
    assert encoder.left_behind == {}


def test_only_the_last_look_asks_for_all_jobs_at_each_folder(encoder: House, airflow: Airflow, reap: Reap) -> None:
    """The server lists all that it has ever had: many pages."""

    def lists(*, more: int, dry_run: bool) -> int:
        airflow.run("gone", "failed")
        for _ in range(more):
            airflow.note(name := named(), "gone")
            put(encoder, f"{name}/source.mp4")
        before = listed(encoder)
        reap("openencoder", dry_run=dry_run)
        return listed(encoder) - before

    assert lists(more=1, dry_run=True) == lists(more=3, dry_run=True)
    four, one = lists(more=0, dry_run=False), lists(more=1, dry_run=False)

    assert encoder.left_behind == {}
    assert four - one == 3


def listed(house: House) -> int:
    return sum(row["count"] for row in house.ledger()["requests"] if row["endpoint"] == "list_jobs")


LABEL = "openencoder folders, openencoder_default"


def test_a_server_that_names_no_buckets_is_skipped_and_said(encoder: House, airflow: Airflow, reap: Reap) -> None:
    """Not told of any, as accounts that are no admin's are, the account can have put nothing there."""
    encoder.faults({"endpoint": "get_settings", "kind": "status", "status": 401, "times": 5})

    report = reap("openencoder")

    assert "only an admin may read the server's settings" in report.skipped[LABEL]
    assert report.faults == {}


def test_buckets_that_cannot_be_looked_into_are_a_fault(
    encoder: House, airflow: Airflow, reap: Reap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies there is paid for month by month: a run that is green for ever would tell nobody."""
    encoder.connect(monkeypatch, extra={"inbound_bucket": "nowhere", "outbound_bucket": BUCKETS[1]})
    assert "there is no bucket 'nowhere'" in reap("openencoder").faults[LABEL]

    encoder.connect(monkeypatch)
    wrong = {**aws_connection(encoder.sandbox), "password": "withdrawn"}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(wrong))
    report = reap("openencoder")

    assert "check the connection's" in report.faults[LABEL]
    assert LABEL not in report.skipped
