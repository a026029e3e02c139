"""Hostile names work or are refused, and no secret is written anywhere."""

from __future__ import annotations

import json
import logging

import pytest

from tests.guarantees.house import House, ImpatientEncodeOperator
from tests.task_process import TaskLife


@pytest.mark.parametrize(
    "key",
    [
        "a b c.mp4",
        "plus+plus.mp4",
        "100%25 sure.mp4",
        "salt&pepper.mp4",
        "no#1.mp4",
        "what?x=1.mp4",
        'it\'s "quoted".mp4',
        "🎬 été Ünï.mp4",
        "UPPER.MP4",
        "no suffix",
        "sub/folder/deep.mp4",
        f"{'x' * 196}.mp4",
    ],
)
def test_any_key_that_s3_takes_is_encoded(house: House, key: str) -> None:
    life = house.encode(house.put(key))

    outcome = life.run()

    assert outcome.state == "success", outcome
    assert life.xcoms["job"]["source"]["url"].endswith(key)
    assert list(house.published) == [output["key"] for output in life.xcoms["return_value"]]


def test_a_result_that_is_called_like_a_way_out_stays_below_the_destination(house: House) -> None:
    house.sandbox.settings(result_names="hostile")
    life = house.encode(house.put(), life={"retries": 0})

    life.run()

    everything = house.s3.list_objects_v2(Bucket="outbox")["Contents"] if house.published else []
    assert all(
        row["Key"].startswith((f"{house.prefix}/out/", "_staging/")) or house.prefix not in row["Key"]
        for row in everything
    )
    assert not [row for row in everything if ".." in row["Key"]]


def secrets_of(house: House) -> list[str]:
    access = house.sandbox.info
    return [access["bytenite"]["api_key"], access["s3"]["secret_key"], "X-Amz-Signature", "X-Amz-Credential"]


def written(life: TaskLife, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> str:
    out, err = capfd.readouterr()
    return life.everything_written + caplog.text + out + err


@pytest.mark.parametrize("how", ["success", "failed job", "no answer"])
def test_no_secret_is_written_however_it_ends(
    house: House, how: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, logger="reelworks")  # other people's libraries show requests at DEBUG
    if how == "failed job":
        house.sandbox.settings(fail_next=1)
    if how == "no answer":
        house.sandbox.faults(
            {"kind": "reset_before", "endpoint": "set_data"}, {"kind": "status", "endpoint": "get_results"}
        )
    life = house.encode(house.put(), ImpatientEncodeOperator, life={"retries": 0})

    outcome = life.run()

    text = written(life, caplog, capfd) + outcome.error
    assert "encode" in text
    for secret in secrets_of(house):
        assert secret not in text
    assert "/v1/customer" not in json.dumps(life.xcoms)
