"""A sandbox that was killed outright comes back with all it knew."""

import time
from pathlib import Path

import pytest
import requests

from tests.sandbox.openencoder.client import Client
from tests.sandbox.openencoder.conftest import QUICK, stock
from tests.sandbox.process import SandboxProcess


def test_nothing_is_forgotten_over_a_kill(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path / "state", "--only=s3,openencoder") as sandbox:
        stock(sandbox, tmp_path)
        client = Client(sandbox)
        client.settings(**QUICK)
        client.add_preset("tiny")
        client.call("POST", "/register", {"username": "bob@example.com", "password": "baz"})
        with pytest.raises(requests.ConnectionError):
            client.call("GET", "/presets/99999")
        client.call("POST", "/machines", {"provider": "digitalocean", "size": "c-2", "count": 2})
        client.settings(redis_up=False)
        lost = client.create(dest="lost/")
        client.settings(redis_up=True, job_seconds=30, static_workers=1)
        client.call("DELETE", "/machines")
        client.call("POST", "/machines", {"provider": "digitalocean", "size": "c-2", "count": 1})
        done = client.encode(source="src/text.mp4")["id"]
        jobs = [client.create(dest=f"restart/{number}/") for number in range(2)]
        client.wait(jobs[0], "encoding")
        before = client.ledger()

        sandbox.kill()
        sandbox.start()

        headers, client = client.headers, Client(sandbox)
        assert client.call("GET", "/me", headers=headers).status_code == 200
        client.settings(**QUICK)
        assert client.deadly() == ["GET /api/presets/99999"]
        assert client.get("/presets?count=1")["presets"][0]["name"] == "tiny"
        assert client.get("/users")["users"][0]["username"] == "bob@example.com"
        after = client.ledger()
        assert after["machines"]["alive"] == before["machines"]["alive"]
        assert after["machines"]["seconds"] > before["machines"]["seconds"]
        assert [client.wait(job) for job in jobs] == ["completed"] * 2
        assert client.row(jobs[0])["runs"] == 2
        assert client.row(done)["state"] == "error"
        time.sleep(0.3)
        assert client.state(lost) == "queued"
        sandbox.s3().head_object(Bucket="openencoder-out", Key="restart/1/tiny.mp4")


def test_the_command_line_sets_the_pace_and_s3_may_be_missing(tmp_path: Path) -> None:
    arguments = ["--only=openencoder", "--instant", "--job-seconds=0.2", "--token-lifetime=20", "--encodes=3"]
    with SandboxProcess(tmp_path / "state", *arguments) as sandbox:
        client = Client(sandbox)
        given = client.settings()
        wanted = {"instant": True, "job_seconds": 0.2, "token_lifetime": 20.0, "static_workers": 3}
        assert given | wanted == given
        assert client.get("/health")["workers"] == 3
        assert client.get("/storage/list") == {"data": None}
        assert set(sandbox.info["openencoder"]) == {
            *("url", "username", "password", "operator", "inbound_bucket", "outbound_bucket"),
        }
