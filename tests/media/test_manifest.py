"""The manifest: one object, written last, free of secrets, read back as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reelworks.core.errors import BadInputError
from reelworks.media import ffprobe
from reelworks.media.manifest import Manifest, build_manifest, read_manifest, tool_versions, write_manifest
from reelworks.media.s3 import S3Url

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

OUTPUT = {"name": "h264_720p.mp4", "key": "out/film/h264_720p.mp4", "size": 9, "sha256": "cd", "probe": {"x": [1]}}


def a_manifest(**changes: Any) -> Manifest:
    parts: dict[str, Any] = {
        "source": {"url": "s3://inbox/a #1 é.mp4", "etag": "e", "version_id": None, "size": 7, "sha256": "ab"},
        "preset": {"name": "h264_720p", "digest": "ef"},
        "service": "bytenite",
        "job": {"id": "17", "name": "film-1"},
        "amounts": {"paymentAmount": "28"},
        "outputs": [{**OUTPUT, "url": "s3://outbox/out/film/h264_720p.mp4"}],
        "timings": {
            "submitted": datetime(2026, 11, 21, 12, tzinfo=timezone(timedelta(hours=2))),
            "finished": "2026-11-21T10:05:00.123456Z",
            "aborted": None,
        },
    }
    return build_manifest(**(parts | changes))


def test_it_is_written_in_one_piece_and_read_back(client: S3Client, bucket: str) -> None:
    prefix = S3Url(bucket, "out/film")
    url = write_manifest(client, prefix, a_manifest())
    assert str(url) == f"s3://{bucket}/out/film/manifest.json"
    assert read_manifest(client, prefix) == a_manifest()
    stored = client.get_object(Bucket=bucket, Key=url.key)
    assert stored["ContentType"] == "application/json"
    written = json.loads(stored["Body"].read())
    assert written["schema"] == 1
    assert written["outputs"] == [OUTPUT]
    assert set(written["tools"]) == {"reelworks", "airflow", "ffprobe"}
    assert "unknown" not in written["tools"].values()


def test_times_are_utc_and_absent_ones_are_left_out() -> None:
    timings = a_manifest().as_json()["timings"]
    assert timings == {"submitted": "2026-11-21T10:00:00Z", "finished": "2026-11-21T10:05:00.123456Z"}
    with pytest.raises(ValueError, match="a time needs its zone"):
        a_manifest(timings={"submitted": datetime(2026, 11, 21)})


@pytest.fixture(params=["exit 1", "exit 0", "exec sleep 60"])
def odd_ffprobe(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    program = tmp_path / "ffprobe"
    program.write_text(f"#!/bin/sh\n{request.param}\n")
    program.chmod(0o755)
    monkeypatch.setenv("REELWORKS_FFPROBE", str(program))
    monkeypatch.setattr(ffprobe, "VERSION_TIMEOUT", 0.5)
    remembered = (ffprobe.ffprobe_path, ffprobe.ffprobe_version)
    for each in remembered:
        each.cache_clear()
    yield
    for each in remembered:
        each.cache_clear()


@pytest.mark.usefixtures("odd_ffprobe")
def test_an_ffprobe_that_tells_no_version_is_no_reason_to_fail() -> None:
    assert tool_versions()["ffprobe"] == "unknown"


def test_a_link_as_source_loses_its_query() -> None:
    source = {"url": "https://example.com/a.mp4?X-Amz-Signature=secret"}
    assert "secret" not in json.dumps(a_manifest(source=source).as_json())


def test_costs_may_be_unknown() -> None:
    assert a_manifest(amounts=None).as_json()["amounts"] is None


def test_what_is_no_manifest_is_named(client: S3Client, bucket: str) -> None:
    with pytest.raises(BadInputError, match="there is no such object"):
        read_manifest(client, S3Url(bucket, "out"))
    for body in (b"{}", b"nonsense", json.dumps(a_manifest().as_json() | {"schema": 2}).encode()):
        client.put_object(Bucket=bucket, Key="out/manifest.json", Body=body)
        with pytest.raises(BadInputError, match=r"out/manifest\.json is no manifest of schema 1"):
            read_manifest(client, S3Url(bucket, "out"))


def test_now_in_utc_is_kept() -> None:
    now = datetime.now(UTC)
    assert a_manifest(timings={"now": now}).timings["now"] == now
