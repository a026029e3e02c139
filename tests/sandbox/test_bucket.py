"""Uploads into and downloads from the temporary bucket, and S3 places."""

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.sandbox.caller import Caller, fetch_streams, small_output
from tests.sandbox.process import SandboxProcess

FILE = {
    "dataSourceDescriptor": "file",
    "params": {"@type": "type.googleapis.com/bytenite.data_source.LocalFileDataSource"},
}
MIB = 1 << 20


def s3_place(sandbox: SandboxProcess, bucket: str, name: str, **changes: str) -> dict[str, Any]:
    access = sandbox.info["s3"]
    params = {
        "@type": "type.googleapis.com/bytenite.data_source.S3DataSource",
        "name": name,
        "bucketName": bucket,
        "cloudRegion": "us-east-1",
        "accessKey": access["access_key"],
        "secretKey": access["secret_key"],
        **changes,
    }
    return {"dataSourceDescriptor": "s3", "params": params}


@pytest.fixture
def link(caller: Caller) -> str:
    """A link to an instant result."""
    caller.sandbox.settings(instant=True)
    (found,) = caller.results(caller.finish("http://127.0.0.1:1/a.mp4")["id"]).values()
    return found


def test_a_local_file_is_put_and_encoded(caller: Caller, clips: Path, tmp_path: Path) -> None:
    job_id = caller.create()
    job = caller.post(f"/datasource/{job_id}", {"dataSource": FILE}).json()["job"]
    caller.post(f"/params/{job_id}", {"data": {"outputs": [small_output()]}})
    assert caller.post(f"/uploadcompleted/{job_id}").status_code == 400
    assert caller.run(job_id).status_code == 400

    with (clips / "sound.mp4").open("rb") as file:
        disposition = {"Content-Disposition": 'attachment; filename="sound.mp4"'}
        put = requests.put(job["dataSource"]["params"]["tempUrl"], data=file, headers=disposition, timeout=9)
    assert put.status_code == 200
    assert caller.post(f"/uploadcompleted/{job_id}").json()["ok"] is True
    assert caller.run(job_id).json()["ok"] is True

    assert caller.wait(job_id)["state"] == "JOB_STATE_COMPLETE"
    ((name, link),) = caller.results(job_id).items()
    assert name == "out_0/Example_job_custom.mp4"
    assert fetch_streams(link, tmp_path / "a.mp4")["video"]["height"] == 90


def test_an_upload_link_is_for_its_job_and_its_time(caller: Caller) -> None:
    caller.sandbox.settings(link_lifetime=0.3)
    job = caller.post(f"/datasource/{caller.create()}", {"dataSource": FILE}).json()["job"]
    link = job["dataSource"]["params"]["tempUrl"]

    assert requests.put(link.replace("Signature=", "Signature=0"), data=b"x", timeout=9).status_code == 403
    assert requests.put(link.replace(job["id"], "other"), data=b"x", timeout=9).status_code == 403
    assert requests.get(link, timeout=9).status_code == 405
    time.sleep(0.4)
    assert requests.put(link, data=b"x", timeout=9).status_code == 403


def test_a_result_can_be_read_whole_in_part_and_by_head(link: str) -> None:
    whole = requests.get(link, timeout=9)
    size = len(whole.content)

    head = requests.head(link, timeout=9)
    assert (head.headers["Content-Length"], head.headers["ETag"]) == (str(size), whole.headers["ETag"])
    assert hashlib.md5(whole.content).hexdigest() in whole.headers["ETag"]

    for wanted, expected in (
        ("bytes=0-9", whole.content[:10]),
        ("bytes=10-", whole.content[10:]),
        ("bytes=-7", whole.content[-7:]),
        (f"bytes=5-{size * 2}", whole.content[5:]),
    ):
        part = requests.get(link, headers={"Range": wanted}, timeout=9)
        assert (part.status_code, part.content) == (206, expected), wanted
        assert part.headers["Content-Range"].endswith(f"/{size}")


def test_ranges_and_conditions_at_the_edge(link: str) -> None:
    etag = requests.head(link, timeout=9).headers["ETag"]

    def status(**headers: str) -> int:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return requests.get(link, headers=named, timeout=9).status_code

    assert status(Range="bytes=99999999-") == 416
    assert status(Range="bytes=-0") == 416
    assert status(Range="bytes=5-2") == 200
    assert status(Range="lines=1-2") == 200
    assert status(If_None_Match=etag) == 304
    assert status(Range="bytes=0-3", If_Range=etag) == 206
    assert status(Range="bytes=0-3", If_Range='"other"') == 200


