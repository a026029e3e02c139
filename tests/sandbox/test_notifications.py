"""What happens in the inbox is told to the queue, as S3 tells it."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sandbox.listener import Listener, key_of
from tests.sandbox.process import SandboxProcess

PART = b"x" * (5 << 20)


@pytest.fixture(scope="module")
def notifying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox") / "state", "--only=s3,sqs") as running:
        assert Listener(running).messages(1)[0]["Event"] == "s3:TestEvent"
        yield running


@pytest.fixture
def queue(notifying: SandboxProcess) -> Iterator[Listener]:
    listener = Listener(notifying)
    usual = notifying.settings("sqs")
    yield listener
    notifying.settings("sqs", **usual)
    # What a test left unread is no matter of the next.
    listener.up_to("the end of a test")


@pytest.fixture
def s3(notifying: SandboxProcess) -> Any:
    return notifying.s3()


def upload_in_parts(s3: Any, bucket: str, key: str) -> dict[str, Any]:
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    parts = []
    for number, body in enumerate((PART, b"the end"), start=1):
        sent = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": sent["ETag"]})
    done = s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
    return dict(done)


def test_a_put_is_told_field_by_field(queue: Listener, s3: Any) -> None:
    etag = s3.put_object(Bucket="inbox", Key="in/a.mp4", Body=b"four")["ETag"]
    record = queue.records(1)[0]
    assert record["eventVersion"].startswith("2.")
    assert (record["eventSource"], record["awsRegion"]) == ("aws:s3", queue.info["region"])
    assert record["eventName"] == "ObjectCreated:Put"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["eventTime"])
    assert record["userIdentity"]["principalId"]
    assert record["requestParameters"]["sourceIPAddress"]
    assert set(record["responseElements"]) == {"x-amz-request-id", "x-amz-id-2"}
    about = record["s3"]
    assert (about["s3SchemaVersion"], about["bucket"]["name"]) == ("1.0", "inbox")
    assert about["bucket"]["arn"] == "arn:aws:s3:::inbox"
    assert about["bucket"]["ownerIdentity"]["principalId"]
    assert re.fullmatch(r"[0-9A-F]{18}", about["object"].pop("sequencer"))
    assert about["object"] == {"key": "in/a.mp4", "size": 4, "eTag": etag.strip('"')}


@pytest.mark.parametrize(
    ("key", "spelt"),
    [
        ("a b.mp4", "a+b.mp4"),
        ("a+b.mp4", "a%2Bb.mp4"),
        ("100%.mp4", "100%25.mp4"),
        ("a%20b.mp4", "a%2520b.mp4"),
        ("häng/ド.mp4", "h%C3%A4ng/%E3%83%89.mp4"),
        ("x&y=1?#;:@,'\"()[]{}~*.mp4", None),
        ("a.versions/b.uploads/.uploads", None),
        ("tab\tand\nline.mp4", None),
    ],
)
def test_a_key_is_spelt_as_in_a_form(queue: Listener, s3: Any, key: str, spelt: str | None) -> None:
    s3.put_object(Bucket="inbox", Key=key, Body=b"1")
    record = queue.records(1)[0]
    assert key_of(record) == key
    assert spelt in (None, record["s3"]["object"]["key"])
    s3.delete_object(Bucket="inbox", Key=key)
    assert queue.told(1) == [("ObjectRemoved:Delete", key)]


def test_a_multipart_upload_is_told_once_when_it_is_complete(queue: Listener, s3: Any) -> None:
    done = upload_in_parts(s3, "inbox", "parts.mp4")
    record = queue.records(1)[0]
    assert (record["eventName"], key_of(record)) == ("ObjectCreated:CompleteMultipartUpload", "parts.mp4")
    assert record["s3"]["object"]["size"] == len(PART) + len(b"the end")
    assert record["s3"]["object"]["eTag"] == done["ETag"].strip('"')
    assert queue.up_to("after the parts") == []


def test_an_upload_that_was_given_up_is_not_told(queue: Listener, s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="inbox", Key="given up.mp4")["UploadId"]
    s3.upload_part(Bucket="inbox", Key="given up.mp4", UploadId=upload, PartNumber=1, Body=b"1")
    s3.abort_multipart_upload(Bucket="inbox", Key="given up.mp4", UploadId=upload)
    assert queue.up_to("after giving up") == []


def test_copies_are_told_as_copies(queue: Listener, s3: Any) -> None:
    upload_in_parts(s3, "inbox", "large.mp4")
    s3.copy_object(Bucket="inbox", Key="copy.mp4", CopySource={"Bucket": "inbox", "Key": "large.mp4"})
    s3.copy_object(
        Bucket="inbox",
        Key="copy.mp4",
        CopySource={"Bucket": "inbox", "Key": "copy.mp4"},
        MetadataDirective="REPLACE",
        Metadata={"camera": "2"},
    )
    assert queue.told(3) == [
        ("ObjectCreated:CompleteMultipartUpload", "large.mp4"),
        ("ObjectCreated:Copy", "copy.mp4"),
        ("ObjectCreated:Copy", "copy.mp4"),
    ]


def test_deletions_are_told(queue: Listener, s3: Any) -> None:
    for key in ("one.mp4", "two.mp4", "three.mp4"):
        s3.put_object(Bucket="inbox", Key=key, Body=b"1")
    s3.delete_object(Bucket="inbox", Key="one.mp4")
    s3.delete_objects(Bucket="inbox", Delete={"Objects": [{"Key": "two.mp4"}, {"Key": "three.mp4"}]})
    records = queue.records(6)[3:]
    assert {record["eventName"] for record in records} == {"ObjectRemoved:Delete"}
    assert {key_of(record) for record in records} == {"one.mp4", "two.mp4", "three.mp4"}
    assert all(set(record["s3"]["object"]) == {"key", "sequencer"} for record in records)


@pytest.mark.parametrize("body", [b"", b"the same bytes"])
def test_every_write_of_a_key_is_told_and_the_sequencer_rises(queue: Listener, s3: Any, body: bytes) -> None:
    for _ in range(5):
        s3.put_object(Bucket="inbox", Key="again.mp4", Body=body)
    s3.delete_object(Bucket="inbox", Key="again.mp4")
    records = queue.records(6)
    assert [record["eventName"] for record in records] == ["ObjectCreated:Put"] * 5 + ["ObjectRemoved:Delete"]
    sequencers = [record["s3"]["object"]["sequencer"] for record in records]
    assert sequencers == sorted(set(sequencers))


def test_tags_and_other_buckets_are_not_told(queue: Listener, s3: Any) -> None:
    s3.put_object(Bucket="inbox", Key="tagged.mp4", Body=b"1")
    s3.put_object_tagging(Bucket="inbox", Key="tagged.mp4", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    s3.put_object(Bucket="outbox", Key="result.mp4", Body=b"1")
    assert queue.up_to("after the tags") == [("ObjectCreated:Put", "tagged.mp4")]


def test_a_folder_is_told_only_if_somebody_made_it(queue: Listener, s3: Any) -> None:
    s3.put_object(Bucket="inbox", Key="implied/a.mp4", Body=b"1")
    s3.put_object(Bucket="inbox", Key="made/", Body=b"")
    s3.delete_object(Bucket="inbox", Key="implied/a.mp4")
    s3.delete_object(Bucket="inbox", Key="made/")
    assert queue.up_to("after the folders") == [
        ("ObjectCreated:Put", "implied/a.mp4"),
        ("ObjectCreated:Put", "made/"),
        ("ObjectRemoved:Delete", "implied/a.mp4"),
        ("ObjectRemoved:Delete", "made/"),
    ]


def test_versions_are_named(queue: Listener, s3: Any, notifying: SandboxProcess) -> None:
    s3.create_bucket(Bucket="versioned")
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    notifying.settings("sqs", buckets=["inbox", "versioned"])
    test_event = queue.messages(1)[0]
    assert (test_event["Event"], test_event["Bucket"]) == ("s3:TestEvent", "versioned")
    first = s3.put_object(Bucket="versioned", Key="in/v.mp4", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket="versioned", Key="in/v.mp4", Body=b"2")["VersionId"]
    parts = upload_in_parts(s3, "versioned", "parts.mp4")["VersionId"]
    marker = s3.delete_object(Bucket="versioned", Key="in/v.mp4")["VersionId"]
    s3.delete_object(Bucket="versioned", Key="in/v.mp4", VersionId=first)
    told = [(record["eventName"], key_of(record), record["s3"]["object"]["versionId"]) for record in queue.records(5)]
    assert told == [
        ("ObjectCreated:Put", "in/v.mp4", first),
        ("ObjectCreated:Put", "in/v.mp4", second),
        ("ObjectCreated:CompleteMultipartUpload", "parts.mp4", parts),
        ("ObjectRemoved:DeleteMarkerCreated", "in/v.mp4", marker),
        ("ObjectRemoved:Delete", "in/v.mp4", first),
    ]


def test_two_hundred_uploads_at_once_are_all_told_once(queue: Listener, s3: Any) -> None:
    keys = [f"burst/{number:03}.mp4" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket="inbox", Key=key, Body=key.encode()), keys))
    assert sorted(key for _, key in queue.told(200)) == keys
    assert queue.up_to("after the burst") == []


def test_only_the_events_asked_for_are_sent(queue: Listener, s3: Any, notifying: SandboxProcess) -> None:
    notifying.settings("sqs", events=["s3:ObjectCreated:*"], prefix="in/", suffix=".mov")
    for key in ("in/a.mov", "in/b.mp4", "c.mov"):
        s3.put_object(Bucket="inbox", Key=key, Body=b"1")
    s3.delete_object(Bucket="inbox", Key="in/a.mov")
    s3.put_object(Bucket="inbox", Key="in/last.mov", Body=b"1")
    assert queue.told(2) == [("ObjectCreated:Put", "in/a.mov"), ("ObjectCreated:Put", "in/last.mov")]
