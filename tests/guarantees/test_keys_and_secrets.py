"""Hostile names work or are refused, and no secret is written anywhere."""

from __future__ import annotations

import json
import logging
from contextlib import ExitStack

import pytest

from tests.guarantees.house import House
from tests.task_process import TaskLife

KEYS = [
    "a b c.mp4",
    "plus+plus.mp4",
    "100%25 sure.mp4",
    "salt&pepper.mp4",
    "no#1.mp4",
    "what?x=1.mp4",
    'it\'s "quoted"; rm -rf $HOME.mp4',
    "🎬 été Ünï.mp4",
    "UPPER.MP4",
    "no suffix",
    "sub/folder/deep.mp4",
    f"{'x' * 196}.mp4",
]


@pytest.mark.parametrize("key", KEYS)
def test_any_key_that_s3_takes_is_encoded(house: House, key: str) -> None:
    bucket = house.source_buckets[KEYS.index(key) % len(house.source_buckets)]  # each key in one, in turns
    source = house.put(key, bucket=bucket)
    life = house.encode(source)

    outcome = life.run()

    assert outcome.state == "success", outcome
    assert life.xcoms["job"]["source"]["url"].endswith(key)
    assert list(house.published) == [output["key"] for output in life.xcoms["return_value"]]
    kinds = {house.s3.head_object(Bucket="outbox", Key=key)["ContentType"] for key in house.published}
    assert kinds == {"video/mp4"}
    assert source.removeprefix(f"s3://{bucket}/") in house.keys(bucket, house.prefix)
    assert house.traces() == {}


def test_a_result_that_is_called_like_a_way_out_stays_below_the_destination(house: House) -> None:
    source = house.put()
    before = set(house.keys("outbox"))

    with house.led_astray() as arguments:
        outcome = house.encode(source, life={"retries": 0}, **arguments).run()

    assert outcome.state in ("success", "failed"), outcome
    written = set(house.keys("outbox")) - before
    assert all(key.startswith((f"{house.prefix}/out/", "_staging/")) for key in written), written
    assert not [key for key in written if ".." in key]
    assert "left behind" not in house.traces()  # others may have left something before
    assert house.deadly() == []


def written(life: TaskLife, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> str:
    out, err = capfd.readouterr()
    return life.everything_written + caplog.text + out + err


@pytest.mark.parametrize("how", ["success", "failed job", "no answer"])
def test_no_secret_is_written_however_it_ends(
    house: House, how: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, logger="reelworks")  # other people's libraries show requests at DEBUG
    life = house.encode(house.put(), house.impatient, life={"retries": 0})

    with ExitStack() as stack:
        if how == "failed job":
            stack.enter_context(house.failing())
        if how == "no answer":
            house.faults(*house.unanswered)
        outcome = life.run()

    assert outcome.state == ("success" if how == "success" else "failed")
    text = written(life, caplog, capfd) + outcome.error
    assert "encode" in text
    for secret in house.secrets:
        assert secret not in text
    assert "http" not in json.dumps(life.xcoms)  # a link may be a key to what it names
