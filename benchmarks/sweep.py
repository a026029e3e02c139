"""What a sweep costs: requests to S3 and to Airflow, and seconds, against a real S3 server.

    python -m benchmarks.sweep [OBJECTS]      (100,000; putting them there takes longer than all sweeps together)

Airflow is the supervisor's socket of tests/inbox: what is counted are the messages that a task would send.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from airflow.sdk.execution_time import task_runner
from botocore.config import Config

from benchmarks.ending import ended
from reelworks.inbox.listing import listed
from reelworks.inbox.place import Inbox
from reelworks.inbox.seen import Seen
from reelworks.inbox.sweep import SEEN, sweep
from tests.inbox.airflow_edge import Airflow
from tests.sandbox.process import SandboxProcess

LIMIT = 500


def main() -> None:
    """Put the objects there, and sweep four times."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep", description=__doc__.partition("\n")[0])
    parser.add_argument("objects", nargs="?", type=int, default=100_000)
    objects = parser.parse_args().objects
    with tempfile.TemporaryDirectory() as folder, SandboxProcess(Path(folder), "--only", "s3") as sandbox:
        client = _client(sandbox.info["s3"])
        began = time.monotonic()
        _put(client, "old", objects)
        _say(f"{objects} objects put in {time.monotonic() - began:.0f} s")
        _measure(client)


def _measure(client: Any) -> None:
    inbox = Inbox("s3://inbox", "s3://outbox", (".mp4",), "web")
    airflow = Airflow()
    task_runner.SUPERVISOR_COMMS = airflow  # type: ignore[assignment]  # no other part of Airflow is there
    calls: Counter[str] = Counter()
    client.meta.events.register("before-call.s3.*", lambda model, **_: calls.update([model.name]))

    def report(what: str) -> None:
        calls.clear()
        airflow.asked.clear()
        began = time.monotonic()
        tally = sweep(client, inbox, limit=LIMIT, most=10**9)
        took = time.monotonic() - began
        asked = dict(Counter(airflow.asked))
        _say(f"{what}: {took:.1f} s\n  S3 {dict(calls)}\n  Airflow {asked}\n  {tally}")

    report(f"nothing seen yet, at most {LIMIT} a sweep")
    seen = Seen.load(client, inbox.record(SEEN))
    seen.marks = {inbox.mark(video) for video, _ in listed(client, inbox)}
    seen.save(client, seen.marks)
    report("all seen, nothing new")
    _put(client, "new", 100)
    report("all seen but 100")
    report("all seen again")
    where = inbox.record(SEEN)
    size = client.head_object(Bucket=where.bucket, Key=where.key)["ContentLength"]
    _say(f"watermark: {size} bytes")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _put(client: Any, name: str, count: int) -> None:
    def put(at: int) -> None:
        client.put_object(Bucket="inbox", Key=f"{name}/{at % 97}/{at}.mp4", Body=f"{name} {at}".encode())

    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(put, range(count)):
            pass


def _client(access: dict[str, str]) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=access["endpoint"],
        aws_access_key_id=access["access_key"],
        aws_secret_access_key=access["secret_key"],
        region_name=access["region"],
        config=Config(max_pool_connections=16),
    )


if __name__ == "__main__":
    sys.exit(ended(main))
