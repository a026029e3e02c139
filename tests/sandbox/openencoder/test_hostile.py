"""What nobody sends who means well: an answer in the server's manner, never a crash of the sandbox."""

import json

import pytest
import requests

from tests.sandbox.openencoder.client import Client

PATHS = [
    ("POST", "/jobs"),
    ("PUT", "/jobs/1"),
    ("POST", "/presets"),
    ("POST", "/machines"),
    ("PUT", "/settings"),
    ("PUT", "/users/2"),
    ("PUT", "/me"),
    ("POST", "/login"),
    ("POST", "/register"),
    ("POST", "/update-password"),
]
BODIES = [
    b"",
    b"{",
    b"[[[",
    b"null",
    b"true",
    b"1e999",
    b'"text"',
    b"NaN",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"a":' * 5_000,
    b"9" * 5_000,
    b'{"preset": "\\ud800"}',
    b'{"preset": {"a": [1, null]}, "count": 1.5, "name": false, "username": null}',
    b'{"count": 99999999999999999999, "provider": "p", "size": "s"}',
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_no_body_makes_the_sandbox_fail(client: Client, method: str, path: str) -> None:
    headers = client.headers | {"Content-Type": "application/json"}
    with requests.Session() as session:
        for body in BODIES:
            answer = session.request(method, f"{client.base}/api{path}", data=body, headers=headers, timeout=20)
            assert answer.status_code in (200, 400, 401, 404), body[:40]
            assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_a_body_without_end_is_refused(client: Client) -> None:
    answer = requests.post(f"{client.base}/api/jobs", data=b"x" * 5_000_000, headers=client.headers, timeout=20)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


TEXTS = ["\u0000", "a\u0000b", "'; DROP TABLE jobs; --", "%zz", "a:b", "s3://[", "s3://h:x/", "\n", "🎬", "?", "#", "/"]


@pytest.mark.parametrize("text", TEXTS)
def test_odd_sources_and_destinations_end_somehow(client: Client, text: str) -> None:
    client.settings(missing_source_hangs=False, silent_upload_failure=False, instant=True)
    for change in ({"source": text}, {"dest": text}):
        job = client.create(**change)
        if job:
            assert client.wait(job, "completed", "error", "uploading") in ("completed", "error", "uploading")
            assert client.job(job)["preset"] == "tiny"
    assert client.get("/health")["api"] == "OK"


@pytest.mark.parametrize(
    "path", ["/jobs/%00", "/jobs/-1", "/jobs/1e3", "/jobs/99999999999999999999/status", "/jobs/%F0%9F%8E%AC/status"]
)
def test_odd_ids_are_no_job(client: Client, path: str) -> None:
    answer = client.call("GET", path)
    if path.endswith("/status"):
        assert (answer.status_code, answer.json()["job_status"]) == (200, "")
    else:
        assert (answer.status_code, answer.json()["message"]) == (404, "Job does not exist")


@pytest.mark.parametrize("query", ["page=-1", "page=x", "page=", "count=-5", "count=x", "page=9223372036854775807"])
def test_odd_pages_of_jobs_are_empty(client: Client, query: str) -> None:
    page = client.get(f"/jobs?{query}")
    assert page["items"] == []
    assert page["count"] > 0


def test_pages_are_newest_first_and_count_is_the_total(client: Client) -> None:
    client.settings(static_workers=0)
    jobs = [client.create(dest=f"pages/{number}/") for number in range(12)]
    first, second = client.get("/jobs"), client.get("/jobs?page=2&count=5")
    assert [job["id"] for job in first["items"]] == jobs[:1:-1]
    assert [job["id"] for job in second["items"]] == jobs[6:1:-1]
    assert first["count"] == second["count"] == jobs[-1]
    for job in jobs:
        client.call("POST", f"/jobs/{job}/cancel")


@pytest.mark.parametrize(
    ("method", "path", "status", "location"),
    [
        ("GET", "/api/jobs/", 301, "/api/jobs"),
        ("GET", "/api/jobs/?page=2", 301, "/api/jobs?page=2"),
        ("POST", "/api/jobs/", 307, "/api/jobs"),
        ("PUT", "/api/jobs/1/", 307, "/api/jobs/1"),
        ("GET", "/api", 301, "/api/"),
        ("GET", "/", 301, "/dashboard"),
        ("DELETE", "/api/jobs/1", 404, None),
        ("PATCH", "/api/jobs", 404, None),
        ("GET", "/api/machine", 404, None),
        ("GET", "/docs", 404, None),
    ],
)
def test_paths_that_are_not_quite_right(
    client: Client, method: str, path: str, status: int, location: str | None
) -> None:
    answer = requests.request(method, client.base + path, allow_redirects=False, timeout=9)
    assert (answer.status_code, answer.headers.get("location")) == (status, location)
    if status == 404:
        assert answer.text == "404 page not found\n"
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_with_the_web_page_unknown_paths_are_200_html(client: Client) -> None:
    client.settings(web_page=True)
    answer = client.call("POST", "/job", {})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert client.call("GET", "/jobs").headers["content-type"] == "application/json; charset=utf-8"


def test_keys_of_a_body_may_be_of_any_case_and_the_last_of_several_wins(client: Client) -> None:
    body = '{"PRESET": "tiny", "source": "a", "Source": "src/clip.mp4", "dest": "case/"} trailing'
    answer = requests.post(f"{client.base}/api/jobs", data=body, headers=client.headers, timeout=9)
    assert answer.json()["job"]["source"] == "src/clip.mp4"
    client.wait(answer.json()["job"]["id"])


def test_characters_that_mean_something_in_html_are_escaped(client: Client) -> None:
    job = client.create(dest="<&>/")
    client.wait(job)
    text = client.call("GET", f"/jobs/{job}").text
    assert "\\u003c\\u0026\\u003e/" in text
    assert json.loads(text)["job"]["destination"] == "<&>/"
