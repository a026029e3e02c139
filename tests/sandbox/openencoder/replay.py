"""Plays the recorded requests to the sandbox in their order, and sets the scene for each as it was then."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import requests

from tests.sandbox.openencoder.client import Client

RECORDED: list[dict[str, Any]] = json.loads((Path(__file__).parent / "recorded.json").read_text())["exchanges"]
GUEST = "bob@example.com"


class Stage:
    """A sandbox in which the recorded story is told again; recorded job ids stand for those made here."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.jobs: dict[int, int] = {}
        self.configuration: dict[str, str] = {}
        secret = json.loads((client.sandbox.state_dir / "credentials.json").read_text())["openencoder_signing_key"]
        self.key = f"{secret}-0"

    def token(self, label: str) -> str:
        """Return the token that the recording does not show."""
        now = int(time.time())
        claims: dict[str, Any] = {"id": "admin", "role": "admin", "exp": now + 3600, "orig_iat": now}
        if "guest" in label:
            claims |= {"id": GUEST, "role": "guest"}
        if "expired" in label:
            claims |= {"exp": now - 60, "orig_iat": now - 600}
        if "unknown role" in label:
            claims["role"] = "king"
        for claim in ("role", "exp"):
            if f"without a {claim}" in label or f"without {claim}" in label:
                del claims[claim]
        return jwt.encode(claims, "another key, " * 4 if "another key" in label else self.key, "HS256")

    def play(self, exchange: dict[str, Any]) -> requests.Response | None:
        """Send a recorded request; None when the connection was closed without an answer."""
        number = RECORDED.index(exchange)
        SCENES.get(number, lambda stage: None)(self)
        token = self.token(exchange["label"])
        headers = {name: value.replace("<jwt>", token) for name, value in exchange["request_headers"].items()}
        path = re.sub(r"(?<=/jobs/)\d+", lambda found: self._here(found[0]), exchange["path"])
        body = exchange["request_body"]
        if exchange["label"].startswith("login: shipped admin"):
            body = body.replace('"password"}', f'"{self.client.info["password"]}"}}')
        url = self.client.base + path
        try:
            return requests.request(
                exchange["method"], url, data=body, headers=headers, timeout=20, allow_redirects=False
            )
        except requests.ConnectionError:
            return None

    def _here(self, recorded: str) -> str:
        return str(self.jobs.get(int(recorded), recorded))

    def make(self, recorded: int, *states: str, **more: str) -> int:
        """Create the job that had this id, and wait until it is in one of the states (default: at its end)."""
        self.jobs[recorded] = self.client.create(**{"preset": "h264_baseline_360p_600", **more})
        self.client.wait(self.jobs[recorded], *states)
        return self.jobs[recorded]

    def configure(self, **changes: str) -> None:
        """Change the server's settings; without arguments: put them back."""
        if not self.configuration:
            self.configuration = {each["name"]: each["value"] for each in self.client.get("/settings")["settings"]}
        self.client.call("PUT", "/settings", self.configuration | changes)


Scene = Callable[[Stage], Any]


def reset_password(stage: Stage) -> None:
    stage.client.settings(force_password_reset=False)
    body = {"username": "admin", "current_password": stage.client.info["password"], "new_password": "adminpw"}
    assert stage.client.call("POST", "/update-password", body).json() == {"message": "user updated", "user": "admin"}


def long_job_with_one_behind(stage: Stage) -> None:
    stage.client.settings(job_seconds=60, tick_seconds=0.1)
    job = stage.make(6, "encoding", source="src/clip.mp4")
    stage.make(7, "queued")
    stage.client.call("POST", f"/jobs/{stage.jobs[7]}/cancel")
    while stage.client.job(job)["speed"] is None:
        time.sleep(0.05)


def poison(stage: Stage) -> None:
    stage.client.wait(stage.jobs[6], "cancelled")
    stage.client.settings(job_seconds=0, worker_restart_seconds=0.1, reap_seconds=3600)
    stage.make(36, "encoding", preset="no_such_preset")
    while not stage.client.get("/health")["workers"]:
        time.sleep(0.05)


def upload_to_nowhere(stage: Stage) -> None:
    stage.client.settings(reap_seconds=0.1)
    stage.configure(S3_OUTBOUND_BUCKET="no-such-bucket")
    stage.make(41)
    stage.configure()


def without_redis(stage: Stage) -> None:
    stage.client.settings(redis_up=False)
    stage.make(43, "queued")


def with_postgres_again(stage: Stage) -> None:
    stage.client.settings(postgres_up=True)
    stage.client.wait(stage.jobs[43], "completed")


# What was done between the recorded requests, by the number of the request that follows.
SCENES: dict[int, Scene] = {
    3: lambda stage: stage.client.settings(force_password_reset=True),
    6: reset_password,
    20: lambda stage: stage.client.call("POST", "/register", {"username": GUEST, "password": "baz"}),
    35: lambda stage: stage.configure(DIGITAL_OCEAN_ENABLED="disabled", DIGITAL_OCEAN_ACCESS_TOKEN=""),
    41: lambda stage: stage.configure(),
    63: lambda stage: stage.make(3, "queued", "downloading", "probing", "encoding", "completed", dest="dst/a/"),
    65: lambda stage: stage.client.wait(stage.jobs[3]),
    88: lambda stage: stage.client.call("POST", f"/jobs/{stage.jobs[3]}/cancel"),
    94: lambda stage: stage.client.wait(stage.jobs[3], "completed"),
    97: lambda stage: stage.client.call("PUT", f"/jobs/{stage.jobs[3]}", {"status": "completed"}),
    104: lambda stage: stage.configure(),
    121: lambda stage: stage.make(4, source="src/text.mp4"),
    123: lambda stage: stage.make(5, "downloading", source="src/nosuch.mp4"),
    125: long_job_with_one_behind,
    134: poison,
    139: lambda stage: stage.client.call("POST", f"/jobs/{stage.jobs[36]}/cancel"),
    144: upload_to_nowhere,
    146: without_redis,
    149: lambda stage: stage.client.settings(redis_up=True),
    151: lambda stage: stage.client.settings(postgres_up=False),
    154: with_postgres_again,
}
