"""The sandbox's fault rules, applied to this service."""

import pytest
import requests

from tests.sandbox.openencoder.client import Client


def test_a_refused_create_makes_no_job(client: Client) -> None:
    before = client.get("/jobs?count=1")["count"]
    client.sandbox.faults({"kind": "status", "endpoint": "create_job", "status": 503}, service="openencoder")
    answer = client.call("POST", "/jobs", {"preset": "tiny", "source": "src/clip.mp4", "dest": "faults/"})
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/json; charset=utf-8")
    assert client.get("/jobs?count=1")["count"] == before


def test_a_create_whose_answer_is_lost_makes_a_job(client: Client) -> None:
    client.settings(instant=True)
    client.sandbox.faults({"kind": "reset_after", "endpoint": "create_job", "times": 1}, service="openencoder")
    with pytest.raises(requests.ConnectionError):
        client.create(dest="faults/lost-answer/")
    (job,) = [job for job in client.get("/jobs")["items"] if job["destination"] == "faults/lost-answer/"]
    assert client.wait(job["id"]) == "completed"


def test_faults_and_requests_are_counted_by_endpoint(client: Client) -> None:
    rules = [{"kind": "status_after", "endpoint": "/api/jobs/*/status"}, {"kind": "broken_json", "endpoint": "stats"}]
    client.sandbox.faults(*rules, service="openencoder")
    assert client.call("GET", "/jobs/1/status").status_code == 503
    with pytest.raises(requests.JSONDecodeError):
        client.call("GET", "/stats").json()
    ledger = client.ledger()
    assert {(fault["endpoint"], fault["kind"]) for fault in ledger["faults"]} >= {
        ("get_job_status", "status_after"),
        ("stats", "broken_json"),
    }
    assert {"stats", "get_job_status", "login"} <= {row["endpoint"] for row in ledger["requests"]}


def test_an_unknown_setting_is_refused(client: Client) -> None:
    answer = requests.post(f"{client.base}/sandbox/settings", json={"no_such": 1}, timeout=9)
    assert (answer.status_code, answer.json()["error"][0]["loc"]) == (400, ["no_such"])
