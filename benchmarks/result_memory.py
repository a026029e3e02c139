"""Print how much memory it adds to a task to stream a 2 GB result from the sandbox's ByteNite to its S3.

Run it from the project's root: ``.venv/bin/python -m benchmarks.result_memory [BYTES]``. It starts a sandbox of its
own, which writes the bytes to disk once (in the temporary folder), and stops it.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from reelworks.bytenite import api
from reelworks.bytenite.data import BUCKET, url_source
from reelworks.bytenite.hook import ByteNiteHook
from reelworks.bytenite.jobs import start_job, wait_for_results
from reelworks.bytenite.presets import ByteNitePreset
from reelworks.core.jobs import wait_for_job
from reelworks.core.presets import load
from reelworks.media.s3 import S3Url, s3_client
from reelworks.media.transfer import fetch_to_s3
from tests.guarantees.house import second_of_video
from tests.sandbox.process import SandboxProcess


def result_link(hook: ByteNiteHook) -> str:
    """Run a job whose result is synthetic, and return its link."""
    job_id = hook.answer(api.create_job("result memory"))
    params = load("bytenite", "h264_360p", ByteNitePreset).params()
    source = url_source("http://127.0.0.1/nothing.mp4")  # not read in the instant mode
    hook.answer(start_job(job_id, source=source, destination=BUCKET, params=params))
    hook.answer(wait_for_job(lambda: hook.look(job_id), interval=0.2, deadline=time.time() + 60))
    return next(iter(hook.answer(wait_for_results(job_id)).values()))


def peak() -> float:
    """Return the most memory this process ever had, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1024)


def measure(sandbox: SandboxProcess, size: int) -> None:
    """Fetch a small result, so that all is imported and connected, then the large one."""
    access, bytenite = sandbox.info["s3"], sandbox.info["bytenite"]
    extra = {"endpoint_url": access["endpoint"], "region_name": access["region"]}
    aws = {"conn_type": "aws", "login": access["access_key"], "password": access["secret_key"], "extra": extra}
    service = {"conn_type": "bytenite", "host": bytenite["url"], "password": bytenite["api_key"]}
    os.environ.update(AIRFLOW_CONN_AWS_DEFAULT=json.dumps(aws), AIRFLOW_CONN_BYTENITE_DEFAULT=json.dumps(service))
    client, hook = s3_client("aws_default"), ByteNiteHook()
    for each in (len(second_of_video()), size):
        sandbox.settings(instant=True, synthetic_size=each)
        link, before, began = result_link(hook), peak(), time.monotonic()
        stored = fetch_to_s3(link, client, S3Url("outbox", "benchmark.bin"))
        if stored.size != each:
            raise SystemExit(f"{stored.size} bytes arrived, not {each}")
        took, added = time.monotonic() - began, peak() - before
        print(f"{each:>13,} bytes: {added:6.1f} MB added to {before:.0f} MB, in {took:.1f} s")  # noqa: T201


def main() -> None:
    """Measure with a sandbox of its own."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000_000
    with (
        tempfile.TemporaryDirectory() as folder,
        SandboxProcess(Path(folder), "--only", "s3,bytenite", "--instant") as sandbox,
    ):
        measure(sandbox, size)


if __name__ == "__main__":
    main()
