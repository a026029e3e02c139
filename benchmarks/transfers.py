"""Print how fast, and in how much memory, a large file goes from S3 to Pixop and back, beside what curl makes of it.

Run it from the project's root: ``.venv/bin/python -m benchmarks.transfers --gigabytes 5``. It starts a sandbox of its
own, which needs disk for four times the bytes (in the temporary folder), and stops it.

curl knows neither S3 nor how to stream into a form from another URL, so its part is played by two of it, joined by a
pipe: one reads, the other sends, both at once, and no byte touches a disk on its way. They check nothing; ours takes
the sha256 of what it fetches. Each of ours runs in a fresh process, whose memory counts from after a small transfer.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from reelworks.media import s3
from reelworks.media.multipart import FormFile
from reelworks.media.upload import Upload
from reelworks.pixop import api
from reelworks.pixop.hook import PixopHook
from reelworks.pixop.transfer import download_video, upload_video
from tests.sandbox.process import SandboxProcess

SOURCE, BACK = (s3.S3Url("transfers", name) for name in ("source.mov", "back.mov"))
CURL = [shutil.which("curl") or "curl", "-sS", "--fail"]
CUTS = 20
MOST_ADDED, LEAST_SHARE, MOST_TWICE = 150.0, 0.80, 0.05


@dataclass(frozen=True)
class Bench:
    """The two ends."""

    sandbox: SandboxProcess
    folder: Path
    client: Any
    hook: PixopHook

    def video(self) -> str:
        """Make a video that nothing was uploaded to."""
        return self.hook.answer(api.create_video("benchmark"))

    def ours(self, way: str, video_id: str, target: s3.S3Url) -> tuple[float, float]:
        """Transfer in a process of its own; return seconds and the MB that it added."""
        command = [sys.executable, "-m", "benchmarks.transfers", "--one", way, video_id, str(target)]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        figures: dict[str, float] = json.loads(said.splitlines()[-1])
        return figures["seconds"], figures["added"]

    def curl(self, *arguments: str, signed: bool = False) -> list[str]:
        """Return a call of curl's; the token goes in a file, as other users may read a command line."""
        if not signed:
            return [*CURL, *arguments]
        access, file = self.sandbox.info["pixop"], self.folder / "token"
        pair = (access["email"], access["password"])
        token = requests.get(f"{access['url']}/accounts/v1/token", auth=pair, timeout=60).json()["jwtToken"]
        file.write_text(f'header = "Authorization: Bearer {token}"\n')
        return [*CURL, "-K", str(file), *arguments]


def piped(read: list[str], send: list[str], head: bytes = b"", tail: bytes = b"") -> float:
    """Join the two, with some bytes before and after; return seconds."""
    began = time.monotonic()
    out, into = os.pipe()
    sender = subprocess.Popen(send, stdin=out, stdout=subprocess.DEVNULL)
    os.close(out)
    try:
        os.write(into, head)
        subprocess.run(read, stdout=into, check=True)
        os.write(into, tail)
    finally:
        os.close(into)
    if sender.wait():
        raise SystemExit(f"curl ended with {sender.returncode}")
    return time.monotonic() - began


def as_it_is(length: int) -> list[str]:
    """Have curl send its input with its length told, as we do, and not in chunks."""
    return ["-T", "-", "-H", f"Content-Length: {length}", "-H", "Transfer-Encoding:", "-H", "Expect:"]


def curl_up(bench: Bench, size: int) -> float:
    """Send the source to a new video with two curls."""
    form = FormFile("file", SOURCE.name, size, lambda: ())
    head, tail = list(form)
    video_id = bench.video()
    url = bench.sandbox.url("pixop") + api.upload_path(video_id, light=True)
    kind = ["-X", "POST", "-H", f"Content-Type: {form.content_type}"]
    link = bench.client.generate_presigned_url("get_object", {"Bucket": SOURCE.bucket, "Key": SOURCE.key})
    seconds = piped(bench.curl(link), bench.curl(*kind, *as_it_is(form.len), url, signed=True), head, tail)
    bench.hook.answer(api.delete_video(video_id))
    return seconds


def ours_up(bench: Bench) -> tuple[float, float]:
    """Send the source to a new video as the operators do."""
    video_id = bench.video()
    figures = bench.ours("up", video_id, SOURCE)
    bench.hook.answer(api.delete_video(video_id))
    return figures


def curl_down(bench: Bench, video_id: str, size: int) -> float:
    """Fetch an original with two curls."""
    url = bench.sandbox.url("pixop") + api.download_path(video_id, original=True)
    link = bench.client.generate_presigned_url("put_object", {"Bucket": BACK.bucket, "Key": BACK.key})
    return piped(bench.curl(url, signed=True), bench.curl(*as_it_is(size), link))


