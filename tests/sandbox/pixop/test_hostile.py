"""What nobody sends who means well: an answer in the service's manner, never a crash of the sandbox."""

from pathlib import Path

import pytest
import requests

from tests.sandbox.pixop.client import Client, refusal

BODIES = [
    b"{",
    b"[[[",
    b"null",
    b"true",
    b"[]",
    b"1e999",
    b'"text"',
    b"NaN",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"a":' * 5_000,
    b"9" * 5_000,
    b'{"name": "\\ud800"}',
    b'{"\\ud800": "x"}',
    b'{"name": NaN}',
    b'{"name": {"a": [1, null]}}',
    b'{"name": ["x"], "newPassword": {}, "projectId": {}}',
    b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}",
    b"x" * 2_000_000,
]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/videos/v1/project"),
        ("PUT", "/videos/v1/video"),
        ("POST", "/accounts/v1/update-password"),
        ("POST", "/videos/v1/process-video/{video}"),
        ("POST", "/videos/v1/project/{project}"),
    ],
)
def test_no_body_makes_the_sandbox_fail(client: Client, clip_id: str, method: str, path: str) -> None:
    project = client.create_project()
    address = client.base + path.format(video=clip_id, project=project)
    headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"}
    with requests.Session() as session:
        for body in BODIES:
            answer = session.request(method, address, data=body, headers=headers, timeout=20)
            assert refusal(answer) == (400, "BadRequestException"), body[:40]


@pytest.fixture
def clip_id(client: Client, clip: Path) -> str:
    return client.ready(clip)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/accounts/v1/token", 405),
        ("POST", "/videos/v1/video", 405),
        ("PATCH", "/videos/v1/project", 405),
        ("PUT", "/videos/v1/videos", 405),
        ("GET", "/media/v1/upload/x", 405),
        ("POST", "/media/v1/download/original/x", 405),
        ("GET", "/", 404),
        ("GET", "/videos/v2/videos", 404),
        ("GET", "/videos/v1/videos/", 404),
        ("GET", "/accounts/v1/token/..", 404),
        ("GET", "/docs", 404),
        ("GET", "/media/v1/download/original/../../../etc/passwd", 404),
        ("GET", "/media/v1/download/original/..%2f..%2f..%2fpixop.db", 404),
    ],
)
def test_wrong_methods_and_paths_are_refused_in_the_documents_form(
    client: Client, method: str, path: str, status: int
) -> None:
    with requests.Session() as session:
        request = requests.Request(method, client.base, headers={"Authorization": f"Bearer {client.token}"}).prepare()
        request.url = client.base + path  # as it is: requests would tidy it up
        answer = session.send(request, timeout=9)
    assert refusal(answer)[0] == status


def test_an_unknown_setting_is_refused(client: Client) -> None:
    for wrong in ({"no_such": 1}, {"token_lifetime": -1}, {"token_flaw": "x"}, {"encodes": 0}):
        answer = requests.post(f"{client.base}/sandbox/settings", json=wrong, timeout=9)
        assert (answer.status_code, answer.json()["error"][0]["loc"]) == (400, list(wrong))


def test_odd_headers_are_no_harm(client: Client) -> None:
    for value in (b"Bearer \xff\xfe", b"Bearer " + b"x" * 60_000, b"bearer", b"Basic " + b"A" * 60_000):
        headers = {"Authorization": value}
        answer = requests.get(f"{client.base}/videos/v1/videos", headers=headers, timeout=9)
        assert answer.status_code in (400, 401), value[:20]
