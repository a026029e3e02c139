"""Starting, stopping, being killed and starting again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
import requests

from tests.sandbox.caller import Caller, make_clip, small_output
from tests.sandbox.process import ROOT, SandboxProcess


@pytest.fixture
def own(tmp_path: Path) -> Iterator[SandboxProcess]:
    """A sandbox that a test may kill."""
    running = SandboxProcess(tmp_path / "state")
    yield running
    running.stop()


def run_cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sandbox", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)


def gone(processes: list[psutil.Process], seconds: float = 5) -> bool:
    return not psutil.wait_procs(processes, timeout=seconds)[1]


def test_help_explains_all() -> None:
    said = run_cli("--help").stdout

    for word in ("--s3-port", "--bytenite-port", "--only", "--state", "--instant", "/sandbox/ledger", "reset_after"):
        assert word in said


@pytest.mark.parametrize(
    "arguments",
    [("--only", "s4"), ("--faults", '{"kind": "x"}'), ("--faults", "no-such-file"), ("--token-lifetime", "-1")],
)
def test_a_wrong_option_is_one_clear_error(arguments: tuple[str, ...], tmp_path: Path) -> None:
    said = run_cli("--state", str(tmp_path), *arguments)

    assert said.returncode == 2
    assert "Traceback" not in said.stderr


def test_a_busy_port_is_an_error_only_when_asked_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = run_cli("--state", str(tmp_path), "--only", "bytenite", "--bytenite-port", port)

    assert said.returncode == 2
    assert "in use" in said.stderr


def test_a_start_is_private_on_loopback_and_has_buckets(house: SandboxProcess) -> None:
    info_file = house.state_dir / "sandbox.json"
    listed = {bucket["Name"] for bucket in house.s3().list_buckets()["Buckets"]}

    assert {"inbox", "outbox"} <= listed
    assert info_file.stat().st_mode & 0o777 == 0o600
    assert house.state_dir.stat().st_mode & 0o777 == 0o700
    assert house.process is not None
    tree = [psutil.Process(house.process.pid), *psutil.Process(house.process.pid).children(recursive=True)]
    listeners = [
        connection.laddr.ip
        for process in tree
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listeners) >= 2
    assert set(listeners) == {"127.0.0.1"}


def test_a_second_sandbox_on_the_same_directory_is_refused(house: SandboxProcess) -> None:
    said = run_cli("--state", str(house.state_dir))

    assert said.returncode == 2
    assert "another sandbox" in said.stderr


def test_a_stop_ends_all_within_three_seconds(own: SandboxProcess, tmp_path: Path) -> None:
    own.start()
    assert own.process is not None
    caller = Caller(own)
    begin_long_encode(own, caller, tmp_path)
    children = psutil.Process(own.process.pid).children(recursive=True)
    assert {child.name().split("-")[0] for child in children} == {"weed", "ffmpeg"}

    began = time.monotonic()
    own.stop()

    assert time.monotonic() - began < 3.5
    assert gone(children, 0.5)
    assert not (own.state_dir / "sandbox.json").exists()


def begin_long_encode(own: SandboxProcess, caller: Caller, tmp_path: Path) -> str:
    clip = make_clip(tmp_path / "long.mp4", size="320x240", seconds=3, sound=False)
    own.s3().upload_file(str(clip), "inbox", "long.mp4")
    target = {"Bucket": "inbox", "Key": "long.mp4"}
    link = own.s3().generate_presigned_url("get_object", Params=target)
    slow = small_output(aspect__resolution={"height": "240p"}, video__codec_params={"preset": "veryslow"})
    job_id = caller.draft(link, slow)
    caller.run(job_id)
    deadline = time.monotonic() + 20
    while caller.job(job_id)["state"] != "JOB_STATE_RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.1)
    return job_id


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own help is Linux's")
def test_a_killed_sandbox_takes_its_children_along_and_forgets_no_paid_job(own: SandboxProcess, tmp_path: Path) -> None:
    own.start()
    assert own.process is not None
    before = own.info
    caller = Caller(own)
    job_id = begin_long_encode(own, caller, tmp_path)
    children = psutil.Process(own.process.pid).children(recursive=True)
    paid = own.ledger()

    own.kill()
    assert gone(children)
    own.start()

    assert own.info["bytenite"] == before["bytenite"]
    # Nobody's connection names the address of the log of changes: that one may move.
    assert {**own.info["s3"], "filer": None} == {**before["s3"], "filer": None}
    assert own.s3().head_object(Bucket="inbox", Key="long.mp4")["ContentLength"] > 1000
    # The token from before is good still, and the job goes on without being paid again.
    assert caller.wait(job_id)["state"] == "JOB_STATE_COMPLETE"
    after = own.ledger()
    assert [row["id"] for row in after["jobs"]] == [job_id]
    assert after["totals"]["amount"] == paid["totals"]["amount"]
    assert after["wallet"] == paid["wallet"]
    ((_, link),) = caller.results(job_id).items()
    assert requests.get(link, timeout=9).status_code == 200


def test_instant_mode_and_faults_can_be_set_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "one-that-is-not-there")
    rules = tmp_path / "faults.json"
    rules.write_text(json.dumps([{"kind": "status", "endpoint": "get_user", "status": 500}]))
    arguments = ("--only=bytenite", "--instant", f"--faults={rules}", "--token-lifetime=20", "--seed=1")

    with SandboxProcess(tmp_path / "state", *arguments) as own:
        caller = Caller(own)
        assert caller.call("GET", "/v1/auth/user").status_code == 500
        assert caller.finish("http://127.0.0.1:1/a.mp4")["state"] == "JOB_STATE_COMPLETE"
        assert (own.ledger()["instant"], own.settings()["token_lifetime"]) == (True, 20)
        assert "s3" not in own.info
        assert "instant mode" in (own.state_dir / "output.txt").read_text()


def test_a_sandbox_without_s3_uses_the_one_it_is_given(
    house: SandboxProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = house.info["s3"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access["access_key"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", access["secret_key"])

    with SandboxProcess(tmp_path / "state", "--s3-endpoint", access["endpoint"]) as own:
        assert own.info["s3"]["endpoint"] == access["endpoint"]

    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    refused = run_cli("--state", str(tmp_path / "other"), "--s3-endpoint", access["endpoint"])
    assert "AWS_SECRET_ACCESS_KEY" in refused.stderr


def test_a_machine_without_the_s3_server_is_told_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    from sandbox import seaweed

    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(seaweed.S3StartError, match="--s3-endpoint"):
        seaweed.find_weed()


def test_a_signal_during_the_start_stops_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox", "--state", str(tmp_path), "--s3-port=0", "--bytenite-port=0"]
    process = subprocess.Popen(command, cwd=ROOT)
    while not (tmp_path / "s3" / "weed.pid").exists():
        time.sleep(0.02)
    children = psutil.Process(process.pid).children(recursive=True)

    process.send_signal(signal.SIGTERM)

    assert process.wait(5) == 0
    assert gone(children, 1)


def test_ctrl_c_leaves_a_running_job_to_the_next_start(own: SandboxProcess, tmp_path: Path) -> None:
    own.start()
    assert own.process is not None
    caller = Caller(own)
    job_id = begin_long_encode(own, caller, tmp_path)
    encoders = [child for child in psutil.Process(own.process.pid).children() if "ffmpeg" in child.name()]

    # A terminal sends Ctrl-C to every process of the foreground group.
    group = own.process.pid
    for process in [own.process, *[child for child in encoders if os.getpgid(child.pid) == os.getpgid(group)]]:
        process.send_signal(signal.SIGINT)
    assert own.process.wait(5) == 0
    own.start()

    assert caller.job(job_id)["state"] in ("JOB_STATE_PARTITIONING", "JOB_STATE_RUNNING")
