"""A download in parallel parts, into a real S3 or a file, while connections, file and server misbehave."""

from __future__ import annotations

import hashlib
import random
import signal
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils

from reelworks.core import metrics
from reelworks.core.ending import TaskStoppedError
from reelworks.core.errors import (
    BadInputError,
    BusyError,
    LostError,
    RefusedError,
    UnreachableError,
    VideoServiceError,
)
from reelworks.media.fetch import fetch
from reelworks.media.files import PartialFile
from reelworks.media.patience import Patience
from reelworks.media.ranges import HELD, PARALLEL
from reelworks.media.remote import Link
from reelworks.media.s3 import S3Url
from reelworks.media.upload import PART, Upload
from tests.media.conftest import make_client, uploads_left
from tests.media.link_server import File, LinkServer, Script, Zeros, serving
from tests.operate.statsd import statsd

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CONTENT = random.Random(3).randbytes(5 * PART + 1_234_567)
OTHER = random.Random(4).randbytes(len(CONTENT))
QUICK = Patience(tries=4, first_wait=0.01, longest_wait=0.3, connect_timeout=2, read_timeout=2)


@pytest.fixture
def server() -> Iterator[LinkServer]:
    yield from serving(CONTENT)


class InS3:
    """A place in S3."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self.client, self.url = client, S3Url(bucket, "out/film é #1.mp4")

    def fetch(self, server: LinkServer, patience: Patience = QUICK) -> tuple[int, str]:
        return fetch(OneRequest(server.link, patience), lambda: Upload(self.client, self.url, "video/mp4"), patience)

    def content(self) -> bytes | None:
        found = self.client.list_objects_v2(Bucket=self.url.bucket).get("Contents")
        return self.client.get_object(Bucket=self.url.bucket, Key=self.url.key)["Body"].read() if found else None

    def leftovers(self) -> list[Any]:
        return uploads_left(self.client, self.url.bucket)


class OnDisk:
    """A place on disk."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "new" / "film é #1.mp4"

    def fetch(self, server: LinkServer, patience: Patience = QUICK) -> tuple[int, str]:
        return fetch(OneRequest(server.link, patience), lambda: PartialFile(self.path), patience)

    def content(self) -> bytes | None:
        return self.path.read_bytes() if self.path.exists() else None

    def leftovers(self) -> list[Any]:
        return [path for path in self.path.parent.glob(".*")]


class OneRequest:
    """A link for any thread, as a service's media are."""

    def __init__(self, link: str, patience: Patience) -> None:
        self._link, self._patience = link, patience
        self.shown = "film.mp4"

    def open(self, method: str, headers: Any) -> Any:
        return Link(self._link, self._patience).open(method, headers)


