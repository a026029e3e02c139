"""The house with an Open Encoder in it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from reelworks.openencoder import jobs
from reelworks.openencoder.encode import OpenEncoderEncodeOperator
from tests.guarantees.house import House

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
OPTIONS = ["-vf scale=-2:64", "-c:v libx264", "-preset ultrafast", "-y"]
TINY = {
    "name": "tiny",
    "description": "tiny",
    "output": "tiny.mp4",
    "data": json.dumps({"raw": OPTIONS}),
    "active": True,
}
IMPOSSIBLE = json.dumps({"raw": ["-vf nothing_of_this_name", *OPTIONS[1:]]})


class QuickOpenEncoderOperator(OpenEncoderEncodeOperator):
    """Looks often, as a test's job is over soon."""

    quick_interval = 0.1


class ImpatientOpenEncoderOperator(QuickOpenEncoderOperator):
    """Defers at once, so that a test's job is waited for in the triggerer."""

    patience = 0.0


class EncoderHouse(House):
    """Has presets on the server, and also sees what is left in its two buckets.

    Of the points at which a process can be killed, of bad answers and of dice it tries some: what happens then is
    core's, which ByteNite's house tries in full.
    """

    service = "openencoder"
    label = "Open Encoder"
    quick = QuickOpenEncoderOperator
    impatient = ImpatientOpenEncoderOperator
    calm_settings = CALM
    preset = "tiny"
    misspelt = "tinny"
    broken_file = (
        "tiny",
        'description: tiny\noutput: tiny.mp4\ndata: {raw: ["-c:v libx264", "-y"]}\nsharpness: 3\n',
    )
    endpoints = ("health", "list_presets", "get_settings", "list_jobs", "create_job", "get_job", "get_pricing")
    unpaid_until = "create_job"
    kinds = ("status", "reset_after", "truncate")
    unanswered = ({"kind": "reset_before", "endpoint": "create_job"},)
    wrong_connections = {  # noqa: RUF012
        "wrong password": ({"password": "wrong"}, "password"),
        "no password": ({"password": None}, "password"),
        "no login": ({"login": None}, "login"),
        "no host": ({"host": None}, "host"),
        "wrong type": ({"conn_type": "http"}, "openencoder"),
        "plain http abroad": ({"host": "http://192.0.2.1"}, "https"),
    }
    secret_fields = ("password",)
    every = int(os.environ.get("REELWORKS_KILL_EVERY", "5"))
    retries = 5  # a sign-in that went unanswered is left to the next try
    source_buckets = ("inbox", "openencoder-in")
    own_folders = (("openencoder-in", "_reelworks/"), ("openencoder-out", "_reelworks/"))

    def connection(self) -> dict[str, Any]:
        access = self.sandbox.info["openencoder"]
        login = {"login": access["username"], "password": access["password"]}
        return {"conn_type": "openencoder", "host": access["url"], **login}

    def furnish(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(jobs, "WATCH", 0.5)
        monkeypatch.setattr(jobs, "TICK", 0.1)
        self.put_preset(TINY)

    @contextmanager
    def failing(self) -> Iterator[None]:
        self.put_preset({**TINY, "data": IMPOSSIBLE})
        yield
        self.put_preset(TINY)

    @contextmanager
    def led_astray(self) -> Iterator[dict[str, Any]]:
        self.put_preset({**TINY, "name": "astray", "output": "../../../out/astray.mp4"})
        yield {"preset": "astray"}

    def sign_ins(self) -> int:
        renewals = [row["count"] for row in self.ledger()["requests"] if row["endpoint"] == "refresh_token"]
        return super().sign_ins() + sum(renewals)

    def put_preset(self, row: dict[str, Any]) -> None:
        there = {preset["name"]: preset for preset in call(self, "GET", "/api/presets?count=1000")["presets"]}
        if row["name"] not in there:
            call(self, "POST", "/api/presets", row)
        elif there[row["name"]]["data"] != row["data"]:
            call(self, "PUT", f"/api/presets/{there[row['name']]['id']}", row)


def call(house: EncoderHouse, method: str, path: str, body: Any = None) -> Any:
    """Call the server as a stranger would."""
    access = house.sandbox.info["openencoder"]
    login = {"username": access["username"], "password": access["password"]}
    token = requests.post(f"{access['url']}/api/login", json=login, timeout=20).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    return requests.request(method, access["url"] + path, json=body, headers=headers, timeout=20).json()
