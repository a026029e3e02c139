"""Print how fast, and in how much memory, large files go from S3 to Pixop and back, and from ByteNite to S3.

Run it from the project's root: ``.venv/bin/python -m benchmarks.transfers --gigabytes 5``. It starts a sandbox of its
own, which needs disk for four times the bytes (in the temporary folder), and stops it.

Beside each is what curl makes of it (benchmarks/curl.py), which checks nothing; ours takes the sha256 of what it
fetches. Each of ours runs in a fresh process, whose memory counts from after a small transfer.
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

from benchmarks.curl import CURL, as_it_is, piped
from benchmarks.ending import ended
from benchmarks.instant import result_link
from benchmarks.report import Bar, report
from reelworks.bytenite.hook import ByteNiteHook
from reelworks.media import s3
from reelworks.media.multipart import FormFile
from reelworks.media.transfer import fetch_to_s3
from reelworks.media.upload import Upload
from reelworks.pixop import api
from reelworks.pixop.hook import PixopHook
from reelworks.pixop.transfer import download_video, upload_video
from tests.sandbox.process import SandboxProcess

SOURCE, BACK = (s3.S3Url("transfers", name) for name in ("source.mov", "back.mov"))
CUTS = 20
MOST_ADDED, LEAST_SHARE, MOST_TWICE = 150.0, 0.80, 0.05


UP, DOWN, RESULT = "S3 to Pixop", "Pixop to S3", "ByteNite to S3"
HEADINGS = ("way", "MB/s", "curl's MB/s", "of curl's", "MB added")


@dataclass(frozen=True)
class Compared:
    """The best of some rounds: seconds, curl's seconds, and the most memory added (MB)."""

    way: str
    size: int
    ours: float
    theirs: float
    added: float

    @property
    def row(self) -> tuple[str, ...]:
        """Return a line of the table."""
        rates = [f"{self.size / seconds / 1e6:.0f}" for seconds in (self.ours, self.theirs)]
        return self.way, *rates, f"{self.theirs / self.ours:.0%}", f"{self.added:.0f}"

    @property
    def bars(self) -> list[Bar]:
        """What has to hold for each way."""
        speed = Bar(f"{self.way}: of curl's speed", self.theirs / self.ours, LEAST_SHARE, "%", least=True)
        return [speed, Bar(f"{self.way}: memory added", self.added, MOST_ADDED, "MB")]


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

    def ours(self, way: str, what: str, target: s3.S3Url) -> tuple[float, float]:
        """Transfer in a process of its own; return seconds and the MB that it added."""
        command = [sys.executable, "-m", "benchmarks.transfers", "--one", way, str(target)]
        # Not as an argument: it may be a link, which is as good as a password.
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, input=what.encode()).stdout
        figures: dict[str, float] = json.loads(said.splitlines()[-1])
        return figures["seconds"], figures["added"]

    def curl(self, url: str, *arguments: str, signed: bool = False) -> list[str]:
        """Return a call of curl's; link and token go in a file, as other users may read a command line."""
        lines = [f'url = "{url}"\n']
        if signed:
            access = self.sandbox.info["pixop"]
            pair = (access["email"], access["password"])
            token = requests.get(f"{access['url']}/accounts/v1/token", auth=pair, timeout=60).json()["jwtToken"]
            lines.append(f'header = "Authorization: Bearer {token}"\n')
        descriptor, name = tempfile.mkstemp(dir=self.folder, prefix="curl-")
        with open(descriptor, "w") as file:
            file.writelines(lines)
        return [*CURL, "-K", name, *arguments]


def curl_up(bench: Bench, size: int) -> float:
    """Send the source to a new video with two curls."""
    form = FormFile("file", SOURCE.name, size, lambda: ())
    head, tail = list(form)
    video_id = bench.video()
    url = bench.sandbox.url("pixop") + api.upload_path(video_id, light=True)
    kind = ["-X", "POST", "-H", f"Content-Type: {form.content_type}"]
    link = bench.client.generate_presigned_url("get_object", {"Bucket": SOURCE.bucket, "Key": SOURCE.key})
    seconds = piped(bench.curl(link), bench.curl(url, *kind, *as_it_is(form.len), signed=True), head, tail)
    bench.hook.answer(api.delete_video(video_id))
    return seconds


def ours_up(bench: Bench) -> tuple[float, float]:
    """Send the source to a new video as the operators do."""
    video_id = bench.video()
    figures = bench.ours(UP, video_id, SOURCE)
    bench.hook.answer(api.delete_video(video_id))
    return figures


def curl_down(bench: Bench, video_id: str, size: int) -> float:
    """Fetch an original with two curls."""
    url = bench.sandbox.url("pixop") + api.download_path(video_id, original=True)
    link = bench.client.generate_presigned_url("put_object", {"Bucket": BACK.bucket, "Key": BACK.key})
    return piped(bench.curl(url, signed=True), bench.curl(link, *as_it_is(size)))


def curl_result(bench: Bench, link: str, size: int) -> float:
    """Fetch a result of ByteNite's with two curls."""
    target = bench.client.generate_presigned_url("put_object", {"Bucket": BACK.bucket, "Key": BACK.key})
    return piped(bench.curl(link), bench.curl(target, *as_it_is(size)))


