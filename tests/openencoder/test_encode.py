"""The fused operator against a sandboxed server that behaves as dangerously as the real one."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.guarantees.encoder_house import EncoderHouse


def test_a_video_is_encoded_published_and_nothing_is_left(house: EncoderHouse) -> None:
    life = house.encode(house.put())

    outcome = life.run()

    assert outcome.state == "success", outcome
    [output] = life.xcoms["return_value"]
    assert output["name"] == "tiny.mp4"
    assert output["probe"]["video"][0]["height"] == 64
    assert list(house.published) == [output["key"]]
    assert house.left_behind == {}
    assert house.staged == {}
    job = life.xcoms["job"]
    assert (job["service"], job["preset"]["name"], job["id"]) == ("openencoder", "tiny", str(house.paid()[0]["id"]))


def test_a_source_in_the_inbound_bucket_is_read_where_it_lies(house: EncoderHouse) -> None:
    key = f"{house.prefix}/clip.mp4"
    body = house.s3.get_object(Bucket="inbox", Key=house.put().removeprefix("s3://inbox/"))["Body"].read()
    house.s3.put_object(Bucket="openencoder-in", Key=key, Body=body)
    life = house.encode(f"s3://openencoder-in/{key}")

    assert life.run().state == "success"
    assert house.paid()[0]["source"] == f"s3:///{key}"
    house.s3.head_object(Bucket="openencoder-in", Key=key)


def test_a_source_that_is_replaced_as_it_is_copied_costs_nothing(
    house: EncoderHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = house.put()
    call = BaseClient._make_api_call

    def replaced(client: Any, operation: str, params: dict[str, Any]) -> Any:
        if operation == "CopyObject":
            bucket, _, key = source.removeprefix("s3://").partition("/")
            call(client, "PutObject", {"Bucket": bucket, "Key": key, "Body": b"another"})
        return call(client, operation, params)

    monkeypatch.setattr(BaseClient, "_make_api_call", replaced)
    outcome = house.encode(source).run()

    assert outcome.state == "failed", outcome
    assert f"{source} was replaced after it had been looked at" in outcome.error
    assert house.paid() == []
    assert house.traces() == {}


def test_bytes_go_by_way_of_the_worker_where_the_server_has_another_s3(
    house: EncoderHouse, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_THEIRS", os.environ["AIRFLOW_CONN_AWS_DEFAULT"])
    house.connect(monkeypatch, extra={"aws_conn_id": "aws_theirs"})
    life = house.encode(house.put("a b.mp4"))

    outcome = life.run()

    assert outcome.state == "success", outcome
    assert list(house.published) == [life.xcoms["return_value"][0]["key"]]
    assert house.traces() == {}
    text = life.everything_written + "".join(capfd.readouterr())
    assert not [secret for secret in house.secrets if secret in text]


@pytest.mark.parametrize("mode", ["quick", "impatient"])
def test_a_job_that_stands_still_is_cancelled_and_fails_its_try(house: EncoderHouse, mode: str) -> None:
    house.settings(static_workers=0)
    life = house.encode(house.put(), getattr(house, mode), stall=1.0, life={"retries": 0})

    outcome = life.run()

    assert outcome.state == "failed"
    assert "StalledError" in outcome.error
    assert house.unfinished() == []
    assert house.left_behind == {}


def test_a_stalled_job_is_made_anew_by_the_retry(house: EncoderHouse) -> None:
    house.settings(static_workers=0)
    life = house.encode(house.put(), house.impatient, stall=1.0)
    assert life.run().state == "up_for_retry"
    house.settings(static_workers=4)

    assert life.run().state == "success"
    assert [job["state"] for job in house.paid()].count("completed") == 1
    assert house.left_behind == {}


def test_completed_without_an_output_is_no_success_and_the_retry_encodes_again(house: EncoderHouse) -> None:
    house.settings(silent_upload_failure=True)
    life = house.encode(house.put(), house.impatient)
    assert life.start().state == "deferred"
    event = life.run_trigger()
    for key in house.left_behind:  # what a failed upload looks like from here
        if key.endswith("tiny.mp4"):
            house.s3.delete_object(Bucket="openencoder-out", Key=key)

    outcome = life.resume(event.event)

    assert outcome.state == "up_for_retry"
    assert "NothingMadeError" in outcome.error
    assert house.published == {}
    assert life.run().state == "success"
    assert len(house.paid()) == 2
    assert house.left_behind == {}


def test_an_operators_account_needs_the_buckets_in_the_connection(
    house: EncoderHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = house.sandbox.info["openencoder"]
    connection = {
        "conn_type": "openencoder",
        "host": access["url"],
        "login": access["operator"]["username"],
        "password": access["operator"]["password"],
    }
    monkeypatch.setenv("AIRFLOW_CONN_OPENENCODER_DEFAULT", json.dumps(connection))
    source = house.put()
    outcome = house.encode(source).run()
    assert "inbound_bucket" in outcome.error

    buckets = {name: access[name] for name in ("inbound_bucket", "outbound_bucket")}
    monkeypatch.setenv("AIRFLOW_CONN_OPENENCODER_DEFAULT", json.dumps({**connection, "extra": buckets}))
    assert house.encode(source).run().state == "success"


KINDS = ["status", "status_after", "reset_before", "reset_after", "truncate", "content_type"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_login_whose_answer_is_lost_is_left_to_the_retry(house: EncoderHouse, kind: str) -> None:
    house.faults({"kind": kind, "endpoint": "login", "times": 1, "status": 502})
    life = house.encode(house.put())

    assert life.run_until_over().state == "success"
    assert life.try_number <= 2
    assert len(house.paid()) == 1
