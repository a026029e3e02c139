"""All of it at once: the bucket's own notifications, lost, doubled and late, and a task that is killed half-way."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests

from reelworks.inbox import sqs
from reelworks.inbox.drain import Drain
from reelworks.inbox.place import Inbox
from reelworks.inbox.sqs import Queue
from reelworks.inbox.sweep import sweep
from tests.inbox.airflow_edge import Airflow, Killed
from tests.sandbox.process import SandboxProcess

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

VIDEOS = 500


@pytest.fixture
def weather(sandbox: SandboxProcess) -> Iterator[Any]:
    """Set how the sandbox's bucket `inbox` notifies its queue; gives what it has counted."""
    url = sandbox.info["sqs"]["url"]

    def set_to(**settings: int) -> dict[str, Any]:
        requests.post(f"{url}/sandbox/settings", json=settings, timeout=10).raise_for_status()
        return dict(requests.get(f"{url}/sandbox/ledger", timeout=10).json())

    yield set_to
    set_to(lose_every=0, duplicate_every=0, delay_every=0)


def test_500_videos_in_a_storm_have_one_run_each(
    client: S3Client, airflow: Airflow, sandbox: SandboxProcess, weather: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqs, "RECEIVED_FOR", 5)  # the killed drain's messages come back while the test lasts
    name = uuid.uuid4().hex[:8]
    inbox = Inbox(f"s3://inbox/{name}", f"s3://outbox/{name}", (".mp4",), "web")
    queue = Queue.opened(sandbox.info["sqs"]["queue_url"], "aws_default")
    before = weather(lose_every=20, duplicate_every=5, delay_every=10, delay_seconds=2)["events"]

    _put(client, name, range(VIDEOS // 2))
    airflow.dies_after = VIDEOS // 4
    with pytest.raises(Killed):
        _drained(Drain(queue, client, inbox, most=10_000))
    airflow.dies_after = None
    _put(client, name, range(VIDEOS // 2, VIDEOS))
    _drained(Drain(queue, client, inbox, most=10_000))

    after = weather()["events"]
    lost = after["lost"] - before["lost"]
    assert (lost, after["duplicated"] - before["duplicated"] > 50) == (VIDEOS // 20, True)
    assert len(airflow.runs) == VIDEOS - lost
    swept = sweep(client, inbox, limit=VIDEOS, most=10_000)
    assert swept["started"] == lost
    assert Counter(airflow.sources) == Counter(f"s3://inbox/{name}/{at} é.mp4" for at in range(VIDEOS))
    assert sweep(client, inbox, limit=VIDEOS, most=10_000)["started"] == 0


def _put(client: S3Client, name: str, numbers: range) -> None:
    def put(at: int) -> None:
        client.put_object(Bucket="inbox", Key=f"{name}/{at} é.mp4", Body=str(at).encode())

    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(put, numbers):
            pass


def _drained(drain: Drain) -> None:
    """Drain until nothing has come for longer than the latest message may be late or hidden."""
    quiet = time.monotonic()
    while time.monotonic() - quiet < 8:
        if drain.queue.waiting():
            drain.run()
            quiet = time.monotonic()
        time.sleep(0.2)
