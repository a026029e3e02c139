"""The sandbox's fault rules, applied to this service, and its cut uploads."""

from pathlib import Path

import pytest
import requests

from tests.sandbox.pixop.client import Client, refusal


def names(client: Client) -> set[str]:
    return {row["name"] for row in client.ledger()["videos"]}


def test_a_refused_create_makes_no_video(client: Client) -> None:
    client.faults({"kind": "status", "endpoint": "create_video", "status": 503})

    answer = client.call("PUT", "/videos/v1/video", {"name": "refused"})

    assert refusal(answer) == (503, "ServiceUnavailableException")
    assert "refused" not in names(client)


def test_a_create_whose_answer_is_lost_makes_a_video(client: Client) -> None:
    client.faults({"kind": "reset_after", "endpoint": "create_video"})

    with pytest.raises(requests.ConnectionError):
        client.create("lost answer")

    assert "lost answer" in names(client)


def test_a_process_whose_answer_is_lost_is_paid(client: Client, clip: Path) -> None:
    source = client.ready(clip, "paid")
    client.faults({"kind": "status_after", "endpoint": "process_video", "status": 500})

    assert client.start(source).status_code == 500

    assert [row["sourceVideoId"] for row in client.ledger()["jobs"]].count(source) == 1


@pytest.mark.parametrize("kept", [0, 1, 1000, 10**9, None])
def test_a_cut_upload_leaves_the_video_as_it_was(client: Client, clip: Path, kept: int | None) -> None:
    video = client.create()
    rule = {"kind": "cut_upload", "times": 1} | ({} if kept is None else {"keep_bytes": kept})
    client.faults(rule)

    with pytest.raises(requests.ConnectionError):
        client.upload(video, clip)

    assert client.video(video)["upload"]["hasFinishedUploading"] is False
    assert client.upload(video, clip).status_code == 200
    cut, whole = [row for row in client.ledger()["uploads"] if row["videoId"] == video]
    assert (cut["complete"], whole["complete"]) == (False, True)
    assert cut["bytes"] <= whole["bytes"]
    assert client.wait_ingest(video) == "DONE"


def test_only_uploads_can_be_cut_as_such(client: Client) -> None:
    client.faults({"kind": "cut_upload"})

    assert client.create()
    assert requests.get(f"{client.base}/sandbox/faults", timeout=9).json()["rules"][0]["matched"] == 0


def test_an_upload_whose_answer_is_lost_is_done(client: Client, clip: Path) -> None:
    video = client.create()
    client.faults({"kind": "reset_after", "endpoint": "upload_light_media"})

    with pytest.raises(requests.ConnectionError):
        client.upload(video, clip)

    assert client.wait_ingest(video) == "DONE"


def test_a_cut_download_goes_on_where_it_stopped_and_is_counted_to_the_byte(client: Client, clip: Path) -> None:
    client.settings(instant=True)
    processed = client.process(client.ready(clip))
    client.wait_process(processed)
    path, whole = f"/media/v1/download/processed/{processed}", clip.read_bytes()
    client.faults({"kind": "cut_download", "endpoint": "download_processed", "keep_bytes": 1000, "times": 1})

    assert client.call("HEAD", path).headers["Content-Length"] == str(len(whole))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.call("GET", path)
    rest = client.call("GET", path, headers={"Range": "bytes=1000-"})

    assert rest.content == whole[1000:]
    assert client.ledger()["downloads"][processed] == len(whole)


def test_the_token_can_be_refused_in_the_middle(client: Client) -> None:
    client.faults({"kind": "status", "endpoint": "get_video", "status": 401, "times": 1})
    video = client.create()

    assert refusal(client.call("GET", f"/videos/v1/video/{video}")) == (401, "AuthException")
    assert client.video(video)["id"] == video


def test_every_endpoint_has_a_name(client: Client, clip: Path) -> None:
    source = client.ready(clip, light=False)
    processed = client.process(source)
    client.wait_process(processed)
    client.video(source)
    project = client.create_project()
    for method, path, body in [
        ("POST", "/accounts/v1/token", None),
        ("GET", "/accounts/v1/account", None),
        ("GET", "/accounts/v1/generate-auth-secret", None),
        ("GET", "/accounts/v1/generate-signature-secret", None),
        ("POST", "/accounts/v1/update-password", {"newPassword": client.basic[1]}),
        ("GET", "/videos/v1/projects", None),
        ("GET", f"/videos/v1/project/{project}", None),
        ("POST", f"/videos/v1/project/{project}", {"name": "b"}),
        ("DELETE", f"/videos/v1/project/{project}", None),
        ("GET", "/videos/v1/videos", None),
        ("GET", f"/media/v1/download/original/{source}", None),
        ("GET", f"/media/v1/download/processed/{processed}", None),
        ("GET", f"/media/v1/download/screenshot/small/{source}", None),
        ("DELETE", f"/videos/v1/video/{source}", None),
    ]:
        assert client.call(method, path, body).status_code == 200, path
    client.upload(client.create(), clip)

    assert {row["endpoint"] for row in client.ledger()["requests"]} >= {
        *("get_token", "validate_token", "get_account", "generate_auth_secret", "generate_signature_secret"),
        *("update_password", "get_project", "list_projects", "create_project", "update_project", "delete_project"),
        *("get_video", "list_videos", "create_video", "process_video", "check_process_progress"),
        *("check_ingest_progress", "delete_video", "upload_media", "upload_light_media", "download_original"),
        *("download_processed", "download_screenshot"),
    }
