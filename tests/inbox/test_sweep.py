from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError

from reelworks.core.errors import BadInputError, BusyError
from reelworks.inbox.identity import run_id_of
from reelworks.inbox.place import Inbox
from reelworks.inbox.sweep import SEEN, ready, sweep
from tests.inbox.airflow_edge import Airflow, Killed

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ODD = [
    "Clip.MP4",
    "a b/ü 日本.mOv",
    "100%+#?&=;.mp4",
    "quote'\"<>.mp4",
    "line\nbreak.mp4",
    "😀.mov",
    "dots/..x/.mp4",
    ".mp4",
]


def put(client: S3Client, inbox: Inbox, key: str, body: bytes = b"video") -> str:
    return client.put_object(Bucket=inbox.bucket, Key=key, Body=body)["ETag"].strip('"')


def write_manifest(client: S3Client, inbox: Inbox, key: str, etag: str) -> None:
    """Publish, as the run does."""
    source = {"url": f"s3://{inbox.bucket}/{key}", "etag": etag}
    where = f"made/{key.rpartition('.')[0]}/web/manifest.json"
    manifest = {"source": source, "timings": {"published": datetime.now(UTC).isoformat()}}
    client.put_object(Bucket=inbox.outbox.split("/")[2], Key=where, Body=json.dumps(manifest).encode())


def counted(client: S3Client) -> list[str]:
    """Let each request of the client be noted from here on."""
    calls: list[str] = []
    client.meta.events.register("before-call.s3.*", lambda model, **_: calls.append(model.name))
    return calls


def swept(client: S3Client, inbox: Inbox, limit: int = 100, most: int = 1000) -> dict[str, int]:
    return sweep(client, inbox, limit=limit, most=most)


def test_every_video_gets_one_run_however_often_it_is_swept(client: S3Client, inbox: Inbox, airflow: Airflow) -> None:
    for key in ("a.mp4", "b.MOV", "c.txt", "folder.mp4/"):
        put(client, inbox, key)

    first, second = swept(client, inbox), swept(client, inbox)

    assert (first["started"], second["started"]) == (2, 0)
    assert airflow.sources == [f"s3://{inbox.bucket}/a.mp4", f"s3://{inbox.bucket}/b.MOV"]


def test_a_run_is_told_source_recipe_destination_and_version(client: S3Client, inbox: Inbox, airflow: Airflow) -> None:
    etag = put(client, inbox, "a.mp4")

    swept(client, inbox)

    run_id = run_id_of(inbox.bucket, "a.mp4", etag, "web")
    source = f"s3://{inbox.bucket}/a.mp4"
    told = {"source": source, "recipe": "web", "destination": inbox.outbox, "version": etag, "dry_run": False}
    assert airflow.runs == {run_id: told}


@pytest.mark.parametrize("key", ODD)
def test_odd_keys_get_their_run(client: S3Client, inbox: Inbox, airflow: Airflow, key: str) -> None:
    put(client, inbox, key)

    swept(client, inbox)

    assert airflow.sources == [f"s3://{inbox.bucket}/{key}"]


def test_the_same_bytes_again_cost_nothing_and_others_are_a_new_run(
    client: S3Client, inbox: Inbox, airflow: Airflow
) -> None:
    put(client, inbox, "a.mp4", b"one")
    swept(client, inbox)

    put(client, inbox, "a.mp4", b"one")
    swept(client, inbox)
    assert len(airflow.runs) == 1

    put(client, inbox, "a.mp4", b"two")
    swept(client, inbox)
    assert len(airflow.runs) == 2


def test_a_content_that_comes_back_after_another_is_processed_once_more(
    client: S3Client, inbox: Inbox, airflow: Airflow
) -> None:
    for content in (b"one", b"two", b"one", b"two"):
        etag = put(client, inbox, "a.mp4", content)
        for _ in range(2):
            swept(client, inbox)
        write_manifest(client, inbox, "a.mp4", etag)

    one, two = (conf["version"] for conf in list(airflow.runs.values())[:2])
    assert [conf["version"] for conf in airflow.runs.values()] == [one, two, one, two]


@pytest.mark.parametrize("state", ["running", "failed"])
def test_a_new_content_s_own_run_is_not_doubled_while_the_old_one_is_published(
    client: S3Client, inbox: Inbox, airflow: Airflow, state: str
) -> None:
    write_manifest(client, inbox, "a.mp4", "the content before")
    put(client, inbox, "a.mp4")
    airflow.state = state
    for _ in range(3):
        swept(client, inbox)
        client.delete_object(Bucket=inbox.outbox.split("/")[2], Key=inbox.record(SEEN).key)

    assert len(airflow.runs) == 1


