"""A pool limits the jobs that a service has at once: who waits in the triggerer keeps the slot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.whole.run import Run
from tests.whole.whole import Whole

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

POOL, ENCODE = "bytenite", "encode_with_bytenite"


@pytest.fixture(autouse=True)
def one_slot(whole: Whole) -> Iterator[None]:
    url = f"{whole.machine.airflow.url}/api/v2/pools/{POOL}"
    slots = whole.machine.airflow.pools()[POOL]

    def set_slots(number: int) -> None:
        body = {"pool": POOL, "slots": number, "include_deferred": True}
        answer = requests.patch(url, json=body, timeout=20)
        assert answer.ok, answer.text

    set_slots(1)
    yield
    set_slots(slots)


def encoding(whole: Whole, name: str) -> Run:
    work = {"source": whole.put(name), "destination": whole.destination}
    return whole.run("encode_video", **work, service="bytenite", preset="h264_360p")


def test_a_full_pool_holds_a_second_job_up_until_the_first_is_over(whole: Whole) -> None:
    whole.settings("bytenite", job_seconds=300)
    first = encoding(whole, "first.mp4")
    first.until_waiting(ENCODE)
    second = encoding(whole, "second.mp4")
    second.until_task("check", "success")
    second.until_task(ENCODE, "scheduled")  # and not queued: there is no slot

    # The scheduler goes round meanwhile: who needs no slot gets its turn.
    others = "h264_baseline_360p_600"  # a preset of Open Encoder's, so that its first task refuses the run
    third = whole.run("encode_video", source="s3://inbox/any.mp4", destination=whole.destination, preset=others)
    assert third.until_over() == "failed"

    assert second.states(ENCODE) == ["scheduled"]
    assert len(whole.jobs("bytenite")) == 1

    whole.settings("bytenite", job_seconds=0)
    first.mark(ENCODE, "failed")
    assert second.until_over() == "success"
    assert len(whole.jobs("bytenite")) == 2
