from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from reelworks.core.errors import UnreachableError
from reelworks.media.s3 import presign
from reelworks.media.url import S3Url
from reelworks.pictures.store import store_pictures
from tests.media.conftest import make_client
from tests.pictures.looks import brightening, seen


def uploaded(client: Any, bucket: str, key: str, body: bytes) -> str:
    client.put_object(Bucket=bucket, Key=key, Body=body)
    return presign(client, S3Url(bucket, key), 600)


@pytest.fixture
def video(tmp_path: Path) -> bytes:
    return brightening(tmp_path / "a.mp4", seconds=2).read_bytes()


def test_both_pictures_are_stored_beside_the_manifest(client: Any, bucket: str, video: bytes) -> None:
    source, output = (uploaded(client, bucket, key, video) for key in ("in/ä #1.mp4", "_staging/out.mp4"))

    stored = store_pictures(client, S3Url(bucket, "out/ä #1"), source, output)

    assert stored == {
        "contact_sheet": f"s3://{bucket}/out/ä #1/contact_sheet.jpg",
        "before_after": f"s3://{bucket}/out/ä #1/before_after.jpg",
    }
    for url in stored.values():
        answer = client.get_object(Bucket=bucket, Key=S3Url.parse(url).key)
        assert answer["ContentType"] == "image/jpeg"
        assert seen(answer["Body"].read()).width > 600


def test_a_picture_that_cannot_be_made_is_left_out(
    client: Any, bucket: str, video: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    source, output = uploaded(client, bucket, "in.mp4", b"no video"), uploaded(client, bucket, "out.mp4", video)

    with caplog.at_level(logging.WARNING):
        stored = store_pictures(client, S3Url(bucket, "out"), source, output)

    assert [*stored] == ["contact_sheet"]
    assert "there will be no before_after.jpg" in caplog.text
    assert "Signature" not in caplog.text


def test_an_output_that_is_gone_leaves_no_picture_and_raises_nothing(client: Any, bucket: str, video: bytes) -> None:
    source = uploaded(client, bucket, "in.mp4", video)
    gone = presign(client, S3Url(bucket, "gone.mp4"), 600)

    assert store_pictures(client, S3Url(bucket, "out"), source, gone) == {}


def test_an_s3_that_does_not_answer_is_an_error(client: Any, bucket: str, video: bytes) -> None:
    source = uploaded(client, bucket, "in.mp4", video)

    with pytest.raises(UnreachableError):
        store_pictures(make_client("http://127.0.0.1:1"), S3Url(bucket, "out"), source, source)
