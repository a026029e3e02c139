"""An upload that is left, or taken away, leaves nothing in S3 and says what was wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ReadTimeoutError

from reelworks.core.errors import UnreachableError
from reelworks.media import backlog
from reelworks.media.s3 import S3Url
from reelworks.media.upload import PART, Upload
from tests.media.conftest import make_client, uploads_left

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@pytest.fixture
def ours(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> S3Client:
    """A client of one test's own, whose calls can be held up; who leaves does not wait for them."""
    monkeypatch.setattr(backlog, "LAST_WORDS", 0.05)
    return make_client(s3_endpoint)


@pytest.fixture
def target(bucket: str) -> S3Url:
    return S3Url(bucket, "film.mp4")


def abandoned(upload: Upload, reached: threading.Event) -> None:
    """Leave an upload while a thread of it is at the place where it is held up."""
    with upload:
        upload.write(bytes(PART))
        assert reached.wait(20)


def senders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("upload-")]


def held_up(reached: threading.Event, go: threading.Event, then: Callable[[], None]) -> Callable[..., None]:
    def hold(**_: Any) -> None:
        if not reached.is_set():
            reached.set()
            go.wait(20)
            then()

    return hold


def test_an_upload_that_begins_only_after_it_was_left_is_taken_back(ours: S3Client, target: S3Url) -> None:
    reached, go, sent = threading.Event(), threading.Event(), list[bool]()
    ours.meta.events.register("after-call.s3.CreateMultipartUpload", held_up(reached, go, lambda: None))
    ours.meta.events.register("before-call.s3.UploadPart", lambda **_: sent.append(True))

    abandoned(Upload(ours, target, None), reached)
    assert uploads_left(ours, target.bucket)
    go.set()
    for thread in senders():
        thread.join(20)

    assert uploads_left(ours, target.bucket) == []
    assert sent == []


def test_a_part_that_fails_after_the_upload_was_left_is_taken_back(ours: S3Client, target: S3Url) -> None:
    """S3 may have stored it: its manual has an upload aborted several times while parts are on their way."""
    reached, go, aborted = threading.Event(), threading.Event(), list[bool]()

    def lost() -> None:
        raise ReadTimeoutError(endpoint_url="https://s3.example")

    ours.meta.events.register("after-call.s3.UploadPart", held_up(reached, go, lost))
    ours.meta.events.register("before-call.s3.AbortMultipartUpload", lambda **_: aborted.append(True))

    abandoned(Upload(ours, target, None), reached)
    assert len(aborted) == 1
    go.set()
    for thread in senders():
        thread.join(20)

    assert len(aborted) == 2
    assert uploads_left(ours, target.bucket) == []


@pytest.mark.parametrize("parts", [1, 2])  # taken away before it is completed, and before its second part
def test_an_upload_that_somebody_took_away_is_worth_another_try(ours: S3Client, target: S3Url, parts: int) -> None:
    upload = Upload(ours, target, None)
    upload.expect(parts * PART + 1)  # each part by itself

    def sent() -> None:
        if parts > 1:
            upload.put(2, PART, memoryview(bytes(PART)))
        upload.finish()

    with upload:
        upload.put(1, 0, memoryview(bytes(PART)))
        (there,) = uploads_left(ours, target.bucket)
        ours.abort_multipart_upload(Bucket=target.bucket, Key=target.key, UploadId=there["UploadId"])

        with pytest.raises(UnreachableError, match=r"film\.mp4: somebody took the upload away"):
            sent()
