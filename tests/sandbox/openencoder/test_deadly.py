"""Calls that end a process of the real server: done here, too, and remembered."""

import time
from collections.abc import Callable

import pytest
import requests

from tests.sandbox.openencoder.client import Client

PRESET = {"name": "a", "description": "b", "output": "c.mp4", "data": "{}", "active": True}
STRANGER = {"username": "nobody@example.com", "password": "x", "current_password": "x", "new_password": "y"}
LONG = {"username": "u" * 129, "password": "x"}
DEADLY = [
    ("GET", "/presets/99999", None),
    ("GET", "/presets/tiny", None),
    ("PUT", "/presets/99999", PRESET),
    ("GET", "/presets?page=-1", None),
    ("GET", "/presets?page=abc", None),
    ("GET", "/presets?page=", None),
    ("GET", "/presets?count=-1", None),
    ("GET", "/presets?page=9223372036854775807", None),
    ("GET", "/users?page=-1", None),
    ("POST", "/presets", PRESET | {"name": "n" * 129}),
    ("POST", "/login", STRANGER),
    ("POST", "/register", {"username": "admin", "password": "x"}),
    ("POST", "/register", LONG),
    ("POST", "/update-password", STRANGER),
]
HARMLESS = [
    ("GET", "/presets?page=0", None),
    ("GET", "/presets?count=abc", None),
    ("GET", "/presets?page=50", None),
    ("GET", "/presets?page=-1&count=0", None),
    ("GET", "/jobs?page=-1", None),
    ("GET", "/jobs?page=abc", None),
    ("GET", "/jobs/99999/status", None),
    ("POST", "/jobs/99999/cancel", None),
    ("POST", "/jobs/99999/restart", None),
]


@pytest.mark.parametrize(("method", "path", "body"), DEADLY)
def test_a_deadly_call_ends_the_server_without_an_answer(client: Client, method: str, path: str, body: object) -> None:
    client.settings(restart_seconds=30)
    before = len(client.deadly())
    with pytest.raises(requests.ConnectionError, match="Remote end closed connection without response"):
        client.call(method, path, body)
    with pytest.raises(requests.ConnectionError):
        client.call("GET", "/health")
    assert len(client.deadly()) == before + 1
    noted = client.ledger()["deadly"][-1]
    assert noted["call"].startswith(f"{method} /api{path.split('?')[0]}")
    assert noted["reason"]
    assert abs(noted["at"] - time.time()) < 30
    client.settings(restart_seconds=0)
    assert client.get("/health")["api"] == "OK"


@pytest.mark.parametrize(("method", "path", "body"), HARMLESS)
def test_a_harmless_call_is_answered_and_not_noted(client: Client, method: str, path: str, body: object) -> None:
    before = client.deadly()
    assert client.call(method, path, body).status_code == 200
    assert client.deadly() == before


def test_the_server_is_back_after_the_set_time(client: Client) -> None:
    client.settings(restart_seconds=0.4)
    with pytest.raises(requests.ConnectionError):
        client.call("GET", "/presets/99999")
    with pytest.raises(requests.ConnectionError):
        client.call("GET", "/health")
    time.sleep(0.5)
    assert client.get("/health")["api"] == "OK"


def test_a_server_that_nobody_restarts_stays_away(client: Client) -> None:
    client.settings(restart_seconds=None)
    with pytest.raises(requests.ConnectionError):
        client.call("GET", "/presets/99999")
    time.sleep(0.3)
    with pytest.raises(requests.ConnectionError):
        client.call("GET", "/health")
    client.settings(restart_seconds=0)
    assert client.get("/health")["api"] == "OK"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/presets/99999", None, 404),
        ("PUT", "/presets/99999", PRESET, 404),
        ("GET", "/presets?page=-1", None, 200),
        ("POST", "/login", STRANGER, 401),
        ("POST", "/register", {"username": "admin", "password": "x"}, 400),
        ("POST", "/update-password", STRANGER, 401),
    ],
)
def test_with_the_switch_off_it_is_answered_but_noted(
    client: Client, method: str, path: str, body: object, status: int
) -> None:
    client.settings(process_exits=False)
    before = len(client.deadly())
    assert client.call(method, path, body).status_code == status
    assert len(client.deadly()) == before + 1


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_unknown_preset_name_is_poison_to_every_worker_until_the_job_is_cancelled(client: Client) -> None:
    before = len(client.deadly())
    job = client.create(dest="poison/", preset="no_such_preset")
    assert len(client.deadly()) == before + 1
    assert "no_such_preset" in client.deadly()[-1]
    eventually(lambda: client.row(job)["runs"] >= 3)
    assert client.wait(job, "encoding") == "encoding"
    client.call("POST", f"/jobs/{job}/cancel")
    eventually(lambda: client.state(job) == "cancelled" and client.get("/worker/busy") is None)
    assert client.encode(dest="poison/cured/")["status"] == "completed"
    assert client.state(job) == "cancelled"


def test_with_its_only_worker_poisoned_nothing_runs(client: Client) -> None:
    client.settings(worker_restart_seconds=None)
    poison = client.create(dest="poison/", preset="no_such_preset")
    client.wait(poison, "encoding")
    job = client.create(dest="poison/behind/")
    time.sleep(0.5)
    assert (client.state(job), client.get("/health")["workers"]) == ("queued", 0)
    client.call("POST", f"/jobs/{poison}/cancel")
    client.settings(worker_restart_seconds=0)
    assert client.wait(job) == "completed"


def test_without_poison_an_unknown_preset_is_an_error(client: Client) -> None:
    client.settings(poison_jobs=False)
    job = client.create(preset="no_such_preset")
    assert client.wait(job) == "error"


def test_without_postgres_calls_fail_and_the_job_list_is_deadly(client: Client) -> None:
    client.settings(postgres_up=False)
    answer = client.call("GET", "/health")
    assert (answer.status_code, answer.content, answer.headers.get("content-type")) == (500, b"", None)
    with pytest.raises(requests.ConnectionError):
        client.call("GET", "/jobs")
