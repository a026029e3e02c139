"""What becomes of jobs."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from tests.sandbox.caller import streams_of
from tests.sandbox.openencoder.client import Client


def test_a_job_encodes_from_the_inbound_to_the_outbound_bucket(client: Client, tmp_path: Path) -> None:
    job = client.encode(source="s3:///src/clip.mp4", dest="s3:///real/", preset="h264_baseline_360p_600")
    assert job["status"] == "completed"
    assert job["progress"] == 100
    assert json.loads(job["options"])["raw"][0] == "-vf scale=-2:360"
    probe = json.loads(job["probe"])
    assert [stream["codec_name"] for stream in probe["streams"]] == ["h264", "aac"]
    streams = streams_of(client.fetch("real/h264_baseline_360p_600.mp4", tmp_path / "out.mp4"))
    assert (streams["video"]["height"], streams["video"]["profile"]) == (360, "Constrained Baseline")
    row = client.row(job["id"])
    assert (row["name"], row["state"], row["output"]) == (
        "s3:///real/",
        "completed",
        "real/h264_baseline_360p_600.mp4",
    )
    assert isinstance(row["amount"], str)
    assert float(row["amount"]) == pytest.approx(row["encodeSeconds"] * 0.00744 / 3600, abs=1e-8)


def test_the_vp9_preset_has_an_output_name_of_its_own(client: Client) -> None:
    client.settings(instant=True)
    job = client.encode(dest="vp9/", preset="webm_vp9_720p_3000")
    assert client.row(job["id"])["output"] == "vp9/webm_vp9_3000_720.webm"


def test_phases_follow_each_other(client: Client) -> None:
    client.settings(phase_seconds=0.15, job_seconds=0.3)
    job = client.create(dest="phases/")
    seen: list[str] = []
    deadline = time.monotonic() + 15
    while not seen or seen[-1] != "completed":
        assert time.monotonic() < deadline, seen
        if (state := client.state(job)) not in seen:
            seen.append(state)
        time.sleep(0.02)
    assert seen[-5:] == ["downloading", "probing", "encoding", "uploading", "completed"]
    assert seen[:-5] in ([], ["queued"])


def test_an_encode_reports_progress_speed_and_rate_at_each_tick(client: Client) -> None:
    client.settings(job_seconds=1.5)
    job = client.create(dest="progress/")
    client.wait(job, "encoding")
    seen = set()
    while client.state(job) == "encoding":
        now = client.job(job)
        if now["speed"] is not None:
            seen.add(now["progress"])
            assert now["speed"].endswith("x")
            assert now["fps"] > 0
        time.sleep(0.05)
    assert len(seen) > 3
    assert client.wait(job) == "completed"


@pytest.mark.parametrize(
    ("source", "dest", "key"),
    [
        ("s3:///src/clip.mp4", "s3:///keys/a/", "keys/a/tiny.mp4"),
        ("s3:///src/clip.mp4", "s3:///keys/noslash", "keys/noslashtiny.mp4"),
        ("s3://no-such-bucket/src/clip.mp4", "s3://other/keys/b/", "keys/b/tiny.mp4"),
        ("src/clip.mp4", "keys/c/", "keys/c/tiny.mp4"),
        ("/src/with%20blank.mp4", "/keys/d%20e/", "keys/d e/tiny.mp4"),
        ("src/with blank.mp4", "keys/f g/", "keys/f g/tiny.mp4"),
        ("src/clip.mp4", "keys/h?i/", "keys/htiny.mp4"),
        ("src/clip.mp4", "../../keys/up/", "keys/up/tiny.mp4"),
    ],
)
def test_keys_are_the_paths_of_the_urls(client: Client, source: str, dest: str, key: str) -> None:
    client.settings(instant=True)
    job = client.encode(source=source, dest=dest)
    assert (job["status"], client.row(job["id"])["output"]) == ("completed", key)
    client.sandbox.s3().head_object(Bucket="openencoder-out", Key=key)


def test_a_missing_source_stays_downloading(client: Client) -> None:
    job = client.create(source="src/nosuch.mp4")
    client.wait(job, "downloading")
    time.sleep(1)
    assert client.state(job) == "downloading"
    assert client.job(job) | {"created_date": ""} == {
        **{"id": job, "guid": client.job(job)["guid"], "preset": "tiny", "created_date": "", "status": "downloading"},
        **{"source": "src/nosuch.mp4", "destination": "out/", "probe": "{}", "options": "{}", "progress": 0},
        **{"speed": None, "fps": 0, "streaming": False},
    }
    assert job in client.ledger()["unfinished"]
    # The queue tries again: the worker is not held up, and a source that appears is found.
    assert client.encode()["status"] == "completed"


def test_a_file_that_is_no_video_becomes_an_error_without_a_reason(client: Client) -> None:
    job = client.encode(source="src/text.mp4")
    assert (job["status"], job["probe"], job["progress"]) == ("error", '{"streams":null}', 100)


def test_a_failed_upload_still_says_completed(client: Client) -> None:
    with outbound_bucket(client, "no-such-bucket"):
        job = client.encode(dest="lost/")
        assert (job["status"], client.row(job["id"])["output"]) == ("completed", None)
        client.settings(silent_upload_failure=False)
        assert client.encode(dest="lost/")["status"] == "error"


@contextmanager
def outbound_bucket(client: Client, name: str) -> Iterator[None]:
    usual = {each["name"]: each["value"] for each in client.get("/settings")["settings"]}
    client.call("PUT", "/settings", usual | {"S3_OUTBOUND_BUCKET": name})
    yield
    client.call("PUT", "/settings", usual)


def test_one_worker_does_one_job_at_a_time_in_order(client: Client) -> None:
    client.settings(instant=True, job_seconds=0.15)
    jobs = [client.create(dest=f"order/{number}/") for number in range(4)]
    for job in jobs:
        assert client.wait(job) == "completed"
    rows = [client.row(job) for job in jobs]
    times = [datetime.fromisoformat(row[name]) for row in rows for name in ("runAt", "endedAt")]
    assert times == sorted(times)


def test_more_workers_encode_at_the_same_time(client: Client) -> None:
    client.settings(instant=True, job_seconds=0.6, static_workers=6)
    began = time.monotonic()
    jobs = [client.create(dest=f"parallel/{number}/") for number in range(6)]
    for job in jobs:
        assert client.wait(job) == "completed"
    assert time.monotonic() - began < 2.5


def test_no_job_is_lost_among_many_sent_at_once(client: Client) -> None:
    client.settings(instant=True)
    jobs: list[int] = []
    threads = [
        threading.Thread(target=lambda number=number: jobs.append(client.create(dest=f"many/{number}/")))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(jobs)) == 12
    assert {client.wait(job) for job in jobs} == {"completed"}


def test_without_redis_a_job_stays_queued_until_it_is_restarted(client: Client) -> None:
    client.settings(redis_up=False)
    job = client.create(dest="redis/")
    client.settings(redis_up=True)
    time.sleep(0.5)
    assert client.state(job) == "queued"
    client.call("POST", f"/jobs/{job}/restart")
    assert client.state(job) in ("restarting", "downloading", "probing", "encoding", "uploading", "completed")
    assert client.wait(job) == "completed"


def test_without_workers_jobs_wait(client: Client) -> None:
    client.settings(static_workers=0)
    job = client.create(dest="patience/")
    time.sleep(0.3)
    assert client.state(job) == "queued"
    assert client.get("/health")["workers"] == 0
    assert client.get("/worker/queue")[0]["count"] == 1
    client.settings(static_workers=1)
    assert client.wait(job) == "completed"


def test_texts_over_128_characters_make_a_job_with_id_0_that_never_was(client: Client) -> None:
    before = client.get("/jobs?count=1")["count"]
    for change in ({"source": "x" * 129}, {"dest": "y" * 129}):
        assert client.create(**change) == 0
    assert client.get("/jobs?count=1")["count"] == before
    client.settings(instant=True, id_zero=False)
    job = client.create(dest="z" * 130 + "/")
    assert job > 0
    assert client.wait(job) == "completed"


def test_a_cancelled_encode_is_paid_as_far_as_it_came(client: Client) -> None:
    client.settings(job_seconds=30)
    job = client.create(dest="paid/")
    client.wait(job, "encoding")
    time.sleep(0.3)
    client.call("POST", f"/jobs/{job}/cancel")
    time.sleep(0.4)
    row = client.row(job)
    assert 0.2 < row["encodeSeconds"] < 5
    assert row["endedAt"] is not None
