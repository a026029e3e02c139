"""Long files to and from a sandboxed Pixop, over cuts, throttles, tokens of seconds and changes under way."""

from __future__ import annotations

import hashlib
import json
import logging
import random
import socket
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reelworks.core.errors import BadInputError, LostError, SignInRefusedError, UnreachableError
from reelworks.media.patience import Patience
from reelworks.media.publish import Delivery
from reelworks.media.s3 import S3Url, s3_client
from reelworks.pixop import api
from reelworks.pixop.hook import PixopHook
from reelworks.pixop.transfer import RemoteMedia, download_video, fetch_video, upload_video
from tests.connections import connect
from tests.guarantees.house import second_of_video
from tests.loopback import up
from tests.pixop.conftest import Studio

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

NOISE = random.Random(6).randbytes(40_000_000)
QUICK = Patience(tries=4, first_wait=0.01, longest_wait=0.2)


@pytest.fixture
def hook(studio: Studio) -> PixopHook:
    studio.settings(ingest_anything=True)
    return PixopHook()


@pytest.fixture
def client(hook: PixopHook) -> S3Client:
    return s3_client("aws_default")


@pytest.fixture
def source(studio: Studio, client: S3Client) -> Callable[..., str]:
    def put(content: bytes = NOISE, name: str = "film.mov") -> str:
        client.put_object(Bucket="inbox", Key=f"{studio.prefix}/{name}", Body=content)
        return f"s3://inbox/{studio.prefix}/{name}"

    return put


@pytest.fixture
def video(studio: Studio, hook: PixopHook) -> str:
    return hook.answer(api.create_video(studio.prefix))


@pytest.fixture
def target(studio: Studio) -> S3Url:
    return S3Url("outbox", f"{studio.prefix}/back.mov")


def content_of(client: S3Client, url: S3Url) -> bytes:
    return client.get_object(Bucket=url.bucket, Key=url.key)["Body"].read()


def nothing_at(client: S3Client, url: S3Url) -> bool:
    listed = client.list_objects_v2(Bucket=url.bucket, Prefix=url.key).get("Contents")
    return not listed and not client.list_multipart_uploads(Bucket=url.bucket, Prefix=url.key).get("Uploads")


def refused(studio: Studio) -> Counter[tuple[str, str]]:
    """How often each endpoint has said 401 since the service began."""
    rows = studio.ledger()["requests"]
    return Counter({(row["endpoint"], row["method"]): row["outcomes"].get("401", 0) for row in rows})


def arrived(studio: Studio, video: str) -> list[tuple[int, bool]]:
    return [(row["bytes"], row["complete"]) for row in studio.ledger()["uploads"] if row["videoId"] == video]


def test_bytes_go_there_and_back_as_they_are(
    hook: PixopHook, client: S3Client, video: str, source: Callable[..., str], target: S3Url
) -> None:
    assert upload_video(hook, video, source(), client, light=True) == len(NOISE)

    stored = download_video(hook, video, target, client, original=True)

    assert (stored.url, stored.size) == (target, len(NOISE))
    assert stored.sha256 == hashlib.sha256(NOISE).hexdigest()
    assert content_of(client, target) == NOISE
    assert client.head_object(Bucket=target.bucket, Key=target.key)["ContentType"] == "video/quicktime"


def test_files_on_disk_go_there_and_back(hook: PixopHook, video: str, tmp_path: Path) -> None:
    (tmp_path / "film.mxf").write_bytes(NOISE)

    upload_video(hook, video, str(tmp_path / "film.mxf"), None, light=True)
    stored = download_video(hook, video, tmp_path / "back.mxf", None, original=True)

    assert stored.sha256 == hashlib.sha256((tmp_path / "back.mxf").read_bytes()).hexdigest()
    assert (tmp_path / "back.mxf").read_bytes() == NOISE


@pytest.mark.parametrize("name", ['say "cut".mov', "é 漢字 #1 ?&=+%.mp4", "semi;colon=1.mxf", "no suffix"])
def test_a_name_arrives_whatever_is_in_it(
    hook: PixopHook, client: S3Client, video: str, source: Callable[..., str], name: str
) -> None:
    upload_video(hook, video, source(b"x" * 1000, name), client, light=True)

    uploaded = hook.answer(api.get_video(video))["upload"]
    metadata = uploaded.get("metadata", uploaded)
    assert metadata["fileName"] in (name, name.replace('"', "%22"))
    assert int(metadata["fileSize"]) == 1000


