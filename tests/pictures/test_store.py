from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from reelworks.media.s3 import presign
from reelworks.media.url import S3Url
from reelworks.pictures.store import pictures_beside, store_pictures
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


def test_an_s3_that_does_not_answer_holds_nothing_up(
    client: Any, bucket: str, video: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    source = uploaded(client, bucket, "in.mp4", video)

    with caplog.at_level(logging.WARNING):
        assert store_pictures(make_client("http://127.0.0.1:1"), S3Url(bucket, "out"), source, source) == {}

    assert caplog.text.count("no answer from S3") == 2


def output(client: Any, bucket: str, key: str, body: bytes, height: int) -> dict[str, Any]:
    client.put_object(Bucket=bucket, Key=key, Body=body)
    return {"key": key, "probe": {"video": [{"height": height}]}}


def test_the_tallest_output_is_shown_beside_the_source_it_was_made_of(client: Any, bucket: str, video: bytes) -> None:
    etag = client.put_object(Bucket=bucket, Key="in.mp4", Body=video)["ETag"].strip('"')
    source = {"url": f"s3://{bucket}/in.mp4", "etag": etag, "version_id": None}
    outputs = [output(client, bucket, "out/a.mp4", b"no video", 360), output(client, bucket, "out/b.mp4", video, 720)]

    stored = pictures_beside(client, S3Url(bucket, "out"), source, outputs)

    assert [*stored] == ["contact_sheet", "before_after"]


def test_a_source_that_was_replaced_is_not_shown_as_what_it_was_before(client: Any, bucket: str, video: bytes) -> None:
    client.put_object(Bucket=bucket, Key="in.mp4", Body=video)
    source = {"url": f"s3://{bucket}/in.mp4", "etag": "0" * 32, "version_id": None}

    stored = pictures_beside(client, S3Url(bucket, "out"), source, [output(client, bucket, "out/b.mp4", video, 720)])

    assert [*stored] == ["contact_sheet"]


def test_sound_alone_has_no_pictures(client: Any, bucket: str) -> None:
    heard = {"key": "a.mp3", "probe": {"video": []}}

    assert pictures_beside(client, S3Url(bucket, "out"), {"url": "s3://a/b"}, [heard]) == {}
