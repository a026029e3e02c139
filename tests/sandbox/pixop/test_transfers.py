"""Files in and out: uploads that end well and badly, downloads whole and in parts."""

import http.client
import itertools
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]
import pytest
import requests

from sandbox.pixop.ranges import matches
from tests.sandbox.pixop.client import Client, refusal


@pytest.fixture
def stored(client: Client, clip: Path) -> str:
    return client.ready(clip, "stored", light=False)


def download(
    client: Client, video: str, method: str = "GET", *, stream: bool = False, **headers: str
) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.call(method, f"/media/v1/download/original/{video}", headers=named, stream=stream)


def attempts(client: Client, video: str) -> list[dict[str, Any]]:
    return [row for row in client.ledger()["uploads"] if row["videoId"] == video]


def test_an_upload_answers_with_what_comes_next(client: Client, clip: Path) -> None:
    for light in (True, False):
        video = client.create()
        answer = client.upload(video, clip, light=light).json()
        assert list(answer) == ["projectId", "videoId", "checkIngestProgressUrl", "processVideoUrl"]
        assert answer["checkIngestProgressUrl"] == f"{client.base}/videos/v1/check-ingest-video-progress/{video}"
        (attempt,) = attempts(client, video)
        assert (attempt["bytes"], attempt["complete"], attempt["light"]) == (clip.stat().st_size, True, light)


def test_the_bytes_come_back_as_they_went(client: Client, tmp_path: Path) -> None:
    odd = tmp_path / "odd.bin"
    odd.write_bytes(bytes(range(256)) * 20_000 + b"\r\n--\r\n")
    client.settings(ingest_anything=True)
    video = client.ready(odd)

    assert download(client, video).content == odd.read_bytes()
    assert client.ledger()["downloads"][video] == odd.stat().st_size


@pytest.mark.parametrize("name", ["../../escape.mp4", "M\u00fcller \U0001f3ac.mp4", 'a"b.mp4', "..", "con\nsole.mp4"])
def test_a_file_name_is_only_a_name(client: Client, clip: Path, name: str) -> None:
    video = client.create()
    assert client.upload(video, clip, name=name).status_code == 200
    client.wait_ingest(video)

    shown = client.video(video)["upload"]["fileName"]
    assert shown
    assert not {"/", "\n"} & set(shown)
    assert not list(client.sandbox.state_dir.rglob("*escape*"))
    header = download(client, video, "HEAD").headers["Content-Disposition"]
    assert header.startswith("attachment; filename=")
    assert header.isascii()


def test_a_second_upload_is_refused_unless_it_may_replace(
    client: Client, clip: Path, stored: str, tmp_path: Path
) -> None:
    etag = download(client, stored, "HEAD").headers["ETag"]
    assert refusal(client.upload(stored, clip)) == (400, "BadRequestException")
    assert download(client, stored, "HEAD").headers["ETag"] == etag

    client.settings(second_upload=True, ingest_anything=True)
    other = tmp_path / "other.mp4"
    other.write_bytes(b"other")
    assert client.upload(stored, other).status_code == 200
    assert client.wait_ingest(stored) == "DONE"
    assert download(client, stored).content == b"other"
    assert download(client, stored, "HEAD").headers["ETag"] != etag


def test_an_upload_to_nothing_is_not_found(client: Client, clip: Path) -> None:
    before = len(client.ledger()["uploads"])

    assert refusal(client.upload("no-such", clip)) == (404, "NotFoundException")
    assert refusal(client.upload("no-such", clip, light=False)) == (404, "NotFoundException")
    assert len(client.ledger()["uploads"]) == before


def test_what_was_processed_takes_no_upload(client: Client, clip: Path, stored: str) -> None:
    client.settings(instant=True)
    processed = client.process(stored)
    assert client.wait_process(processed) == "DONE"
    assert refusal(client.upload(processed, clip)) == (400, "BadRequestException")
    assert download(client, processed).status_code == 404
    assert client.call("GET", f"/media/v1/download/processed/{stored}").status_code == 404


