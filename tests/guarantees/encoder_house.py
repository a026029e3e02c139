"""The same house with an Open Encoder in it."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
import requests
from airflow.sdk import BaseOperator

from reelworks.openencoder.encode import OpenEncoderEncodeOperator
from tests.guarantees.house import House
from tests.task_process import TaskLife

# Dead processes are back at once, and no interval is long enough to wait for.
CALM = {
    "job_seconds": 0,
    "restart_seconds": 0,
    "worker_restart_seconds": 0.1,
    "reap_seconds": 0.2,
    "retry_seconds": 0.2,
    "tick_seconds": 0.1,
    "machine_boot_seconds": 0.1,
    "phase_seconds": 0,
    "token_lifetime": 3600,
    "static_workers": 4,
    "lost_enqueue": True,
    "silent_upload_failure": True,
}
TINY = {
    "name": "tiny",
    "description": "tiny",
    "output": "tiny.mp4",
    "data": json.dumps({"raw": ["-vf scale=-2:64", "-c:v libx264", "-preset ultrafast", "-y"]}),
    "active": True,
}


class QuickOpenEncoderOperator(OpenEncoderEncodeOperator):
    """Looks often, as a test's job is over soon."""

    quick_interval = 0.1


class ImpatientOpenEncoderOperator(QuickOpenEncoderOperator):
    """Defers at once, so that a test's job is waited for in the triggerer."""

    patience = 0.0


class EncoderHouse(House):
    """Speaks of Open Encoder's ledger, and also sees what is left in its two buckets."""

    every = int(os.environ.get("REELWORKS_KILL_EVERY", "5"))
    quick = QuickOpenEncoderOperator
    impatient = ImpatientOpenEncoderOperator

    def calm(self) -> None:
        self.sandbox.faults(service="openencoder")
        self.settings(**CALM)
        self.mark()

    def settings(self, **changes: Any) -> dict[str, Any]:
        return self.sandbox.settings("openencoder", **changes)

    def faults(self, *rules: dict[str, Any]) -> None:
        self.sandbox.faults(*rules, service="openencoder")

    def ledger(self) -> dict[str, Any]:
        return self.sandbox.ledger("openencoder")

    def encode(self, source: str, operator: type[BaseOperator] | None = None, **arguments: Any) -> TaskLife:
        return super().encode(source, operator or self.quick, **{"preset": "tiny", **arguments})

    def unfinished(self) -> list[Any]:
        return list(self.ledger()["unfinished"])

    @property
    def left_behind(self) -> dict[str, int]:
        """What of ours lies in the server's buckets."""
        return {
            **self._keys("openencoder-in", "_reelworks/"),
            **self._keys("openencoder-out", "_reelworks/"),
        }

    def mark(self) -> None:
        self._before = {job["id"] for job in self.ledger()["jobs"]}
        self._deadly = len(self.ledger()["deadly"])

    def paid(self) -> list[dict[str, Any]]:
        return [job for job in self.ledger()["jobs"] if job["id"] not in self._before]

    def deadly(self) -> list[Any]:
        """Calls since the mark that would have ended a real server or worker."""
        return list(self.ledger()["deadly"][self._deadly :])


def connect(house: EncoderHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the connection, and see that the server has the tests' preset."""
    access = house.sandbox.info["openencoder"]
    service = {
        "conn_type": "openencoder",
        "host": access["url"],
        "login": access["username"],
        "password": access["password"],
    }
    monkeypatch.setenv("AIRFLOW_CONN_OPENENCODER_DEFAULT", json.dumps(service))
    if TINY["name"] not in [preset["name"] for preset in call(house, "GET", "/api/presets?count=1000")["presets"]]:
        call(house, "POST", "/api/presets", TINY)


def call(house: EncoderHouse, method: str, path: str, body: Any = None) -> Any:
    """Call the server as a stranger would."""
    access = house.sandbox.info["openencoder"]
    login = {"username": access["username"], "password": access["password"]}
    token = requests.post(f"{access['url']}/api/login", json=login, timeout=20).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    return requests.request(method, access["url"] + path, json=body, headers=headers, timeout=20).json()