def test_a_result_link_is_signed_and_expires(caller: Caller) -> None:
    caller.sandbox.settings(instant=True, link_lifetime=0.4)
    job = caller.finish("http://127.0.0.1:1/a.mp4")
    (old,) = caller.results(job["id"]).values()
    assert requests.get(old, timeout=9).status_code == 200
    assert requests.get(old.split("?")[0], timeout=9).status_code == 403
    assert requests.get(old.replace("Expires=", "Expires=9"), timeout=9).status_code == 403

    time.sleep(0.5)

    expired = requests.get(old, timeout=9)
    assert (expired.status_code, "ExpiredToken" in expired.text) == (403, True)
    (fresh,) = caller.results(job["id"]).values()
    assert requests.get(fresh, timeout=9).status_code == 200
    caller.sandbox.settings(file_lifetime=0.1)
    (late,) = caller.results(job["id"]).values()
    assert requests.get(late, timeout=9).status_code == 403


def test_results_can_be_written_to_s3_and_linked_there(caller: Caller, sources: dict[str, str]) -> None:
    destination = s3_place(caller.sandbox, "outbox", "/some/folder/")

    job = caller.finish(sources["sound"], destination=destination)

    assert job["state"] == "JOB_STATE_COMPLETE", job.get("errorMessage")
    key = "some/folder/out_0/Example_job_custom.mp4"
    size = caller.sandbox.s3().head_object(Bucket="outbox", Key=key)["ContentLength"]
    (link,) = caller.results(job["id"]).values()
    assert len(requests.get(link, timeout=9).content) == size > 1000


def test_a_source_can_be_an_object_in_s3(caller: Caller, sources: dict[str, str]) -> None:
    job_id = caller.draft("http://127.0.0.1:1/a.mp4")
    caller.post(f"/datasource/{job_id}", {"dataSource": s3_place(caller.sandbox, "inbox", "/sound.mp4")})
    caller.run(job_id)

    assert caller.wait(job_id)["state"] == "JOB_STATE_COMPLETE"


def test_s3_places_that_do_not_work_fail_the_job_without_telling_keys(caller: Caller, sources: dict[str, str]) -> None:
    bad_key = s3_place(caller.sandbox, "outbox", "x", secretKey="a-wrong-secret")
    no_bucket = s3_place(caller.sandbox, "no-such-bucket", "x")
    nowhere = s3_place(caller.sandbox, "outbox", "x", endpoint="http://127.0.0.1:1")

    said = []
    for destination in (bad_key, no_bucket, nowhere):
        job = caller.finish(sources["sound"], destination=destination)
        assert job["state"] == "JOB_STATE_FAILED"
        said.append(job["errorMessage"])

    assert "SignatureDoesNotMatch" in said[0]
    assert "NoSuchBucket" in said[1]
    assert "a-wrong-secret" not in "".join(said)


def test_a_synthetic_result_is_large_repeatable_and_a_real_mp4(caller: Caller, tmp_path: Path) -> None:
    size = 5 * MIB + 12345
    caller.sandbox.settings(synthetic_size=size)
    job = caller.finish("http://127.0.0.1:1/a.mp4")
    (link,) = caller.results(job["id"]).values()

    whole = requests.get(link, timeout=20).content

    assert len(whole) == size
    middle = requests.get(link, headers={"Range": f"bytes={MIB - 5}-{3 * MIB + 5}"}, timeout=9)
    assert middle.content == whole[MIB - 5 : 3 * MIB + 6]
    assert whole[MIB : 2 * MIB] != whole[2 * MIB : 3 * MIB]
    assert fetch_streams(link, tmp_path / "big.mp4")["video"]["height"] == 90


def test_two_gigabytes_are_served_at_once_from_anywhere(caller: Caller) -> None:
    caller.sandbox.settings(synthetic_size=2 << 30)
    job = caller.finish("http://127.0.0.1:1/a.mp4")
    (link,) = caller.results(job["id"]).values()

    assert requests.head(link, timeout=9).headers["Content-Length"] == str(2 << 30)
    last = requests.get(link, headers={"Range": "bytes=-10"}, timeout=9)
    assert last.headers["Content-Range"] == f"bytes {(2 << 30) - 10}-{(2 << 30) - 1}/{2 << 30}"


def test_a_synthetic_result_goes_to_s3_too(caller: Caller) -> None:
    caller.sandbox.settings(synthetic_size=20 * MIB)

    caller.finish("http://127.0.0.1:1/a.mp4", destination=s3_place(caller.sandbox, "outbox", "big"))

    (found,) = caller.sandbox.s3().list_objects_v2(Bucket="outbox", Prefix="big/")["Contents"]
    assert found["Size"] == 20 * MIB