NO_FORMS = [
    ({"data": b"plain", "headers": {"Content-Type": "video/mp4"}}, "boundary"),
    ({"data": b"", "headers": {"Content-Type": "multipart/form-data"}}, "boundary"),
    ({"data": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, "no file"),
    ({"data": b"nothing", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, "no file"),
    ({"files": {"file": (None, "no file name")}}, "no file"),
    ({"files": [("a", ("a", b"1")), ("b", ("b", b"2"))]}, "more than one"),
]


@pytest.mark.parametrize(("sent", "message"), NO_FORMS)
def test_what_is_no_form_with_a_file_is_refused(client: Client, sent: dict[str, Any], message: str) -> None:
    video = client.create()

    answer = client.call("POST", f"/media/v1/upload/{video}", **sent)

    assert refusal(answer) == (400, "BadRequestException")
    assert message in answer.json()["errorMessage"]
    assert client.video(video)["upload"]["hasFinishedUploading"] is False


FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n' + b"1" * 5000


def test_an_upload_that_is_cut_short_changes_nothing(client: Client, clip: Path) -> None:
    video = client.create()
    address = urlsplit(client.base)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    connection.putrequest("POST", f"/media/v1/upload/light/{video}")
    connection.putheader("Authorization", f"Bearer {client.token}")
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", "1000000")
    connection.endheaders(FORM)
    deadline = time.monotonic() + 10
    while not (found := attempts(client, video)) or not found[0]["bytes"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    connection.close()

    folder = client.sandbox.state_dir / "pixop" / "media" / video
    while list(folder.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    (attempt,) = attempts(client, video)
    assert (attempt["complete"], 0 < attempt["bytes"] < 6000) == (False, True)
    assert client.video(video)["upload"]["uploadState"] is None
    assert client.ingest_status(video) is None
    assert client.upload(video, clip).status_code == 200
    assert [row["complete"] for row in attempts(client, video)] == [False, True]


def test_a_form_without_its_end_changes_nothing(client: Client) -> None:
    video = client.create()
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    answer = client.call("POST", f"/media/v1/upload/light/{video}", data=iter([FORM, b"22"]), headers=headers)

    assert refusal(answer) == (400, "BadRequestException")
    assert client.video(video)["upload"]["hasFinishedUploading"] is False
    assert [row["complete"] for row in attempts(client, video)] == [False]


def test_uploads_and_downloads_can_be_slowed_down(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "slow.bin"
    file.write_bytes(b"x" * 200_000)
    client.settings(ingest_anything=True, upload_bytes_per_second=400_000, download_bytes_per_second=400_000)
    video = client.create()
    began = time.monotonic()
    client.upload(video, file)
    middle = time.monotonic()

    assert middle - began >= 0.4
    assert download(client, video).content == file.read_bytes()
    assert time.monotonic() - middle >= 0.4


def test_a_token_need_not_outlive_the_transfer_that_it_began(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "long.bin"
    file.write_bytes(b"x" * 300_000)
    client.settings(ingest_anything=True, upload_bytes_per_second=100_000)
    video = client.create()
    client.settings(token_lifetime=0.5)
    client.sign_in()

    assert client.upload(video, file).status_code == 200

    assert refusal(client.call("GET", f"/videos/v1/video/{video}")) == (401, "ExpiredJWTTokenException")


def test_a_large_file_is_never_held_in_memory(client: Client, tmp_path: Path) -> None:
    size = 150_000_000
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(size)
    client.settings(ingest_anything=True)
    assert client.sandbox.process is not None
    server = psutil.Process(client.sandbox.process.pid)
    before, video = server.memory_info().rss, client.create()

    with large.open("rb") as file:
        head = {"Content-Type": "multipart/form-data; boundary=x"}
        parts = itertools.chain([FORM[:-5000]], iter(lambda: file.read(1 << 20), b""), [b"\r\n--x--\r\n"])
        answer = client.call("POST", f"/media/v1/upload/light/{video}", data=parts, headers=head)
    most = max(server.memory_info().rss for _ in download(client, video, stream=True).iter_content(1 << 24))

    assert answer.status_code == 200
    assert client.video(video)["upload"]["fileSize"] == size
    assert max(most, server.memory_info().rss) - before < 60_000_000


def test_a_download_names_its_file_and_length(client: Client, clip: Path, stored: str) -> None:
    whole, head = download(client, stored), download(client, stored, "HEAD")

    assert whole.content == clip.read_bytes()
    assert head.content == b""
    for answer in (whole, head):
        assert answer.headers["Content-Length"] == str(clip.stat().st_size)
        assert answer.headers["Content-Disposition"] == 'attachment; filename="clip.mp4"'
        assert answer.headers["Content-Type"] == "video/mp4"
        assert answer.headers["ETag"].startswith('"')
        assert "Content-Range" not in answer.headers
    assert whole.headers["ETag"] == head.headers["ETag"]


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("0-0", 0, 1),
        ("5-9", 5, 10),
        ("100-", 100, None),
        ("-7", -7, None),
        ("10-99999999", 10, None),
        ("-9999999", 0, None),
    ],
)
def test_a_range_gives_that_part(
    client: Client, clip: Path, stored: str, asked: str, start: int, end: int | None
) -> None:
    whole = clip.read_bytes()
    answer = download(client, stored, Range=f"bytes={asked}")
    head = download(client, stored, "HEAD", Range=f"bytes={asked}")

    assert (answer.status_code, answer.content) == (206, whole[start:end])
    first = start if start >= 0 else len(whole) + start
    expected = f"bytes {first}-{first + len(answer.content) - 1}/{len(whole)}"
    assert answer.headers["Content-Range"] == head.headers["Content-Range"] == expected
    assert head.headers["Content-Length"] == str(len(answer.content))


@pytest.mark.parametrize("asked", ["99999999-", "99999999-999999999", "-0"])
def test_a_range_behind_the_end_is_416(client: Client, clip: Path, stored: str, asked: str) -> None:
    answer = download(client, stored, Range=f"bytes={asked}")

    assert refusal(answer)[0] == 416
    assert answer.headers["Content-Range"] == f"bytes */{clip.stat().st_size}"


@pytest.mark.parametrize(
    "asked", ["bytes=9-5", "bytes=-", "bytes=x-y", "chapters=1-2", "bytes=0-1,5-9", "bytes=" + "9" * 40]
)
def test_a_range_that_is_none_is_passed_over(client: Client, clip: Path, stored: str, asked: str) -> None:
    answer = download(client, stored, Range=asked)
    assert (answer.status_code, answer.content) == (200, clip.read_bytes())


def test_if_none_match_saves_the_download(client: Client, clip: Path, stored: str) -> None:
    etag = download(client, stored, "HEAD").headers["ETag"]

    for method in ("GET", "HEAD"):
        answer = download(client, stored, method, If_None_Match=etag)
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
    assert download(client, stored, If_None_Match='"other"').content == clip.read_bytes()
    assert download(client, stored, If_None_Match=etag, Range="bytes=0-1").status_code == 304


@pytest.mark.parametrize(
    ("header", "found"), [("*", True), ('W/"a"', True), ('"b", "a"', True), ('"ab"', False), ("a", False), ("", False)]
)
def test_if_none_match_may_name_several(header: str, found: bool) -> None:
    assert matches(header, "a") is found


def test_if_range_is_not_heeded_unless_set(client: Client, clip: Path, stored: str) -> None:
    assert download(client, stored, Range="bytes=0-1", If_Range='"old"').status_code == 206
    client.settings(ignore_if_range=False)
    assert download(client, stored, Range="bytes=0-1", If_Range='"old"').content == clip.read_bytes()
    etag = download(client, stored, "HEAD").headers["ETag"]
    assert download(client, stored, Range="bytes=0-1", If_Range=etag).status_code == 206


def test_an_empty_file_can_be_had_back(client: Client, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    video = client.create()
    client.upload(video, tmp_path / "empty.mp4")

    assert client.wait_ingest(video) == "ERROR"
    assert download(client, video).content == b""
    assert download(client, video, Range="bytes=0-").status_code == 416


def test_there_is_nothing_to_download_before_the_upload(client: Client) -> None:
    assert refusal(download(client, client.create())) == (404, "NotFoundException")


def test_a_screenshot_is_a_picture_unless_the_upload_was_light(client: Client, clip: Path, stored: str) -> None:
    for size in ("small", "large"):
        answer = client.call("GET", f"/media/v1/download/screenshot/{size}/{stored}")
        assert (answer.headers["Content-Type"], answer.content[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert client.call("GET", f"/media/v1/download/screenshot/huge/{stored}").status_code == 404
    light = client.ready(clip)
    assert refusal(client.call("GET", f"/media/v1/download/screenshot/small/{light}")) == (404, "NotFoundException")
