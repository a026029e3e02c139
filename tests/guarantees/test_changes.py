"""A source or a destination that changes meanwhile makes no lie of the manifest."""

from __future__ import annotations

import pytest

from reelworks.media.s3 import s3_client
from reelworks.media.source import source_digest
from tests.guarantees.house import House


@pytest.mark.each("bucket", "source_buckets")
def test_a_source_that_is_replaced_before_its_job_runs_costs_nothing(house: House, bucket: str) -> None:
    source = house.put(bucket=bucket)
    house.faults({"kind": "status", "endpoint": house.unpaid_until})
    life = house.encode(source)
    assert life.run().state == "up_for_retry"
    assert house.injected()
    house.faults()

    house.put(body=b"another file by now", bucket=bucket)
    outcome = life.run()

    assert outcome.state == "failed"
    assert source in outcome.error
    assert "was replaced" in outcome.error
    assert house.paid() == []
    assert house.traces() == {}


def test_an_older_manifest_is_gone_before_its_outputs_are_replaced(house: House) -> None:
    key = f"{house.prefix}/out/manifest.json"
    house.s3.put_object(Bucket="outbox", Key=key, Body=b"{}")

    assert house.encode(house.put()).run().state == "success"

    assert key not in house.published


def test_the_manifest_has_no_checksum_of_another_source(house: House) -> None:
    life = house.encode(house.put())
    assert life.run().state == "success"
    notes = life.xcoms["job"]["source"]
    client = s3_client("aws_default")
    assert source_digest(notes, client)

    house.put(body=b"another file by now")
    assert source_digest(notes, client) is None

    house.s3.delete_object(Bucket="inbox", Key=f"{house.prefix}/video.mp4")
    assert source_digest(notes, client) is None
