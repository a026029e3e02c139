"""The fused operator against a sandboxed server that behaves as dangerously as the real one."""

from __future__ import annotations

import json

import pytest

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


@pytest.mark.parametrize("name", ["a b.mp4", "50%25.mp4", "ü?x#y.mp4", "x" * 200 + ".mp4", "it's;rm -rf $HOME.mp4"])
@pytest.mark.parametrize("bucket", ["inbox", "openencoder-in"])
def test_a_hostile_key_is_encoded_under_a_plain_one(house: EncoderHouse, bucket: str, name: str) -> None:
    body = house.s3.get_object(Bucket="inbox", Key=house.put().removeprefix("s3://inbox/"))["Body"].read()
    house.s3.put_object(Bucket=bucket, Key=f"{house.prefix}/{name}", Body=body)

    outcome = house.encode(f"s3://{bucket}/{house.prefix}/{name}").run()

    assert outcome.state == "success", outcome
    assert house.paid()[0]["source"].startswith("s3:///_reelworks/")
    assert house.left_behind == {}


@pytest.mark.parametrize("preset", ["no such preset", "h264_main_720p", "../tiny", "", "x" * 200, "a\0b"])
def test_an_unknown_preset_is_never_sent(house: EncoderHouse, preset: str) -> None:
    outcome = house.encode(house.put(), preset=preset).run()

    assert outcome.state == "failed"
    assert "BadInput" in outcome.error or "has no preset" in outcome.error
    assert (house.paid(), house.deadly(), house.left_behind) == ([], [], {})


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


def test_marking_a_waiting_task_cancels_its_job_and_cleans_up_after_it(house: EncoderHouse) -> None:
    house.settings(job_seconds=60)
    life = house.encode(house.put(), house.impatient)
    life.start()
    assert len(house.unfinished()) == 1
    life.airflow_state = "failed"

    life.kill_trigger()

    assert house.unfinished() == []
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
ENDPOINTS = ["health", "list_presets", "list_jobs", "create_job", "get_job"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_no_single_bad_answer_costs_a_second_job(house: EncoderHouse, endpoint: str, kind: str) -> None:
    house.faults({"kind": kind, "endpoint": endpoint, "times": 1, "status": 502})
    life = house.encode(house.put())

    outcome = life.run_until_over()

    assert outcome.state == "success", outcome
    assert life.try_number == 1
    assert len(house.paid()) == 1
    assert (house.unfinished(), house.deadly(), house.left_behind) == ([], [], {})


@pytest.mark.parametrize("kind", KINDS)
def test_a_login_whose_answer_is_lost_is_left_to_the_retry(house: EncoderHouse, kind: str) -> None:
    house.faults({"kind": kind, "endpoint": "login", "times": 1, "status": 502})
    life = house.encode(house.put())

    assert life.run_until_over().state == "success"
    assert life.try_number <= 2
    assert len(house.paid()) == 1


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(3))
def test_an_encode_ends_well_although_one_answer_in_ten_is_bad(house: EncoderHouse, seed: int) -> None:
    house.settings(job_seconds=1)
    rules = [
        {"kind": kind, "probability": 0.1 / len(KINDS), "status": 503, "seed": 10 * seed + n}
        for n, kind in enumerate(KINDS)
    ]
    house.faults(*rules)
    life = house.encode(house.put(), house.impatient, life={"retries": 5})

    outcome = life.run_until_over(6)
    house.faults()

    assert outcome.state == "success", outcome
    assert len(house.paid()) == 1
    assert (house.unfinished(), house.deadly(), house.staged, house.left_behind) == ([], [], {}, {})


def test_a_token_that_dies_in_the_middle_is_renewed(house: EncoderHouse) -> None:
    house.settings(token_lifetime=2, job_seconds=7)
    life = house.encode(house.put(), house.impatient)

    assert life.run().state == "success"
    [refreshed] = [row for row in house.ledger()["requests"] if row["endpoint"] == "refresh_token"]
    assert refreshed["count"] >= 2