def test_versions_of_the_same_bytes_are_one_run(client: S3Client, inbox: Inbox, airflow: Airflow) -> None:
    client.put_bucket_versioning(Bucket=inbox.bucket, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        put(client, inbox, "a.mp4", b"one")
        swept(client, inbox)
        client.delete_object(Bucket=inbox.outbox.split("/")[2], Key=inbox.record(SEEN).key)

    assert len(airflow.runs) == 1


def test_a_video_with_a_manifest_of_its_content_is_done(client: S3Client, inbox: Inbox, airflow: Airflow) -> None:
    write_manifest(client, inbox, "x/a.mp4", put(client, inbox, "x/a.mp4", b"made already"))
    write_manifest(client, inbox, "x/b.mp4", "another content")
    put(client, inbox, "x/b.mp4", b"changed since")

    result = swept(client, inbox)

    assert (result["done"], result["started"]) == (1, 1)
    assert airflow.sources == [f"s3://{inbox.bucket}/x/b.mp4"]


@pytest.mark.parametrize(("recipe", "outcome"), [("web", "done"), ("archive", "started")])
def test_a_video_that_was_quarantined_by_this_recipe_stays_so(
    client: S3Client, inbox: Inbox, airflow: Airflow, recipe: str, outcome: str
) -> None:
    source = {"url": f"s3://{inbox.bucket}/x/a.mp4", "etag": put(client, inbox, "x/a.mp4", b"broken")}
    record = json.dumps({"source": source, "recipe": recipe}).encode()
    client.put_object(Bucket=inbox.outbox.split("/")[2], Key="made/_quarantine/x/a.mp4.json", Body=record)

    assert swept(client, inbox)[outcome] == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"source": 1}', b'{"source": {"url": []}}', b"\xff"])
def test_a_manifest_that_cannot_be_read_is_none(client: S3Client, inbox: Inbox, airflow: Airflow, body: bytes) -> None:
    put(client, inbox, "a.mp4")
    client.put_object(Bucket=inbox.outbox.split("/")[2], Key="made/a/web/manifest.json", Body=body)

    assert swept(client, inbox)["started"] == 1


def test_a_key_that_leaves_no_room_for_a_manifest_gets_its_run(
    client: S3Client, inbox: Inbox, airflow: Airflow
) -> None:
    put(client, inbox, f"{'deep/' * 200}a.mp4")

    assert swept(client, inbox)["started"] == 1


def test_a_sweep_starts_no_more_than_its_limit_and_the_oldest_first(
    client: S3Client, inbox: Inbox, airflow: Airflow
) -> None:
    for at in range(5):
        put(client, inbox, f"{9 - at}.mp4", bytes([at]))
    by_age = client.list_objects_v2(Bucket=inbox.bucket)["Contents"]
    oldest = min(by_age, key=lambda row: (row["LastModified"], row["Key"]))["Key"]

    first = swept(client, inbox, limit=1)
    assert airflow.sources == [f"s3://{inbox.bucket}/{oldest}"]
    assert first["left"] == 4

    swept(client, inbox, limit=2)
    assert len(airflow.runs) == 3


def test_no_more_runs_are_in_flight_than_may_be(client: S3Client, inbox: Inbox, airflow: Airflow) -> None:
    for at in range(5):
        put(client, inbox, f"{at}.mp4", bytes([at]))

    for _ in range(2):
        swept(client, inbox, most=3)
        assert len(airflow.runs) == 3
    assert not ready(client, inbox, most=3)

    airflow.over = 2
    assert ready(client, inbox, most=3)
    swept(client, inbox, most=3)
    assert len(airflow.runs) == 5


def test_an_object_that_was_just_written_waits(client: S3Client, inbox: Inbox, airflow: Airflow) -> None:
    put(client, inbox, "a.mp4")
    growing = replace(inbox, settle=3600)

    assert swept(client, growing)["settling"] == 1
    assert not ready(client, growing, most=10)
    assert not airflow.runs

    assert ready(client, inbox, most=10)
    assert swept(client, inbox)["started"] == 1


def test_an_upload_in_parts_is_noticed_when_it_is_complete(client: S3Client, inbox: Inbox, airflow: Airflow) -> None:
    where: dict[str, Any] = {"Bucket": inbox.bucket, "Key": "a.mp4"}
    upload = client.create_multipart_upload(**where)["UploadId"]
    part = client.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"part")
    assert swept(client, inbox)["listed"] == 0

    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)  # type: ignore[arg-type]

    assert swept(client, inbox)["started"] == 1


