"""A download carried into a real S3 while the connection, the file and the server misbehave."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reelworks.core.errors import (
    BadInputError,
    BadOutputError,
    BusyError,
    LostError,
    RefusedError,
    UnreachableError,
)
from reelworks.media.s3 import S3Url
from reelworks.media.transfer import Patience, Stored, fetch_to_s3
from reelworks.media.upload import PART, Upload
from tests.media.conftest import uploads_left
from tests.media.link_server import File, LinkServer, Script, Zeros, serving

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CONTENT = random.Random(1).randbytes(2 * PART + 1_234_567)
SUM = hashlib.sha256(CONTENT).hexdigest()
QUICK = Patience(tries=4, first_wait=0.01, longest_wait=0.3, connect_timeout=2, read_timeout=1)


@pytest.fixture
def server() -> Iterator[LinkServer]:
    yield from serving(CONTENT)


@pytest.fixture
def target(bucket: str) -> S3Url:
    return S3Url(bucket, "out/film é #1.mp4")


def body(client: S3Client, url: S3Url) -> bytes:
    return client.get_object(Bucket=url.bucket, Key=url.key)["Body"].read()


def assert_nothing_there(client: S3Client, url: S3Url) -> None:
    assert not client.list_objects_v2(Bucket=url.bucket).get("Contents")
    assert not uploads_left(client, url.bucket)


def assert_whole(client: S3Client, stored: Stored, content: bytes = CONTENT) -> None:
    assert (stored.size, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert body(client, stored.url) == content
    assert not uploads_left(client, stored.url.bucket)


def test_a_download_arrives_whole_and_checked(client: S3Client, server: LinkServer, target: S3Url) -> None:
    seen: list[tuple[int, int | None]] = []
    stored = fetch_to_s3(
        server.link, client, target, expected_size=len(CONTENT), content_type="video/mp4",
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert_whole(client, stored)
    assert client.head_object(Bucket=target.bucket, Key=target.key)["ContentType"] == "video/mp4"
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1])
def test_every_size_arrives(client: S3Client, server: LinkServer, target: S3Url, size: int) -> None:
    server.file.content = CONTENT[:size]
    assert_whole(client, fetch_to_s3(server.link, client, target), CONTENT[:size])


def cuts(*places: int) -> list[Script]:
    return [Script(cut_after=place) for place in places]


def test_a_cut_download_goes_on_where_it_was(client: S3Client, server: LinkServer, target: S3Url) -> None:
    server.file.script = cuts(PART + 100_000, 3_000_000, 200_000)
    assert_whole(client, fetch_to_s3(server.link, client, target, patience=QUICK))
    first, *others = server.file.requests
    assert first is None
    assert len(others) == 3
    assert all(other and other.startswith("bytes=") for other in others)


def test_a_server_that_ignores_ranges_is_read_again_but_not_written_twice(
    client: S3Client, server: LinkServer, target: S3Url
) -> None:
    server.file.ranges = False
    server.file.script = cuts(PART + 100_000, 12_000_000)
    assert_whole(client, fetch_to_s3(server.link, client, target, patience=QUICK))


@pytest.mark.parametrize("ranges", [True, False])
def test_a_length_that_is_not_told_is_no_hindrance(
    client: S3Client, server: LinkServer, target: S3Url, ranges: bool
) -> None:
    server.file.chunked, server.file.ranges = True, ranges
    server.file.script = cuts(9_000_000, len(CONTENT))
    assert_whole(client, fetch_to_s3(server.link, client, target, patience=QUICK))


def test_a_cut_after_the_last_byte_of_unknown_length_is_the_end(
    client: S3Client, server: LinkServer, target: S3Url
) -> None:
    server.file.chunked = True
    server.file.script = cuts(len(CONTENT))
    assert_whole(client, fetch_to_s3(server.link, client, target, patience=QUICK))


OTHER = random.Random(2).randbytes(len(CONTENT))


def change_etag(file: File) -> None:
    file.content, file.etag = OTHER, '"two"'


def change_date(file: File) -> None:
    file.content, file.modified = OTHER, "Sat, 21 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize("change", [change_etag, change_date])
def test_a_file_that_changes_between_two_tries_is_begun_anew(
    client: S3Client, server: LinkServer, target: S3Url, change: object
) -> None:
    server.file.modified = "Sat, 21 Nov 2026 09:00:00 GMT"
    server.file.script = [Script(cut_after=9_000_000), Script(before=change)]  # type: ignore[arg-type]
    assert_whole(client, fetch_to_s3(server.link, client, target, patience=QUICK), OTHER)


def test_a_silent_change_is_seen_when_the_server_ignores_ranges(
    client: S3Client, server: LinkServer, target: S3Url
) -> None:
    def change(file: File) -> None:
        file.content = OTHER

    server.file.etag, server.file.ranges = None, False
    server.file.script = [Script(cut_after=9_000_000), Script(before=change)]
    assert_whole(client, fetch_to_s3(server.link, client, target, patience=QUICK), OTHER)


def test_a_file_that_never_stays_the_same_is_given_up(client: S3Client, server: LinkServer, target: S3Url) -> None:
    def change(file: File) -> None:
        file.etag = f'"{time.monotonic()}"'

    server.file.script = [Script(cut_after=9_000_000, before=change) for _ in range(20)]
    with pytest.raises(UnreachableError, match="changed while it was read, 3 times"):
        fetch_to_s3(server.link, client, target, patience=QUICK)
    assert_nothing_there(client, target)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_dead_or_expired_link_is_lost_at_once(
    client: S3Client, server: LinkServer, target: S3Url, status: int
) -> None:
    server.file.script = [Script(cut_after=9_000_000), Script(status=status)]
    with pytest.raises(LostError, match=rf"film\.mp4\?… answered {status}: .*expired") as error:
        fetch_to_s3(server.link, client, target, patience=QUICK)
    assert "secret" not in str(error.value)
    assert len(server.file.requests) == 2
    assert_nothing_there(client, target)


def test_any_other_refusal_is_not_repeated(client: S3Client, server: LinkServer, target: S3Url) -> None:
    server.file.script = [Script(status=400)]
    with pytest.raises(RefusedError, match="answered 400"):
        fetch_to_s3(server.link, client, target, patience=QUICK)


def test_a_busy_server_is_waited_for_as_long_as_it_asks(client: S3Client, server: LinkServer, target: S3Url) -> None:
    patience = Patience(tries=4, first_wait=0.01, longest_wait=5)
    server.file.script = [Script(status=429, headers={"Retry-After": "1"}), Script(status=503), Script(status=500)]
    begun = time.monotonic()
    assert_whole(client, fetch_to_s3(server.link, client, target, patience=patience))
    assert time.monotonic() - begun >= 1


def test_a_server_that_stays_busy_is_given_up_with_what_it_asked(
    client: S3Client, server: LinkServer, target: S3Url
) -> None:
    server.file.script = [Script(status=503, headers={"Retry-After": "90"}) for _ in range(20)]
    with pytest.raises(BusyError, match="answered 503, 4 times in a row") as error:
        fetch_to_s3(server.link, client, target, patience=QUICK)
    assert error.value.retry_after == 90
    assert len(server.file.requests) == 4


def test_cuts_without_progress_are_bounded_and_cuts_with_progress_are_not(
    client: S3Client, server: LinkServer, target: S3Url
) -> None:
    server.file.script = cuts(*[1_000_000] * 10)
    assert_whole(client, fetch_to_s3(server.link, client, target, patience=QUICK))
    server.file.script = cuts(9_000_000, *[0] * 20)
    server.file.requests.clear()
    with pytest.raises(UnreachableError, match=r"cut at byte \d+ of \d+.*, 4 times in a row") as error:
        fetch_to_s3(server.link, client, S3Url(target.bucket, "second"), patience=QUICK)
    assert "secret" not in str(error.value)
    assert len(server.file.requests) == 4
    assert not uploads_left(client, target.bucket)


def test_a_server_that_falls_silent_is_left_and_asked_again(
    client: S3Client, server: LinkServer, target: S3Url
) -> None:
    server.file.script = [Script(before=lambda _: time.sleep(1.5))]
    assert_whole(client, fetch_to_s3(server.link, client, target, patience=QUICK))


def test_no_server_at_all_is_unreachable_and_its_signature_unsaid(client: S3Client, target: S3Url) -> None:
    with pytest.raises(UnreachableError, match="Connection refused, 4 times") as error:
        fetch_to_s3("http://127.0.0.1:9/x.mp4?secret", client, target, patience=QUICK)
    assert error.value.__cause__ is error.value.__context__ is None
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("link", ["", "file:///etc/passwd", "http://", "s3://bucket/key"])
def test_what_is_no_link_is_bad_input(client: S3Client, target: S3Url, link: str) -> None:
    with pytest.raises(BadInputError, match=r"is no http\(s\) link"):
        fetch_to_s3(link, client, target, patience=QUICK)


@pytest.mark.parametrize(("headers", "kind"), [
    ({"Content-Type": "text/html; charset=utf-8"}, UnreachableError),
    ({"Content-Encoding": "gzip"}, RefusedError),
])  # fmt: skip
def test_an_answer_that_is_not_the_file_is_not_stored(
    client: S3Client, server: LinkServer, target: S3Url, headers: dict[str, str], kind: type[Exception]
) -> None:
    server.file.script = [Script(headers=headers) for _ in range(4)]
    with pytest.raises(kind):
        fetch_to_s3(server.link, client, target, patience=QUICK)
    assert_nothing_there(client, target)


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("off_by", [1, -1])
def test_a_size_other_than_expected_is_a_bad_output(
    client: S3Client, server: LinkServer, target: S3Url, chunked: bool, off_by: int
) -> None:
    server.file.chunked = chunked
    expected = len(CONTENT) + off_by
    with pytest.raises(BadOutputError, match=f"{expected}"):
        fetch_to_s3(server.link, client, target, expected_size=expected, patience=QUICK)
    assert_nothing_there(client, target)


@pytest.mark.parametrize("death", [KeyboardInterrupt, SystemExit, ValueError])
def test_whatever_ends_the_transfer_no_part_stays(
    client: S3Client, server: LinkServer, target: S3Url, death: type[BaseException]
) -> None:
    def die(done: int, total: int | None) -> None:
        if done > PART + 1:
            raise death

    with pytest.raises(death):
        fetch_to_s3(server.link, client, target, progress=die)
    assert_nothing_there(client, target)


def test_parts_grow_so_that_ten_thousand_are_enough(client: S3Client, target: S3Url) -> None:
    upload = Upload(client, target, None)
    for total in (1, PART * 10_000, PART * 10_000 + 1, 5 * 1024**4):
        upload.expect(total)
        assert upload.part_size() * 10_000 >= total
    upload.expect(None)
    assert sum(PART << (number // 1000) for number in range(10_000)) > 5 * 1024**4


MEMORY = """
import re, sys, time
from pathlib import Path
sys.path[:0] = ["plugins", "."]
from tests.media.conftest import make_client
from reelworks.media.s3 import S3Url
from reelworks.media.transfer import fetch_to_s3

def peak():  # kibibytes; not ru_maxrss, which on Linux begins with what the parent process had
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

link, endpoint, bucket = sys.argv[1:]
client = make_client(endpoint)
client.put_object(Bucket=bucket, Key="warm", Body=b"x")
before, begun = peak(), time.monotonic()
stored = fetch_to_s3(link, client, S3Url(bucket, "big"))
print(stored.size, stored.sha256, peak() - before, round(time.monotonic() - begun, 2))
"""
BIG = int(os.environ.get("REELWORKS_TEST_MEBIBYTES", "256")) * 1024**2


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_big_transfer_adds_less_than_150_megabytes(
    client: S3Client, s3_endpoint: str, bucket: str, server: LinkServer
) -> None:
    server.file.content = Zeros(BIG)
    here = Path(__file__).parents[2]
    command = [sys.executable, "-c", MEMORY, server.link, s3_endpoint, bucket]
    said = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True, timeout=300)
    stored, _, kibibytes, seconds = said.stdout.split()
    print(f"{BIG >> 20} MiB in {seconds} s; {int(kibibytes) / 1024:.1f} MiB of memory")  # noqa: T201
    assert int(stored) == BIG
    assert 0 < int(kibibytes) < 150 * 1024
