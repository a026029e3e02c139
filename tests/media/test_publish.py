"""What is verified is what is published, whoever writes meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reelworks.core.errors import BadInputError, BadOutputError, UnreachableError
from reelworks.media import ffprobe
from reelworks.media.publish import Delivery
from reelworks.media.s3 import S3Url
from tests.media.clips import make
from tests.media.conftest import make_client

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@pytest.mark.parametrize("at", ["DeleteObject", "CopyObject"])  # as the older manifest goes, and at the very last
def test_an_output_that_is_replaced_after_it_was_verified_is_not_published(
    client: S3Client, bucket: str, s3_endpoint: str, tmp_path: Path, at: str
) -> None:
    film = make(tmp_path / "film.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac").read_bytes()
    client.put_object(Bucket=bucket, Key="made/film.mp4", Body=film)
    ours = make_client(s3_endpoint)
    delivery = Delivery(ours, S3Url(bucket, "public"), "job-17")
    staged, replaced = delivery.staging.joined("film.mp4"), list[str]()

    def replace(params: dict[str, Any], **_: Any) -> None:
        if at == "DeleteObject" or "/_staging/" not in params["url_path"]:
            client.put_object(Bucket=bucket, Key=staged.key, Body=b"not what was looked at")
            replaced.append(params["url_path"])

    ours.meta.events.register(f"before-call.s3.{at}", replace)

    with pytest.raises(BadInputError, match=r"film\.mp4 was replaced"):
        delivery.publish({"film.mp4": S3Url(bucket, "made/film.mp4")}, [], None)

    assert len(replaced) == 1
    assert "Contents" not in client.list_objects_v2(Bucket=bucket, Prefix="public/")


def test_an_output_that_cannot_be_looked_at_is_not_said_to_be_bad(
    client: S3Client, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make(tmp_path / "film.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac").read_bytes()
    client.put_object(Bucket=bucket, Key="made/film.mp4", Body=film)
    monkeypatch.setenv("REELWORKS_FFPROBE", "/nowhere")
    ffprobe.ffprobe_path.cache_clear()

    with pytest.raises(BadInputError, match="REELWORKS_FFPROBE") as caught:
        Delivery(client, S3Url(bucket, "public"), "job-17").publish(
            {"film.mp4": S3Url(bucket, "made/film.mp4")}, [], None
        )
    ffprobe.ffprobe_path.cache_clear()

    assert not isinstance(caught.value, BadOutputError)


def test_an_output_that_is_taken_away_while_it_is_looked_at_is_not_lost_at_the_service(
    client: S3Client, bucket: str, s3_endpoint: str, tmp_path: Path
) -> None:
    film = make(tmp_path / "film.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac").read_bytes()
    client.put_object(Bucket=bucket, Key="made/film.mp4", Body=film)
    ours = make_client(s3_endpoint)
    delivery = Delivery(ours, S3Url(bucket, "public"), "job-17")
    staged, looks = delivery.staging.joined("film.mp4").key, list[str]()

    def take_away(http_response: Any, **_: Any) -> None:
        if http_response.url.endswith(staged):
            looks.append(http_response.url)
        if len(looks) == 3:  # the others are as it is staged
            client.delete_object(Bucket=bucket, Key=staged)

    ours.meta.events.register("after-call.s3.HeadObject", take_away)

    with pytest.raises(UnreachableError, match=r"film\.mp4"):
        delivery.publish({"film.mp4": S3Url(bucket, "made/film.mp4")}, [], None)