@pytest.mark.parametrize("starts", range(4))
def test_a_killed_sweep_loses_and_doubles_nothing(
    client: S3Client, inbox: Inbox, airflow: Airflow, starts: int
) -> None:
    for at in range(4):
        put(client, inbox, f"{at}.mp4", bytes([at]))
    airflow.dies_after = starts
    with pytest.raises(Killed):
        swept(client, inbox)
    assert len(airflow.runs) == starts
    airflow.dies_after = None

    again = swept(client, inbox)

    assert (again["exists"], again["started"]) == (starts, 4 - starts)
    assert len(airflow.runs) == 4


def test_old_videos_cost_no_request_of_their_own(client: S3Client, inbox: Inbox, airflow: Airflow) -> None:
    for at in range(20):
        put(client, inbox, f"{at}.mp4", bytes([at]))
    swept(client, inbox)
    calls = counted(client)
    airflow.asked.clear()

    swept(client, inbox)

    assert sorted(calls) == ["GetObject", "ListObjectsV2"]
    assert airflow.asked == []


def test_a_lost_or_damaged_watermark_only_costs_looks(client: S3Client, inbox: Inbox, airflow: Airflow) -> None:
    for at in range(3):
        put(client, inbox, f"{at}.mp4", bytes([at]))
    swept(client, inbox)
    record = inbox.record(SEEN)
    for body in (b"", b"reelworks seen 1\nabc", b"garbage"):
        client.put_object(Bucket=record.bucket, Key=record.key, Body=body)
        assert swept(client, inbox)["exists"] == 3

    assert len(airflow.runs) == 3
    assert swept(client, inbox)["exists"] == 0


def test_what_left_the_inbox_leaves_the_watermark(client: S3Client, inbox: Inbox, airflow: Airflow) -> None:
    for key in ("a.mp4", "b.mp4"):
        put(client, inbox, key, key.encode())
    swept(client, inbox)
    client.delete_object(Bucket=inbox.bucket, Key="a.mp4")

    swept(client, inbox)

    record = inbox.record(SEEN)
    assert client.head_object(Bucket=record.bucket, Key=record.key)["ContentLength"] == len("reelworks seen 1\n") + 8


def test_a_name_that_airflow_refuses_holds_nobody_up(client: S3Client, inbox: Inbox, airflow: Airflow) -> None:
    put(client, inbox, "a.mp4")
    airflow.refuses = 422
    assert swept(client, inbox)["refused"] == 1
    airflow.refuses = None
    put(client, inbox, "b.mp4", b"other")

    assert swept(client, inbox)["started"] == 1


@pytest.mark.parametrize("status", [400, 404])
def test_an_airflow_that_cannot_start_runs_fails_the_sweep(
    client: S3Client, inbox: Inbox, airflow: Airflow, status: int
) -> None:
    put(client, inbox, "a.mp4")
    airflow.refuses = status
    with pytest.raises(AirflowRuntimeError):
        swept(client, inbox)
    airflow.refuses = None

    assert swept(client, inbox)["started"] == 1


def test_what_a_busy_airflow_has_no_time_for_is_swept_next_time(
    client: S3Client, inbox: Inbox, airflow: Airflow
) -> None:
    put(client, inbox, "a.mp4")
    put(client, inbox, "b.mp4")
    airflow.refuses = 500
    told = swept(client, inbox)
    assert (told["busy"], told["left"]) == (2, 2)
    put(client, inbox, "c.mp4")
    with pytest.raises(BusyError):
        swept(client, inbox)
    airflow.refuses = None

    assert swept(client, inbox)["started"] == 3


def test_outputs_are_no_videos(client: S3Client, airflow: Airflow, inbox: Inbox) -> None:
    nested = replace(inbox, outbox=f"{inbox.url}/made")
    put(client, nested, "a.mp4")
    put(client, nested, "made/a/web/h264.mp4")

    assert swept(client, nested)["listed"] == 1


@pytest.mark.parametrize("outbox", ["s3://inn", "s3://inn/", "s3://inn/landing", "s3://inn/landing/"])
def test_an_inbox_inside_the_outbox_is_refused(outbox: str) -> None:
    with pytest.raises(BadInputError, match="part the two"):
        Inbox.of({"url": "s3://inn/landing", "outbox": outbox, "suffixes": [".mp4"], "recipe": "web"})


def test_a_folder_with_a_like_name_is_another(client: S3Client, inbox: Inbox, airflow: Airflow) -> None:
    folder = replace(inbox, url=f"{inbox.url}/in")
    for key in ("in/a.mp4", "in2/b.mp4", "c.mp4"):
        put(client, folder, key)

    assert swept(client, folder)["listed"] == 1
