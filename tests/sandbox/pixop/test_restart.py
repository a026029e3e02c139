"""A sandbox that was killed outright comes back with all it knew, and goes on with its work."""

import contextlib
import time
from pathlib import Path

import requests

from tests.sandbox.pixop.client import Client
from tests.sandbox.process import SandboxProcess


def test_nothing_is_forgotten_over_a_kill(tmp_path: Path, clip: Path) -> None:
    with SandboxProcess(tmp_path / "state", "--only=pixop") as sandbox:
        client = Client(sandbox)
        client.settings(null_state=False)
        project = client.create_project("kept")
        source = client.ready(clip, "kept", projectId=project)
        done = client.process(source)
        assert client.wait_process(done) == "DONE"
        etag = client.call("HEAD", f"/media/v1/download/processed/{done}").headers["ETag"]
        gone = client.create("gone")
        client.delete(gone)
        client.settings(job_seconds=60, ingest_seconds=60, fail_next=1, encodes=2)
        running = [client.process(source) for _ in range(2)]
        looking = client.create("being looked at")
        client.upload(looking, clip)
        half = client.create("half")
        folder = sandbox.state_dir / "pixop" / "media" / half
        folder.mkdir()
        (folder / "upload-of-a-dead-process").write_bytes(b"half")
        while not client.row("jobs", running[1])["runs"]:
            time.sleep(0.02)
        client.call("GET", f"/media/v1/download/original/{source}")
        before = client.ledger()

        sandbox.kill()
        sandbox.start()

        # The settings of the killed sandbox are gone with it, and so is its patience.
        assert client.call("POST", "/accounts/v1/token").status_code == 200
        assert [client.wait_process(video) for video in running] == ["ERROR", "DONE"]
        assert client.wait_ingest(looking) == "DONE"
        after = client.ledger()
        assert after["totals"]["amount"] == before["totals"]["amount"]
        assert after["alive"] == before["alive"]
        assert after["projects"] == before["projects"]
        assert after["uploads"] == before["uploads"]
        assert after["downloads"] == before["downloads"] == {source: clip.stat().st_size}
        assert client.row("jobs", running[1])["runs"] == 2
        assert client.row("jobs", done)["runs"] == 1
        assert client.call("GET", f"/videos/v1/video/{gone}").status_code == 404
        assert client.get(f"/videos/v1/project/{project}")["project"]["name"] == "kept"
        assert client.call("HEAD", f"/media/v1/download/processed/{done}").headers["ETag"] == etag
        assert client.call("GET", f"/media/v1/download/original/{source}").content == clip.read_bytes()
        assert not folder.exists()


def test_a_kill_during_an_upload_leaves_the_video_as_it_was(tmp_path: Path, clip: Path) -> None:
    with SandboxProcess(tmp_path / "state", "--only=pixop") as sandbox:
        client = Client(sandbox)
        client.settings(upload_bytes_per_second=1000)
        video = client.create()
        folder = sandbox.state_dir / "pixop" / "media" / video
        with contextlib.suppress(requests.Timeout):
            client.upload(video, clip, timeout=0.5)
        # The slow server has not noticed yet that its client is gone.
        assert list(folder.iterdir())

        sandbox.kill()
        sandbox.start()

        assert client.video(video)["upload"]["uploadState"] is None
        assert not folder.exists()
        client.settings(null_state=False)
        assert client.upload(video, clip).status_code == 200
        assert client.wait_ingest(video) == "DONE"
        assert [row["complete"] for row in client.ledger()["uploads"]] == [False, True]


def test_the_command_line_sets_the_pace(tmp_path: Path, clip: Path) -> None:
    arguments = ["--only=s3,pixop", "--instant", "--job-seconds=0.3", "--token-lifetime=20", "--encodes=3"]
    with SandboxProcess(tmp_path / "state", *arguments) as sandbox:
        client = Client(sandbox)
        given = client.settings()
        assert given | {"instant": True, "job_seconds": 0.3, "token_lifetime": 20.0, "encodes": 3} == given
        began = time.monotonic()
        processed = client.process(client.ready(clip))
        assert client.wait_process(processed) == "DONE"
        assert time.monotonic() - began >= 0.3
        assert set(sandbox.info) == {"pid", "s3", "pixop"}
        assert set(sandbox.info["pixop"]) == {"url", "email", "password", "team_id", "other_team_id"}
