"""Print how much memory it adds to a task to bring a 2 GB result from a service of the sandbox to its S3.

Run it from the project's root: ``.venv/bin/python -m benchmarks.result_memory [BYTES] [--service openencoder]``. It
starts a sandbox of its own, which writes the bytes to disk a few times (in the temporary folder), and stops it.
Of ByteNite's results the download is measured; of Open Encoder's all that comes after the job, once with the output
copied inside S3 and once by way of the worker, as it goes when the server has an S3 of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.ending import ended
from benchmarks.instant import result_link
from reelworks.bytenite.hook import ByteNiteHook
from reelworks.media.s3 import S3Url, s3_client
from reelworks.media.transfer import fetch_to_s3
from tests.guarantees.bytenite_house import ByteNiteHouse
from tests.guarantees.encoder_house import EncoderHouse
from tests.guarantees.house import second_of_video
from tests.openencoder.big_output import big_encode, peak
from tests.sandbox.process import SandboxProcess


def measure_bytenite(house: ByteNiteHouse, size: int, patch: pytest.MonkeyPatch) -> None:
    """Fetch a small result, so that all is imported and connected, then the large one."""
    client, hook = s3_client("aws_default"), ByteNiteHook()
    for each in (len(second_of_video()), size):
        house.settings(instant=True, synthetic_size=each)
        link, before, began = result_link(hook), peak(), time.monotonic()
        stored = fetch_to_s3(link, client, S3Url("outbox", "benchmark.bin"))
        if stored.size != each:
            raise SystemExit(f"{stored.size} bytes arrived, not {each}")
        report("download", each, peak() - before, before, time.monotonic() - began)


def measure_openencoder(house: EncoderHouse, size: int, patch: pytest.MonkeyPatch) -> None:
    """Encode to uncompressed pictures, by either way of the output."""
    patch.setenv("AIRFLOW_CONN_AWS_THEIRS", os.environ["AIRFLOW_CONN_AWS_DEFAULT"])
    for way, connection in (("inside S3", "aws_default"), ("by way of the worker", "aws_theirs")):
        house.connect(patch, extra={"aws_conn_id": connection})
        life, began = big_encode(house, size), time.monotonic()
        outcome = life.run()
        if outcome.state != "success":
            raise SystemExit(str(outcome))
        facts = life.xcoms["job"]
        made = life.xcoms["return_value"][0]["size"]
        report(way, made, facts["memory_added"], facts["memory_before"], time.monotonic() - began)


def report(way: str, size: int, added: int, before: int, took: float) -> None:
    """Print a line."""
    print(f"{way:>20}, {size:>13,} bytes: {added / 1e6:6.1f} MB added to {before / 1e6:.0f} MB, in {took:.1f} s")


SERVICES: dict[str, tuple[Any, Callable[..., None]]] = {
    "bytenite": (ByteNiteHouse, measure_bytenite),
    "openencoder": (EncoderHouse, measure_openencoder),
}


def main() -> None:
    """Measure with a sandbox of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bytes", nargs="?", type=int, default=2_000_000_000)
    parser.add_argument("--service", choices=SERVICES, default="bytenite")
    asked = parser.parse_args()
    house_class, measure = SERVICES[asked.service]
    with (
        tempfile.TemporaryDirectory() as folder,
        SandboxProcess(Path(folder) / "sandbox", "--only", f"s3,{asked.service}") as sandbox,
        pytest.MonkeyPatch.context() as patch,
        house_class.opened(sandbox, sandbox.s3(), Path(folder), patch) as house,
    ):
        measure(house, asked.bytes, patch)


if __name__ == "__main__":
    sys.exit(ended(main))