def test_progress_is_told_in_tenths_and_megabytes_a_second(
    hook: PixopHook, client: S3Client, video: str, source: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    upload_video(hook, video, source(), client, light=True)

    told = [record.getMessage() for record in caplog.records if " MB/s)" in record.getMessage()]
    assert len(told) == 10
    assert ": 50 % (" in told[4]
    assert ": 100 % (40.0 of 40.0 MB, " in told[-1]


def test_an_empty_source_is_not_sent(
    studio: Studio, hook: PixopHook, client: S3Client, video: str, source: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "empty.mov").touch()

    for empty in (source(b""), str(tmp_path / "empty.mov")):
        with pytest.raises(BadInputError, match="is empty"):
            upload_video(hook, video, empty, client)
    assert not arrived(studio, video)


@pytest.mark.parametrize("missing", ["s3://inbox/no/such.mov", "/no/such.mov"])
def test_a_source_that_is_not_there_is_named(hook: PixopHook, client: S3Client, video: str, missing: str) -> None:
    with pytest.raises(BadInputError, match=r"such\.mov"):
        upload_video(hook, video, missing, client)


def test_a_cut_upload_is_told_and_not_sent_again(
    studio: Studio, hook: PixopHook, client: S3Client, video: str, source: Callable[..., str]
) -> None:
    studio.faults({"kind": "cut_upload", "times": 1})

    with pytest.raises(UnreachableError):
        upload_video(hook, video, source(), client, light=True)

    ((size, complete),) = arrived(studio, video)
    assert size < len(NOISE)
    assert not complete


def test_an_upload_whose_answer_is_lost_is_not_sent_again(
    studio: Studio, hook: PixopHook, client: S3Client, video: str, source: Callable[..., str]
) -> None:
    studio.faults({"kind": "reset_after", "endpoint": "upload_light_media", "times": 1})

    with pytest.raises(UnreachableError):
        upload_video(hook, video, source(), client, light=True)

    assert arrived(studio, video) == [(len(NOISE), True)]


def test_a_token_of_seconds_is_enough_for_a_slow_upload(
    studio: Studio, hook: PixopHook, client: S3Client, video: str, source: Callable[..., str]
) -> None:
    studio.settings(token_lifetime=2, upload_bytes_per_second=2_000_000)
    hook.sign_in_anew()

    assert upload_video(hook, video, source(NOISE[:10_000_000]), client, light=True) == 10_000_000
    assert arrived(studio, video) == [(10_000_000, True)]


def test_tokens_of_seconds_are_enough_for_a_slow_and_cut_download(
    studio: Studio, hook: PixopHook, client: S3Client, video: str, source: Callable[..., str], target: S3Url
) -> None:
    upload_video(hook, video, source(), client, light=True)
    studio.settings(token_lifetime=2, download_bytes_per_second=3_000_000)
    studio.faults({"kind": "cut_download", "times": 6})
    hook.sign_in_anew()
    before = studio.ledger()["signIns"]

    RemoteMedia(hook, video, original=True, patience=QUICK)(client, target)

    assert content_of(client, target) == NOISE
    assert studio.ledger()["signIns"] > before + 1


def test_a_token_that_the_service_forgets_in_the_middle_is_replaced(
    studio: Studio, hook: PixopHook, client: S3Client, video: str, source: Callable[..., str], target: S3Url
) -> None:
    upload_video(hook, video, source(), client, light=True)
    before = refused(studio)
    studio.faults({"kind": "status", "endpoint": "download_original", "status": 401, "after": 3, "times": 1})

    RemoteMedia(hook, video, original=True, patience=QUICK)(client, target)

    assert content_of(client, target) == NOISE
    assert refused(studio) - before == Counter({("download_original", "GET"): 1})


def test_twenty_cuts_cost_hardly_a_byte(
    studio: Studio, hook: PixopHook, client: S3Client, video: str, source: Callable[..., str], target: S3Url
) -> None:
    upload_video(hook, video, source(), client, light=True)
    studio.faults({"kind": "cut_download", "times": 20})

    RemoteMedia(hook, video, original=True, patience=QUICK)(client, target)

    ledger = studio.ledger()
    assert sum(row["count"] for row in ledger["faults"]) >= 20
    assert content_of(client, target) == NOISE
    assert ledger["downloads"][video] < 1.05 * len(NOISE)


def test_a_video_that_is_not_there_is_lost(
    hook: PixopHook, client: S3Client, video: str, target: S3Url, tmp_path: Path
) -> None:
    for where in (target, tmp_path / "back.mov"):
        with pytest.raises(LostError):
            download_video(hook, video, where, client, original=True)
    assert nothing_at(client, target)
    assert not list(tmp_path.iterdir())


def test_a_source_that_is_replaced_under_the_read_is_noticed(
    studio: Studio, hook: PixopHook, client: S3Client, video: str, source: Callable[..., str]
) -> None:
    url = source(NOISE)
    studio.settings(upload_bytes_per_second=8_000_000)
    parsed = S3Url.parse(url)
    # The object is read in one answer unless that is cut, so the change has to come before the first byte.
    heads: list[int] = []

    def replace(**_: object) -> None:
        heads.append(1)
        if len(heads) == 2:  # after it was looked at, before it is read
            s3_client("aws_default").put_object(Bucket=parsed.bucket, Key=parsed.key, Body=NOISE[::-1])

    client.meta.events.register("before-send.s3.HeadObject", replace)
    with pytest.raises(BadInputError, match="was replaced while it was sent"):
        upload_video(hook, video, url, client, light=True)

    assert (len(NOISE), True) not in arrived(studio, video)


def test_a_file_that_grows_while_it_is_sent_is_noticed(
    studio: Studio, hook: PixopHook, video: str, tmp_path: Path
) -> None:
    path = tmp_path / "growing.mov"
    path.write_bytes(NOISE)
    studio.settings(upload_bytes_per_second=8_000_000)
    over = threading.Event()

    def grow() -> None:
        while not over.wait(0.3):
            with path.open("ab") as file:
                file.write(b"more")

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        with pytest.raises(BadInputError, match="changed while it was sent"):
            upload_video(hook, video, str(path), None, light=True)
    finally:
        over.set()
        thread.join()
    assert all(not complete for _, complete in arrived(studio, video))


def test_wrong_credentials_end_a_transfer_at_once(
    studio: Studio, client: S3Client, video: str, source: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PIXOP_DEFAULT", studio.connection(password="not it"))

    with pytest.raises(SignInRefusedError):
        upload_video(PixopHook(), video, source(b"x"), client)


def test_neither_token_nor_password_is_told_when_all_goes_wrong(
    studio: Studio,
    hook: PixopHook,
    client: S3Client,
    video: str,
    source: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    studio.faults({"kind": "cut_upload", "times": 1}, {"kind": "status", "endpoint": "download_original"})
    told = []
    for act in (
        lambda: upload_video(hook, video, source(), client),
        lambda: RemoteMedia(hook, video, original=True, patience=QUICK)(client, S3Url("outbox", "x")),
    ):
        with pytest.raises(Exception) as error:  # noqa: PT011
            act()
        told.append(repr(error.value))

    everything = caplog.text + "".join(told)
    assert studio.access["password"] not in everything
    assert "Bearer" not in everything
    assert "eyJ" not in everything


def test_a_delivery_stages_what_a_fetcher_brings(
    studio: Studio, hook: PixopHook, client: S3Client, video: str, source: Callable[..., str]
) -> None:
    upload_video(hook, video, source(second_of_video(), "clip.mp4"), client, light=True)
    delivery = Delivery(client, S3Url("outbox", studio.prefix), f"job-{studio.prefix}")

    (output,) = delivery.publish({"clip.mp4": fetch_video(hook, video, original=True)}, [], None)

    public = S3Url("outbox", f"{studio.prefix}/clip.mp4")
    assert (output["url"], output["size"]) == (str(public), len(second_of_video()))
    assert content_of(client, public) == second_of_video()
    assert nothing_at(client, delivery.staging)


def test_an_upload_holds_no_more_than_a_few_chunks(
    hook: PixopHook, client: S3Client, video: str, source: Callable[..., str]
) -> None:
    url = source(NOISE * 5)
    tracemalloc.start()
    try:
        upload_video(hook, video, url, client, light=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 20e6


def test_a_401_that_comes_before_the_body_is_through_is_understood(
    client: S3Client, source: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server hears the head of the form and closes, as real ones do with long bodies."""
    with listening() as (url, heard):
        connect(monkeypatch, "pixop_default", "pixop", login="a@b.example", host=url)
        upload_video(PixopHook(), "v-1", source(), client)

    assert [line for line, _ in heard] == ["GET /accounts/v1/token", "POST /media/v1/upload/v-1"] * 2
    assert heard[1][1] == 0
    assert heard[3][1] > len(NOISE)


@contextmanager
def listening() -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """A server that takes no upload at the first token; what it heard are lines and the bytes of bodies it read."""
    heard: list[tuple[str, int]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append((f"GET {self.path}", 0))
            self.reply(200, {"jwtToken": f"t{len(heard)}"})

        def do_POST(self) -> None:
            if len(heard) == 1:
                heard.append((f"POST {self.path}", 0))
                self.reply(401, {"exception": "ExpiredJWTTokenException", "errorMessage": "expired"})
                self.connection.shutdown(socket.SHUT_WR)
                return
            size = 0
            while size < int(self.headers["Content-Length"]):
                size += len(self.rfile.read(min(65536, int(self.headers["Content-Length"]) - size)))
            heard.append((f"POST {self.path}", size))
            self.reply(200, {"videoId": "v-1"})

        def reply(self, status: int, body: object) -> None:
            self.send_response(status)
            payload = json.dumps(body).encode()
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:
            return

    with up(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_address[1]}", heard
