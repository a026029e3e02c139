"""Uploading to and downloading from a sandboxed Pixop, as steps: from S3 and files, and never twice."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from reelworks.pixop.operators import PixopCreateVideoOperator, PixopDownloadOperator, PixopUploadOperator
from reelworks.pixop.sensors import PixopIngestSensor
from tests.guarantees.house import second_of_video
from tests.pixop.conftest import Studio


@pytest.fixture
def video(studio: Studio) -> str:
    return str(studio.value(PixopCreateVideoOperator, name=studio.prefix))


@pytest.fixture
def source(studio: Studio) -> str:
    studio.sandbox.s3().put_object(Bucket="inbox", Key=f"{studio.prefix}/clip.mp4", Body=second_of_video())
    return f"s3://inbox/{studio.prefix}/clip.mp4"


def uploads(studio: Studio) -> int:
    return studio.count("upload_media") + studio.count("upload_light_media")


@pytest.mark.parametrize("light", [True, False])
def test_a_video_goes_from_s3_to_pixop_and_back(studio: Studio, video: str, source: str, light: bool) -> None:
    assert studio.value(PixopUploadOperator, video_id=video, source=source, light=light) == video
    waited = studio.step(PixopIngestSensor, video_id=video, deferrable=False, poke_interval=0.2, timeout=60)
    assert waited.run().state == "success"
    quality = studio.call("GET", f"/videos/v1/video/{video}")["video"]["ingestion"]["qualityAssessment"]
    assert bool(quality) is not light

    destination = f"s3://outbox/{studio.prefix}/back.mp4"
    got = studio.value(PixopDownloadOperator, video_id=video, destination=destination, original=True)

    body = studio.sandbox.s3().get_object(Bucket="outbox", Key=f"{studio.prefix}/back.mp4")["Body"].read()
    assert body == second_of_video()
    assert got == {"url": destination, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def test_a_video_goes_from_a_file_to_a_file(studio: Studio, video: str, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(second_of_video())
    studio.value(PixopUploadOperator, video_id=video, source=str(tmp_path / "clip.mp4"))

    back = tmp_path / "new" / "back.mp4"
    studio.value(PixopDownloadOperator, video_id=video, destination=str(back), original=True)

    assert back.read_bytes() == second_of_video()


def test_an_upload_that_has_arrived_is_not_sent_again(studio: Studio, video: str, source: str) -> None:
    before = uploads(studio)
    life = studio.step(PixopUploadOperator, video_id=video, source=source, light=True)

    assert life.run().state == "success"
    assert life.run().state == "success"

    assert uploads(studio) - before == 1


def test_an_upload_whose_answer_is_lost_is_not_sent_again(studio: Studio, video: str, source: str) -> None:
    before = uploads(studio)
    studio.faults({"kind": "reset_after", "endpoint": "upload_light_media", "times": 1})

    assert studio.value(PixopUploadOperator, video_id=video, source=source, light=True) == video
    assert uploads(studio) - before == 1


def test_another_source_for_the_same_video_is_refused(studio: Studio, video: str, source: str, tmp_path: Path) -> None:
    studio.value(PixopUploadOperator, video_id=video, source=source, light=True)
    (tmp_path / "other.mp4").write_bytes(second_of_video() + b"more")

    outcome = studio.step(PixopUploadOperator, video_id=video, source=str(tmp_path / "other.mp4")).run()

    assert outcome.state == "failed"
    assert "create another video" in outcome.error


@pytest.mark.parametrize(
    ("operator", "arguments"),
    [
        (PixopUploadOperator, {"source": "s3://inbox/no/such.mp4"}),
        (PixopUploadOperator, {"source": "/no/such.mp4"}),
        (PixopDownloadOperator, {"destination": "s3://outbox/never.mp4"}),
        (PixopDownloadOperator, {"destination": "s3://no-such-bucket/never.mp4", "original": True}),
    ],
)
def test_what_cannot_work_fails_at_once(studio: Studio, video: str, operator: type, arguments: dict[str, Any]) -> None:
    assert studio.step(operator, video_id=video, **arguments).run().state == "failed"


def test_the_secrets_of_both_sides_are_written_nowhere(studio: Studio, video: str, source: str) -> None:
    life = studio.step(PixopUploadOperator, video_id=video, source=source, light=True)
    life.run()

    for secret in (studio.access["password"], studio.sandbox.info["s3"]["secret_key"], "Bearer "):
        assert secret not in life.everything_written
