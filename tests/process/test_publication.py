"""Readers of the public prefix see whole, verified outputs or none, whatever dies, and whatever is published again.

``REELWORKS_PUBLICATIONS`` is how many runs are watched; the issue's figure is 50.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import BaseOperator, get_current_context

from reelworks.process.operators import ProbeOperator
from reelworks.process.tasks import verified_and_published
from tests.guarantees.bytenite_house import QuickEncodeOperator
from tests.process.conftest import SMALL
from tests.process.house import ProcessHouse
from tests.process.odd_files import BOTH, X264
from tests.subprocesses import ROOT
from tests.task_process import Outcome, TaskLife
from tests.verify.sources import encode

RUNS = int(os.environ.get("REELWORKS_PUBLICATIONS", "8"))
ONE_IN_TEN = [
    {"kind": kind, "probability": 0.02, "status": 503}
    for kind in ("status", "status_after", "reset_before", "reset_after", "truncate")
]
STRICT = SMALL.replace("vmaf_floor: 40", "vmaf_floor: 100")
OTHER = SMALL.replace("h264_360p", "h264_480p")


def publishing() -> BaseOperator:
    return PythonOperator(
        task_id="verify_and_publish", python_callable=lambda: verified_and_published(get_current_context())
    )


@dataclass
class Lives:
    """The three tasks of one run, one after the other, each in processes that may be killed."""

    house: ProcessHouse
    folder: Path
    source: str
    retries: int = 6

    def __post_init__(self) -> None:
        told = {"source": self.source, "recipe": "small", "destination": self.house.destination}
        self.probe = self._life(lambda: ProbeOperator(task_id="probe", **told))

    def probed(self) -> Outcome:
        return self.probe.run_until_over()

    @property
    def plan(self) -> dict[str, Any]:
        return dict(self.probe.xcoms["plan"])

    @property
    def encode(self) -> TaskLife:
        (work,) = self.plan["work"].values()
        told = {name: work[name] for name in ("source", "preset", "destination")}
        return self._life(lambda: QuickEncodeOperator(task_id="encode.bytenite_1", interval=0.2, **told))

    def publish(self, encoded: TaskLife) -> TaskLife:
        life = self._life(publishing)
        life.upstream = {"probe": self.probe, "encode.bytenite_1": encoded}
        return life

    def through(self, dice: random.Random | None = None) -> Outcome:
        """Go all the way; with dice, a process is killed now and then."""
        for make in (lambda: self.probe, lambda: self.encode):
            outcome = hurt(life := make(), dice)
            assert outcome.state == "success", outcome
        return hurt(self.publish(life), dice)

    def _life(self, make: Any) -> TaskLife:
        return TaskLife(make, self.folder, retries=self.retries)


def hurt(life: TaskLife, dice: random.Random | None) -> Outcome:
    """Run a task until it is over; two of its tries may be killed, at whatever point."""
    for _ in range(2 if dice else 0):
        assert dice
        life.kill_at = life.points.value + dice.randrange(1, 60)
        outcome = life.run()
        if outcome.state not in ("killed", "up_for_retry"):
            return outcome
    life.kill_at = 0
    return life.run_until_over(life.retries)


@pytest.fixture
def at_hand(house: ProcessHouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessHouse]:
    """The house with its connections in this process, whose forks the tasks are."""
    for name, value in house.environment.items():
        if name.startswith(("AIRFLOW_CONN_", "REELWORKS_")):
            monkeypatch.setenv(name, value)
    yield house
    house.sandbox.faults()


@contextmanager
def watched(house: ProcessHouse) -> Iterator[dict[str, Any]]:
    """Let a reader look meanwhile; afterwards, what it saw."""
    access = house.sandbox.info["s3"]
    reach = {
        "endpoint_url": access["endpoint"],
        "aws_access_key_id": access["access_key"],
        "aws_secret_access_key": access["secret_key"],
        "region_name": access["region"],
    }
    command = [sys.executable, "-m", "tests.process.reader", "outbox", f"{house.prefix}/"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    process.stdin.write(json.dumps(reach) + "\n")
    process.stdin.flush()
    saw: dict[str, Any] = {}
    try:
        yield saw
        saw.update(json.loads(process.communicate(timeout=60)[0]))
    finally:
        process.kill()
        process.wait(20)


def named(house: ProcessHouse, where: str) -> set[tuple[str, str]]:
    """All outputs that the manifest there names: key and sha256."""
    jobs = house.read(f"{where}/manifest.json")["jobs"]
    return {(output["key"], output["sha256"]) for job in jobs for output in job["outputs"]}


def video(folder: Path, tone: int) -> bytes:
    return encode(folder / f"{tone}.mp4", *BOTH[:-1], f"sine=f={tone}:d=3", *X264, "-t", "1").read_bytes()


@pytest.mark.timeout(60 + 90 * RUNS)
def test_a_reader_never_sees_a_partial_or_unverified_object(at_hand: ProcessHouse, tmp_path: Path) -> None:
    house, dice, verified, refused = at_hand, random.Random(5), set[tuple[str, str]](), 0
    house.sandbox.faults(*({**rule, "seed": index} for index, rule in enumerate(ONE_IN_TEN)))

    with watched(house) as saw:
        for number in range(RUNS):
            # A new video, the same place with other bytes, another recipe at the same place, one that cannot pass.
            kind = number % 4
            where = f"{house.prefix}/{number - min(kind, 2)}"
            house.recipe({0: SMALL, 1: SMALL, 2: OTHER, 3: STRICT}[kind])
            source = house.put(f"{number - min(kind, 2)}.mp4", video(tmp_path, 300 + number - (kind == 2)))

            outcome = Lives(house, tmp_path, source).through(dice)

            if kind == 3:
                assert outcome.state == "failed", outcome
                refused += 1
                assert house.keys(f"{where}/") == []
            else:
                assert outcome.state == "success", outcome
                verified |= named(house, f"{where}/small")

    assert saw["faults"] == []
    assert saw["polls"] > 20 * RUNS
    assert saw["manifests"] > RUNS
    assert refused == RUNS // 4
    films = {(key, sha256) for key, each in saw["seen"].items() for sha256 in each if not key.endswith(".jpg")}
    assert films
    assert films <= verified


def test_a_publication_ends_the_same_wherever_it_is_killed(at_hand: ProcessHouse, tmp_path: Path) -> None:
    house = at_hand
    lives = Lives(house, tmp_path, house.put())
    assert lives.probed().state == "success"
    encoded = lives.encode
    assert encoded.run().state == "success"
    staged = {key: body(house, key) for key in house.staged}
    undisturbed = lives.publish(encoded)
    assert undisturbed.run().state == "success"
    expected, points = contents(house), undisturbed.points.value
    assert house.staged == []

    for kill_at in range(1, points + 1, max(1, points // 8)):
        house.s3.delete_objects(Bucket="outbox", Delete={"Objects": [{"Key": f"{house.prefix}/{k}"} for k in expected]})
        for key, content in staged.items():
            house.s3.put_object(Bucket="outbox", Key=key, Body=content)
        life = lives.publish(encoded)
        life.kill_at = kill_at

        outcome = life.run_until_over()

        where = f"killed at point {kill_at} of {points}"
        assert outcome.state == "success", f"{where}: {outcome}"
        assert contents(house) == expected, where
        assert house.staged == [], where
    assert house.paid() == 1


def test_a_gate_that_is_not_passed_publishes_nothing_and_keeps_what_was_made(
    at_hand: ProcessHouse, tmp_path: Path
) -> None:
    house = at_hand
    house.recipe(STRICT)
    lives = Lives(house, tmp_path, house.put())
    assert lives.probed().state == "success"
    encoded = lives.encode
    assert encoded.run().state == "success"

    refused = lives.publish(encoded)
    outcome = refused.run()

    assert outcome.state == "failed"
    assert "h264_360p.mp4: its VMAF is" in outcome.error
    assert lives.plan["staging"] in outcome.error
    assert house.published == []
    assert len(house.staged) == 1

    house.recipe(SMALL)  # the gate was wrong, and is corrected
    refused.clear()
    assert refused.run().state == "success"
    assert house.paid() == 1
    assert house.staged == []


def body(house: ProcessHouse, key: str) -> bytes:
    return bytes(house.s3.get_object(Bucket="outbox", Key=key)["Body"].read())


def contents(house: ProcessHouse) -> dict[str, Any]:
    """What is published, but for the moment of the publication."""
    found: dict[str, Any] = {name: body(house, f"{house.prefix}/{name}") for name in house.published}
    for name in found:
        if name.endswith("manifest.json"):
            found[name] = {**json.loads(found[name]), "timings": None}
    return found