def cut(bench: Bench, video_id: str, size: int) -> float:
    """Fetch an original with cuts; return the share of its bytes that left the service twice."""
    before = bench.sandbox.ledger("pixop")["downloads"].get(video_id, 0)
    bench.sandbox.faults({"kind": "cut_download", "times": CUTS}, service="pixop")
    bench.ours(DOWN, video_id, BACK)
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


def one(way: str, what: str, target: s3.S3Url) -> None:
    """Make one transfer, of a video of Pixop's or a link of ByteNite's, and print its figures."""
    client, hook = s3.s3_client("aws_default"), PixopHook()
    # What a task has before its first byte goes: both clients, connected.
    hook.answer(hook.ping())
    s3.stat(client, SOURCE)
    before, began = peak(), time.monotonic()
    if way == UP:
        upload_video(hook, what, str(target), client, light=True)
    elif way == DOWN:
        download_video(hook, what, target, client, original=True)
    else:
        fetch_to_s3(what, client, target)
    print(json.dumps({"seconds": time.monotonic() - began, "added": peak() - before, "base": before}))


def fill(client: Any, url: s3.S3Url, size: int) -> None:
    """Write noise."""
    noise = random.Random(5).randbytes(32 * 1024**2)  # noqa: S311
    with Upload(client, url, "video/quicktime") as upload:
        upload.expect(size)
        for at in range(0, size, len(noise)):
            upload.write(noise[: size - at])
        upload.finish()


def compared(
    way: str, size: int, curl: Callable[[], float], ours: Callable[[], tuple[float, float]], rounds: int
) -> Compared:
    """Measure what ours and curl make of one way, in turn: the machine may have other work."""
    theirs, mine = list[float](), list[tuple[float, float]]()
    for _ in range(rounds):
        theirs.append(curl())
        mine.append(ours())
        told = f"{size / mine[-1][0] / 1e6:.0f} MB/s, curl {size / theirs[-1] / 1e6:.0f} MB/s"
        print(f"{way}: {told} (load {os.getloadavg()[0]:.1f})", flush=True)
    return Compared(way, size, min(seconds for seconds, _ in mine), min(theirs), max(added for _, added in mine))


def measure(bench: Bench, size: int, rounds: int) -> int:
    """Print the table; return the exit code."""
    fill(bench.client, SOURCE, size)
    up = compared(UP, size, lambda: curl_up(bench, size), lambda: ours_up(bench), rounds)
    video_id = bench.video()
    bench.ours(UP, video_id, SOURCE)
    down = compared(
        DOWN, size, lambda: curl_down(bench, video_id, size), lambda: bench.ours(DOWN, video_id, BACK), rounds
    )
    twice = cut(bench, video_id, size)
    bench.sandbox.settings("bytenite", instant=True, synthetic_size=size)
    link = result_link(ByteNiteHook())
    result = compared(
        RESULT, size, lambda: curl_result(bench, link, size), lambda: bench.ours(RESULT, link, BACK), rounds
    )
    ways = (up, down, result)
    bars = [bar for way in ways for bar in way.bars]
    bars.append(Bar(f"{DOWN}: bytes twice with {CUTS} cuts", twice, MOST_TWICE, "%"))
    return report(f"{size / 1e9:g} GB at a time", HEADINGS, [way.row for way in ways], bars)


def main() -> int:
    """Measure with a sandbox of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--one", nargs=2, metavar=("WAY", "URL"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        way, url = given.one
        one(way, sys.stdin.read(), s3.S3Url.parse(url))
        return 0
    if not shutil.which("curl"):
        parser.error("curl, which all is compared with, is not there: install it")
    with (
        tempfile.TemporaryDirectory() as folder,
        SandboxProcess(Path(folder), "--only", "s3,pixop,bytenite") as sandbox,
    ):
        connect(sandbox)
        sandbox.settings("pixop", ingest_anything=True)
        client = s3.s3_client("aws_default")
        client.create_bucket(Bucket=SOURCE.bucket)
        return measure(Bench(sandbox, Path(folder), client, PixopHook()), int(given.gigabytes * 1e9), given.rounds)


def connect(sandbox: SandboxProcess) -> None:
    """Make the connections to the sandbox's S3, Pixop and ByteNite, for this process and its children."""
    access, pixop, bytenite = (sandbox.info[name] for name in ("s3", "pixop", "bytenite"))
    extra = {"endpoint_url": access["endpoint"], "region_name": access["region"]}
    aws = {"conn_type": "aws", "login": access["access_key"], "password": access["secret_key"], "extra": extra}
    service = {"conn_type": "pixop", "host": pixop["url"], "login": pixop["email"], "password": pixop["password"]}
    encoder = {"conn_type": "bytenite", "host": bytenite["url"], "password": bytenite["api_key"]}
    connections = {"AWS": aws, "PIXOP": service, "BYTENITE": encoder}
    os.environ.update({f"AIRFLOW_CONN_{name}_DEFAULT": json.dumps(each) for name, each in connections.items()})


if __name__ == "__main__":
    sys.exit(ended(main))
