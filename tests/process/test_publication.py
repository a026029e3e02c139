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
from pathlib import Path
from typing import Any

import pytest

from tests.process.conftest import SMALL
from tests.process.house import ProcessHouse
from tests.process.lives import Lives
from tests.process.odd_files import BOTH, X264
from tests.subprocesses import ROOT
from tests.verify.sources import encode

RUNS = int(os.environ.get("REELWORKS_PUBLICATIONS", "4"))
ONE_IN_TEN = [
    {"kind": kind, "probability": 0.02, "status": 503}
    for kind in ("status", "status_after", "reset_before", "reset_after", "truncate")
]
STRICT = SMALL.replace("vmaf_floor: 40", "vmaf_floor: 100")
OTHER = SMALL.replace("h264_360p", "h264_480p")


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