def cut(bench: Bench, video_id: str, size: int) -> float:
    """Fetch an original with cuts; return the share of its bytes that left the service twice."""
    before = bench.sandbox.ledger("pixop")["downloads"].get(video_id, 0)
    bench.sandbox.faults({"kind": "cut_download", "times": CUTS}, service="pixop")
    bench.ours("down", video_id, BACK)
    ledger = bench.sandbox.ledger("pixop")
    done = sum(row["count"] for row in ledger["faults"] if row["kind"] == "cut_download")
    if done != CUTS:
        raise SystemExit(f"{done} cuts, not {CUTS}")
    return float((ledger["downloads"][video_id] - before) / size - 1)


def peak() -> float:
    """Return the most memory this program ever had, in MB. getrusage would count what forked it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("this needs Linux")


def one(way: str, video_id: str, target: s3.S3Url) -> None:
    """Make one transfer and print its figures."""
    client, hook = s3.s3_client("aws_default"), PixopHook()
    # What a task has before its first byte goes: both clients, connected.
    hook.answer(hook.ping())
    s3.stat(client, SOURCE)
    before, began = peak(), time.monotonic()
    if way == "up":
        upload_video(hook, video_id, str(target), client, light=True)
    else:
        download_video(hook, video_id, target, client, original=True)
    print(json.dumps({"seconds": time.monotonic() - began, "added": peak() - before, "base": before}))  # noqa: T201


def fill(client: Any, url: s3.S3Url, size: int) -> None:
    """Write noise."""
    noise = random.Random(5).randbytes(32 * 1024**2)  # noqa: S311
    with Upload(client, url, "video/quicktime") as upload:
        upload.expect(size)
        for at in range(0, size, len(noise)):
            upload.write(noise[: size - at])
        upload.finish()


def judged(name: str, figure: str, bar: str, good: bool) -> bool:
    """Print a line of the table."""
    print(f"{name:<44} {figure:>12}  {bar:<10} {'PASS' if good else 'FAIL'}", flush=True)  # noqa: T201
    return good


def compared(
    way: str, size: int, curl: Callable[[], float], ours: Callable[[], tuple[float, float]], rounds: int
) -> bool:
    """Print what ours and curl make of one way, the best of some rounds each: the machine may have other work."""
    theirs, mine = list[float](), list[tuple[float, float]]()
    for _ in range(rounds):
        theirs.append(curl())
        mine.append(ours())
        told = f"{size / mine[-1][0] / 1e6:.0f} MB/s, curl {size / theirs[-1] / 1e6:.0f} MB/s"
        print(f"{way}: {told} (load {os.getloadavg()[0]:.1f})", flush=True)  # noqa: T201
    added = max(each for _, each in mine)
    share = min(theirs) / min(each for each, _ in mine)
    light = judged(f"{way}: memory added", f"{added:.0f} MB", f"< {MOST_ADDED:.0f} MB", added < MOST_ADDED)
    return judged(f"{way}: of curl's speed", f"{share:.0%}", f">= {LEAST_SHARE:.0%}", share >= LEAST_SHARE) and light


def measure(bench: Bench, size: int, rounds: int) -> bool:
    """Print the table; return whether all is as it has to be."""
    fill(bench.client, SOURCE, size)
    good = compared("up", size, lambda: curl_up(bench, size), lambda: ours_up(bench), rounds)
    video_id = bench.video()
    bench.ours("up", video_id, SOURCE)
    good &= compared(
        "down", size, lambda: curl_down(bench, video_id, size), lambda: bench.ours("down", video_id, BACK), rounds
    )
    twice = cut(bench, video_id, size)
    return (
        judged(f"down: bytes twice with {CUTS} cuts", f"{twice:.2%}", f"< {MOST_TWICE:.0%}", twice < MOST_TWICE)
        and good
    )


def main() -> None:
    """Measure with a sandbox of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--one", nargs=3, metavar=("WAY", "VIDEO", "URL"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        way, video_id, url = given.one
        return one(way, video_id, s3.S3Url.parse(url))
    with (
        tempfile.TemporaryDirectory() as folder,
        SandboxProcess(Path(folder), "--only", "s3,pixop") as sandbox,
    ):
        connect(sandbox)
        sandbox.settings("pixop", ingest_anything=True)
        client = s3.s3_client("aws_default")
        client.create_bucket(Bucket=SOURCE.bucket)
        if not measure(Bench(sandbox, Path(folder), client, PixopHook()), int(given.gigabytes * 1e9), given.rounds):
            raise SystemExit(1)


def connect(sandbox: SandboxProcess) -> None:
    """Make the connections to the sandbox's S3 and Pixop, for this process and its children."""
    access, pixop = sandbox.info["s3"], sandbox.info["pixop"]
    extra = {"endpoint_url": access["endpoint"], "region_name": access["region"]}
    aws = {"conn_type": "aws", "login": access["access_key"], "password": access["secret_key"], "extra": extra}
    service = {"conn_type": "pixop", "host": pixop["url"], "login": pixop["email"], "password": pixop["password"]}
    os.environ.update(AIRFLOW_CONN_AWS_DEFAULT=json.dumps(aws), AIRFLOW_CONN_PIXOP_DEFAULT=json.dumps(service))


if __name__ == "__main__":
    main()