@pytest.fixture(params=["s3", "disk"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> InS3 | OnDisk:
    if request.param == "disk":
        return OnDisk(tmp_path)
    return InS3(request.getfixturevalue("client"), request.getfixturevalue("bucket"))


def assert_whole(place: InS3 | OnDisk, got: tuple[int, str], content: bytes = CONTENT) -> None:
    assert got == (len(content), hashlib.sha256(content).hexdigest())
    assert place.content() == content
    assert not place.leftovers()


def assert_nothing(place: InS3 | OnDisk) -> None:
    assert place.content() is None
    assert not place.leftovers()


def test_parts_come_together_as_what_they_were(place: InS3 | OnDisk, server: LinkServer) -> None:
    assert_whole(place, place.fetch(server))
    assert len(server.file.requests) == 6
    assert server.file.sent == len(CONTENT)


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART])
def test_every_size_arrives(place: InS3 | OnDisk, server: LinkServer, size: int) -> None:
    server.file.content = CONTENT[:size]

    assert_whole(place, place.fetch(server), CONTENT[:size])
    assert len(server.file.requests) == -(-size // PART)


def test_a_small_file_takes_one_request_without_a_range(place: InS3 | OnDisk, server: LinkServer) -> None:
    server.file.content = CONTENT[:1000]

    assert_whole(place, place.fetch(server), CONTENT[:1000])
    assert server.file.requests == [None]


def test_cut_parts_go_on_where_they_were(place: InS3 | OnDisk, server: LinkServer) -> None:
    server.file.script = [Script(cut_after=300_000 + 50_000 * n) for n in range(20)]

    assert_whole(place, place.fetch(server))
    assert len(server.file.requests) == 26
    assert server.file.sent < len(CONTENT) * 1.05


def test_a_server_that_gives_only_the_whole_is_read_in_one(place: InS3 | OnDisk, server: LinkServer) -> None:
    server.file.ranges = False
    server.file.script = [Script(), Script(), Script(), Script(), Script(cut_after=9_000_000)]

    assert_whole(place, place.fetch(server))


@pytest.mark.parametrize(
    "head", [Script(status=405), Script(headers={"Accept-Ranges": "none"})], ids=["no HEAD", "no ranges"]
)
def test_where_parts_are_not_to_be_had_nobody_asks_for_them(
    place: InS3 | OnDisk, server: LinkServer, head: Script
) -> None:
    server.file.heads = [head]

    assert_whole(place, place.fetch(server))
    assert server.file.requests == [None]


def test_a_length_that_is_not_told_is_no_hindrance(place: InS3 | OnDisk, server: LinkServer) -> None:
    server.file.chunked = True
    server.file.script = [Script(cut_after=9_000_000)]

    assert_whole(place, place.fetch(server))


def test_an_answer_without_a_length_that_ends_early_is_not_taken_for_the_whole(
    place: InS3 | OnDisk, server: LinkServer
) -> None:
    server.file.untold = True
    server.file.heads = [Script(headers={"Accept-Ranges": "none"})] * 2
    server.file.script = [Script(cut_after=PART + 5)]

    assert_whole(place, place.fetch(server))
    assert server.file.requests == [None, None]


def test_cuts_are_counted_as_the_service_s_and_heads_are_no_cuts(
    server: LinkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.file.heads = [Script(status=503)] * 2
    server.file.script = [Script(cut_after=300_000 + 50_000 * n) for n in range(6)]
    with statsd() as heard:
        for name, value in heard.environment.items():
            monkeypatch.setenv(name, value)
        stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)
        with metrics.of_service("pixop"):
            OnDisk(tmp_path).fetch(server)
        heard.until(lambda: heard.counted["transfer.cuts.pixop"] == 6)
        assert heard.counted["transfer.cuts"] == 6


def test_a_server_with_a_bad_minute_is_borne(place: InS3 | OnDisk, server: LinkServer) -> None:
    server.file.heads = [Script(status=503)]
    server.file.script = [Script(status=503), Script(status=429, headers={"Retry-After": "0"})]

    assert_whole(place, place.fetch(server))


def change_etag(file: File) -> None:
    file.content, file.etag = OTHER, '"two"'


def change_date(file: File) -> None:
    file.content, file.modified = OTHER, "Sat, 21 Nov 2026 10:00:00 GMT"


def shrink(file: File) -> None:
    file.content = OTHER[: 2 * PART]


@pytest.mark.parametrize("change", [change_etag, change_date, shrink])
def test_a_file_that_changes_under_way_is_begun_anew_and_never_mixed(
    place: InS3 | OnDisk, server: LinkServer, change: Any
) -> None:
    server.file.modified = "Sat, 21 Nov 2026 09:00:00 GMT"
    server.file.script = [Script(), Script(), Script(before=change)]

    got = place.fetch(server)

    assert_whole(place, got, bytes(server.file.content))
    assert bytes(server.file.content) == OTHER[: got[0]]


def test_a_change_that_only_the_head_tells_of_is_seen_at_the_end(place: InS3 | OnDisk, server: LinkServer) -> None:
    def change(file: File) -> None:
        file.content = OTHER

    server.file.etag = None
    server.file.heads = [Script(headers={"ETag": '"one"'})] + [Script(headers={"ETag": '"two"'})] * 3
    server.file.script = [Script(), Script(), Script(before=change)]

    assert_whole(place, place.fetch(server), OTHER)


def test_a_file_that_never_keeps_still_is_given_up(place: InS3 | OnDisk, server: LinkServer) -> None:
    server.file.heads = [Script(headers={"ETag": f'"{n}"'}) for n in range(10)]

    with pytest.raises(UnreachableError, match="changed while it was read, 3 times"):
        place.fetch(server)
    assert_nothing(place)


@pytest.mark.parametrize(
    ("status", "error"), [(404, LostError), (410, LostError), (418, RefusedError), (503, BusyError)]
)
def test_what_one_part_meets_ends_all_and_leaves_nothing(
    place: InS3 | OnDisk, server: LinkServer, status: int, error: type[VideoServiceError]
) -> None:
    server.file.script = [Script(), Script()] + [Script(status=status)] * 16

    with pytest.raises(error, match=rf"film\.mp4.*answered {status}"):
        place.fetch(server)
    assert_nothing(place)


def test_a_line_that_is_always_cut_at_once_is_given_up(place: InS3 | OnDisk, server: LinkServer) -> None:
    server.file.script = [Script(cut_after=0)] * 100

    with pytest.raises(UnreachableError, match="4 times in a row"):
        place.fetch(server)
    assert_nothing(place)


def test_a_range_that_begins_elsewhere_is_not_taken(place: InS3 | OnDisk, server: LinkServer) -> None:
    wrong = {"Content-Range": f"bytes 5-{PART + 4}/{len(CONTENT)}"}
    server.file.script = [Script(headers=wrong)]

    assert_whole(place, place.fetch(server))


def test_an_s3_that_fails_in_the_middle_ends_all_and_keeps_no_parts(
    s3_endpoint: str, bucket: str, server: LinkServer
) -> None:
    from botocore.awsrequest import AWSResponse
    from urllib3 import HTTPResponse

    place = InS3(make_client(s3_endpoint), bucket)

    def fail_from_the_third_on(request: Any, **_: Any) -> Any:
        if int(parse_qs(urlsplit(request.url).query)["partNumber"][0]) >= 3:
            return AWSResponse(request.url, 503, {}, HTTPResponse(BytesIO(), preload_content=False))
        return None

    place.client.meta.events.register("before-send.s3.UploadPart", fail_from_the_third_on)

    with pytest.raises(BusyError, match=r"cannot write part \d of s3://.*: S3 answered 503"):
        place.fetch(server)
    assert_nothing(place)


def test_an_s3_that_is_not_there_ends_it(server: LinkServer) -> None:
    place = InS3(make_client("http://127.0.0.1:9"), "outbox")

    with pytest.raises(UnreachableError, match="no answer from S3"):
        place.fetch(server)


def test_a_file_that_cannot_be_written_is_named(server: LinkServer, tmp_path: Path) -> None:
    (tmp_path / "new").write_text("in the way")

    with pytest.raises(BadInputError, match=r"cannot write .*film .*: File exists"):
        OnDisk(tmp_path).fetch(server)


def test_a_file_replaces_its_predecessor_only_when_it_is_whole(server: LinkServer, tmp_path: Path) -> None:
    place = OnDisk(tmp_path)
    place.path.parent.mkdir()
    place.path.write_bytes(b"old")
    server.file.script = [Script(), Script(status=404)]

    with pytest.raises(LostError):
        place.fetch(server)
    assert place.content() == b"old"

    assert_whole(place, place.fetch(server))


def test_a_stopped_task_ends_the_threads_and_leaves_nothing(place: InS3 | OnDisk, server: LinkServer) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def stall(_: File) -> None:
        reached.set()
        go_on.wait(30)

    def stop(*_: object) -> None:
        raise TaskStoppedError("stopped")

    server.file.script = [Script(), Script(), Script(before=stall)]
    before = signal.signal(signal.SIGUSR1, stop)
    threading.Thread(
        target=lambda: (reached.wait(30), signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1))
    ).start()
    try:
        with pytest.raises(TaskStoppedError):
            place.fetch(server, Patience(tries=4, first_wait=0.01, read_timeout=3))
    finally:
        go_on.set()
        signal.signal(signal.SIGUSR1, before)
    for thread in threading.enumerate():
        if thread.name.startswith("range-"):  # one that waits for an answer has no more than its last words
            thread.join(20)
            assert not thread.is_alive()
    assert_nothing(place)


def test_no_more_than_a_few_parts_are_in_memory(client: S3Client, bucket: str, server: LinkServer) -> None:
    import tracemalloc

    server.file.content = Zeros(25 * PART)
    tracemalloc.start()
    try:
        size, _ = InS3(client, bucket).fetch(server, Patience())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert size == 25 * PART
    assert peak < HELD + PARALLEL * PART + 30e6
