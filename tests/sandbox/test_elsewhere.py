"""Reached from other machines: listening where it is told, under the name it is told, with credentials it is given."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import psutil  # type: ignore[import-untyped]
import pytest
import requests
from botocore.exceptions import ClientError

from tests.sandbox.caller import Caller, make_clip, small_output
from tests.sandbox.process import SandboxProcess

ELSEWHERE = "127.0.0.2"  # an address of this machine that is not the usual one
GIVEN = {
    "S3_ACCESS_KEY": "given-access-key",
    "S3_SECRET_KEY": "given-secret-key",
    "BYTENITE_API_KEY": "given-api-key",
    "OPENENCODER_ADMIN_PASSWORD": "given-admin",
    "PIXOP_PASSWORD": "given-pixop",
}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in GIVEN.items():
            patch.setenv(f"SANDBOX_{name}", value)
        with SandboxProcess(tmp_path_factory.mktemp("sandbox") / "state", "--host", ELSEWHERE) as running:
            yield running


def listeners(sandbox: SandboxProcess, *, children: bool) -> set[str]:
    assert sandbox.process is not None
    own = psutil.Process(sandbox.process.pid)
    return {
        connection.laddr.ip
        for process in (own.children(recursive=True) if children else [own])
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }


def test_only_the_services_and_s3_are_reachable_from_elsewhere(elsewhere: SandboxProcess) -> None:
    assert listeners(elsewhere, children=False) == {ELSEWHERE}
    assert listeners(elsewhere, children=True) == {"127.0.0.1"}  # SeaweedFS's own doors


def test_every_address_carries_the_name(elsewhere: SandboxProcess) -> None:
    told = [elsewhere.url(name) for name in ("bytenite", "openencoder", "pixop", "sqs")]

    for url in [*told, elsewhere.info["s3"]["endpoint"], elsewhere.info["sqs"]["queue_url"]]:
        assert url.startswith(f"http://{ELSEWHERE}:")


def test_the_credentials_are_the_given_ones(elsewhere: SandboxProcess) -> None:
    info = elsewhere.info

    assert (info["s3"]["access_key"], info["s3"]["secret_key"]) == ("given-access-key", "given-secret-key")
    assert info["bytenite"]["api_key"] == "given-api-key"
    assert (info["openencoder"]["password"], info["pixop"]["password"]) == ("given-admin", "given-pixop")


def test_credentials_of_the_first_start_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_BYTENITE_API_KEY", "first")
    with SandboxProcess(tmp_path / "state", "--only=bytenite") as first:
        assert first.info["bytenite"]["api_key"] == "first"

    monkeypatch.setenv("SANDBOX_BYTENITE_API_KEY", "second")
    with SandboxProcess(tmp_path / "state", "--only=bytenite") as second:
        assert second.info["bytenite"]["api_key"] == "first"


def test_s3_checks_signatures_made_for_that_name(elsewhere: SandboxProcess, tmp_path: Path) -> None:
    s3, big = elsewhere.s3(), tmp_path / "big"
    big.write_bytes(bytes(range(256)) * (64 << 10))  # 16 MiB: in parts, several connections at once
    s3.upload_file(str(big), "inbox", "big")
    s3.download_file("inbox", "big", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == big.read_bytes()

    link = s3.generate_presigned_url("get_object", Params={"Bucket": "inbox", "Key": "big"})
    assert link.startswith(f"http://{ELSEWHERE}:")
    assert requests.get(link, headers={"Range": "bytes=1-4"}, timeout=10).content == bytes(range(1, 5))
    assert requests.get(f"{link}0", timeout=10).status_code == 403

    stranger = boto3.client(
        "s3",
        endpoint_url=elsewhere.info["s3"]["endpoint"],
        aws_access_key_id="given-access-key",
        aws_secret_access_key="wrong",
        region_name="us-east-1",
    )
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        stranger.list_buckets()


def test_a_job_reads_and_is_read_under_that_name(elsewhere: SandboxProcess, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size="160x120", seconds=1, sound=False)
    elsewhere.s3().upload_file(str(clip), "inbox", "clip.mp4")
    link = elsewhere.s3().generate_presigned_url("get_object", Params={"Bucket": "inbox", "Key": "clip.mp4"})
    caller = Caller(elsewhere)

    job_id = caller.draft(link, small_output())
    caller.run(job_id)

    assert caller.wait(job_id)["state"] == "JOB_STATE_COMPLETE"
    ((_, result),) = caller.results(job_id).items()
    assert result.startswith(f"http://{ELSEWHERE}:")
    assert requests.get(result, timeout=10).status_code == 200


def test_a_name_can_be_another_than_the_address(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path / "state", "--only=bytenite", "--name", "localhost") as own:
        assert own.url().startswith("http://localhost:")
        assert own.settings()["instant"] is False
