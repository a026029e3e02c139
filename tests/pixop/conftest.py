"""A sandboxed Pixop for the tests that need one; each test gets it calm, and empty."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from airflow.sdk import BaseOperator

from reelworks.core import session
from reelworks.pixop import jobs
from tests.guarantees.house import aws_connection, second_of_video
from tests.sandbox.process import SandboxProcess
from tests.task_process import TaskLife


@dataclass
class Studio:
    """The sandboxed service as a stranger sees it, and lives for tasks that work at it."""

    sandbox: SandboxProcess
    folder: Path
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")

    @property
    def access(self) -> dict[str, str]:
        return dict(self.sandbox.info["pixop"])

    def connection(self, **changes: Any) -> str:
        own = {"conn_type": "pixop", "host": self.access["url"], "login": self.access["email"]}
        return json.dumps({**own, "password": self.access["password"], **changes})

    def settings(self, **changes: Any) -> dict[str, Any]:
        return self.sandbox.settings("pixop", **changes)

    def faults(self, *rules: dict[str, Any]) -> None:
        self.sandbox.faults(*rules, service="pixop")

    def ledger(self) -> dict[str, Any]:
        return self.sandbox.ledger("pixop")

    def injected(self) -> int:
        """How many answers the rules in force have spoiled, or are about to."""
        rules = requests.get(f"{self.access['url']}/sandbox/faults", timeout=20).json()["rules"]
        return sum(int(rule["injected"]) for rule in rules)

    def count(self, endpoint: str) -> int:
        """How often the service was asked this since it began."""
        return sum(row["count"] for row in self.ledger()["requests"] if row["endpoint"] == endpoint)

    def call(self, method: str, path: str, body: Any = None, **sent: Any) -> Any:
        """Call the service as a stranger would."""
        access = self.access
        pair = (access["email"], access["password"])
        token = requests.get(f"{access['url']}/accounts/v1/token", auth=pair, timeout=20).json()["jwtToken"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.request(method, access["url"] + path, json=body, headers=headers, timeout=60, **sent)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def alive(self) -> list[str]:
        return [str(video) for video in self.ledger()["alive"]]

    def original(self, name: str | None = None) -> str:
        """An uploaded video, whose ingest has begun."""
        video = self.call("PUT", "/videos/v1/video", {"name": name or self.prefix})["videoId"]
        files = {"file": ("clip.mp4", second_of_video(), "video/mp4")}
        self.call("POST", f"/media/v1/upload/light/{video}", files=files)
        return str(video)

    def step(self, operator: type[BaseOperator], retries: int = 3, **arguments: Any) -> TaskLife:
        """A life for a step task."""
        make: Callable[[], BaseOperator] = lambda: operator(task_id="step", **arguments)  # noqa: E731
        return TaskLife(make, self.folder, retries=retries)

    def value(self, operator: type[BaseOperator], **arguments: Any) -> Any:
        """What a step that succeeds pushes."""
        life = self.step(operator, **arguments)
        outcome = life.run()
        assert outcome.state == "success", outcome
        return life.xcoms.get("return_value")


@pytest.fixture(scope="session")
def pixop_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SandboxProcess, dict[str, Any]]]:
    with SandboxProcess(tmp_path_factory.mktemp("pixop"), "--only", "s3,pixop") as process:
        yield process, process.settings("pixop")


@pytest.fixture
def studio(
    pixop_sandbox: tuple[SandboxProcess, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Studio]:
    process, calm = pixop_sandbox
    studio = Studio(process, tmp_path)
    studio.faults()
    studio.settings(**{**calm, "null_seconds": 0.1})
    monkeypatch.setattr(jobs, "LANDING", 1.0)
    # A token that an earlier test got in this very process would be everybody's who is forked from it.
    monkeypatch.setattr(session, "_SESSIONS", {})
    monkeypatch.setenv("AIRFLOW_CONN_PIXOP_DEFAULT", studio.connection())
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(aws_connection(process)))
    yield studio
    studio.faults()
    studio.settings(**calm)
    for video in studio.alive():
        if video in studio.alive():
            studio.call("DELETE", f"/videos/v1/video/{video}")
