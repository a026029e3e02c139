"""However big an output is, the worker's memory stays flat: it is copied inside S3, or streamed."""

from __future__ import annotations

import os

import pytest

from tests.guarantees.encoder_house import EncoderHouse
from tests.openencoder.big_output import big_encode

BIG = int(os.environ.get("REELWORKS_TEST_MEBIBYTES", "200")) * 1024**2


@pytest.mark.parametrize("connection", ["aws_default", "aws_theirs"], ids=["inside S3", "by way of the worker"])
def test_a_big_output_adds_less_than_150_megabytes(
    house: EncoderHouse, monkeypatch: pytest.MonkeyPatch, connection: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_THEIRS", os.environ["AIRFLOW_CONN_AWS_DEFAULT"])
    house.connect(monkeypatch, extra={"aws_conn_id": connection})
    life = big_encode(house, BIG)

    outcome = life.run()

    assert outcome.state == "success", outcome
    assert sum(house.published.values()) >= BIG
    job = life.xcoms["job"]
    assert job["memory_before"] > 0
    assert 0 <= job["memory_added"] < 150 * 1024**2  # none where it has room left of before
