"""What only the fused operator of Pixop does; what all fused operators must hold is in tests/guarantees."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from reelworks.pixop import jobs as remote
from reelworks.pixop.enhance import PixopEnhanceOperator, preview_length
from tests.guarantees.house import ffmpeg
from tests.pixop.conftest import Studio
from tests.task_process import TaskLife

LONG = bool(os.environ.get("REELWORKS_LONG"))
"""Whether an upload really takes two minutes, with tokens of twenty seconds; else a tenth of both."""

SMALL = """
description: small
request:
  mediaContainerCodec: {container: mp4, codec: h264}
  resolution: {height: 64, aspectRatioTag: display}
"""
OPEN = "description: whatever Pixop takes\nrequest: {denoiser: hqdn3d}\n"


class QuickEnhanceOperator(PixopEnhanceOperator):
    """Looks often."""

    quick_interval = 0.1


class ImpatientEnhanceOperator(QuickEnhanceOperator):
    """Defers at once."""

    patience = 0.0


@pytest.fixture
def presets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "presets" / "pixop"
    folder.mkdir(parents=True)
    (folder / "small.yaml").write_text(SMALL)
    (folder / "open.yaml").write_text(OPEN)
    monkeypatch.setenv("REELWORKS_PRESETS", str(folder.parent))


pytestmark = pytest.mark.usefixtures("presets")


def clip(folder: Path, seconds: float = 4, suffix: str = "mp4", *more: str) -> Path:
    path = folder / f"clip.{suffix}"
    lavfi = ["-f", "lavfi", "-i", f"testsrc2=s=320x180:r=25:d={seconds}"]
    tone = ["-f", "lavfi", "-i", f"sine=f=440:d={seconds}"]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest", *more]
    subprocess.run([ffmpeg(), "-v", "error", "-y", *lavfi, *tone, *codecs, str(path)], check=True, timeout=60)
    return path


def put(studio: Studio, path: Path) -> str:
    key = f"{studio.prefix}/{path.name}"
    studio.sandbox.s3().put_object(Bucket="inbox", Key=key, Body=path.read_bytes())
    return f"s3://inbox/{key}"


def life(
    studio: Studio, source: str, operator: type[PixopEnhanceOperator] = QuickEnhanceOperator, **given: Any
) -> TaskLife:
    work = {
        "source": source,
        "preset": "small",
        "destination": f"s3://outbox/{studio.prefix}",
        "interval": 0.2,
        **given,
    }
    return TaskLife(lambda: operator(task_id="enhance", **work), studio.folder)


def output(enhancing: TaskLife) -> dict[str, Any]:
    (only,) = enhancing.xcoms["return_value"]
    return dict(only)


def jobs(studio: Studio, enhancing: TaskLife) -> list[dict[str, Any]]:
    name = enhancing.store["reelworks.job"]["name"]
    return [job for job in studio.ledger()["jobs"] if job["name"] == name]


def uploads(studio: Studio, enhancing: TaskLife) -> list[dict[str, Any]]:
    names = {video["id"]: video["name"] for video in studio.ledger()["videos"]}
    mine = enhancing.store["reelworks.job"]["name"]
    return [upload for upload in studio.ledger()["uploads"] if names.get(upload["videoId"]) == mine]


@contextmanager
def frozen_amid_a_fault(studio: Studio, enhancing: TaskLife) -> Iterator[None]:
    """Run a try whose process stands still from when the service takes the call that its rule spoils; it ends after."""
    others = set(psutil.Process().children())
    trying = threading.Thread(target=enhancing.run)
    trying.start()
    until = time.monotonic() + 60
    while not studio.injected() and time.monotonic() < until:
        time.sleep(0.05)
    (process,) = set(psutil.Process().children()) - others
    process.suspend()
    try:
        yield
    finally:
        process.kill()
        trying.join()


def test_a_preview_costs_its_part_and_comes_out_of_the_middle(studio: Studio, tmp_path: Path) -> None:
    source = put(studio, clip(tmp_path))
    whole, part = life(studio, source), life(studio, source, preview_seconds="1")

    assert whole.run().state == part.run().state == "success"

    full, fraction = (float(jobs(studio, each)[0]["amount"]) for each in (whole, part))
    assert fraction == pytest.approx(full / 4, rel=0.1)
    assert output(part)["probe"]["duration"] == pytest.approx(1.0, abs=0.1)
    asked = part.store["reelworks.job"]["notes"]["body"]["range"]
    assert asked == {"startPositionMilliseconds": 1500, "endPositionMilliseconds": 2500}


@pytest.mark.parametrize(("given", "seconds"), [(None, None), ("None", None), ("", None), ("10", 10.0), (2.5, 2.5)])
def test_the_seconds_of_a_preview_may_come_out_of_a_template(given: Any, seconds: float | None) -> None:
    assert preview_length(given) == seconds


@pytest.mark.parametrize("given", ["ten", "-1", "0.2", "nan", "inf", "1e9"])
def test_a_preview_of_nonsense_is_refused_before_anything_is_made(studio: Studio, tmp_path: Path, given: str) -> None:
    enhancing = life(studio, put(studio, clip(tmp_path, 1)), preview_seconds=given)

    outcome = enhancing.run()

    assert outcome.state == "failed"
    assert "preview_seconds" in outcome.error
    assert enhancing.store == {}


def test_what_failed_in_processing_is_processed_again_without_an_upload(studio: Studio, tmp_path: Path) -> None:
    studio.settings(fail_next=1)
    enhancing = life(studio, put(studio, clip(tmp_path, 1)))

    assert enhancing.run().state == "up_for_retry"
    assert enhancing.run().state == "success"

    assert len(uploads(studio, enhancing)) == 1
    assert [job["state"] for job in jobs(studio, enhancing)] == ["ERROR", "DONE"]
    assert studio.alive() == []


def test_what_failed_in_the_ingest_is_uploaded_anew(studio: Studio, tmp_path: Path) -> None:
    studio.settings(fail_next_ingest=1)
    enhancing = life(studio, put(studio, clip(tmp_path, 1)))

    assert enhancing.run().state == "up_for_retry"
    assert enhancing.run().state == "success"

    assert len(jobs(studio, enhancing)) == 1
    assert studio.alive() == []


def test_a_processing_that_is_on_its_way_when_the_next_try_starts_is_paid_once(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Airflow took the try for dead: its worker hung, with the call sent and not yet acted on.
    enhancing = life(studio, put(studio, clip(tmp_path, 1)))
    monkeypatch.setattr(remote, "LANDING", 30.0)
    studio.settings(job_seconds=10)
    studio.faults({"kind": "slow", "endpoint": "process_video", "seconds": 5, "times": 1})

    with frozen_amid_a_fault(studio, enhancing):
        assert enhancing.run().state == "success"

    assert len(jobs(studio, enhancing)) == 1
    assert studio.alive() == []


def test_videos_that_are_to_be_kept_are_ingested_in_full_and_stay(studio: Studio, tmp_path: Path) -> None:
    enhancing = life(studio, put(studio, clip(tmp_path, 1)), keep_remote=True)

    assert enhancing.run().state == "success"

    (upload,) = uploads(studio, enhancing)
    assert not upload["light"]
    assert sorted(studio.alive()) == sorted([upload["videoId"], jobs(studio, enhancing)[0]["id"]])


def test_an_enhancement_that_ends_badly_keeps_nothing_whatever_was_to_be_kept(studio: Studio, tmp_path: Path) -> None:
    studio.settings(fail_next=100)
    enhancing = life(studio, put(studio, clip(tmp_path, 1)), keep_remote=True)
    enhancing.retries = enhancing.max_tries = 0

    assert enhancing.run().state == "failed"

    assert studio.alive() == []


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_project_is_found_by_its_id_or_its_name(studio: Studio, tmp_path: Path, by: str) -> None:
    name = f"Tapes of {studio.prefix}"
    project = studio.call("PUT", "/videos/v1/project", {"name": name})["project"]["id"]
    source = put(studio, clip(tmp_path, 1))
    enhancing = life(studio, source, project={"id": project, "name": name}[by])

    assert enhancing.run().state == "success"

    mine = enhancing.store["reelworks.job"]["name"]
    assert {video["projectId"] for video in studio.ledger()["videos"] if video["name"] == mine} == {project}


def test_a_project_that_is_not_there_is_told_with_its_neighbour(studio: Studio, tmp_path: Path) -> None:
    studio.call("PUT", "/videos/v1/project", {"name": f"Tapes {studio.prefix}"})
    enhancing = life(studio, put(studio, clip(tmp_path, 1)), project=f"Tape {studio.prefix}")

    outcome = enhancing.run()

    assert outcome.state == "failed"
    assert f"did you mean 'Tapes {studio.prefix}'" in outcome.error
    assert enhancing.store == {}


def test_two_projects_of_one_name_are_told_apart_by_their_ids(studio: Studio, tmp_path: Path) -> None:
    twins = [studio.call("PUT", "/videos/v1/project", {"name": f"Twin {studio.prefix}"})["project"]["id"] for _ in "ab"]
    enhancing = life(studio, put(studio, clip(tmp_path, 1)), project=f"Twin {studio.prefix}")

    outcome = enhancing.run()

    assert outcome.state == "failed"
    for project in twins:
        assert project in outcome.error


@pytest.mark.parametrize("suffix", ["mkv", "avi", "mp4"])
def test_an_output_whose_container_pixop_chose_is_called_after_it(studio: Studio, tmp_path: Path, suffix: str) -> None:
    enhancing = life(studio, put(studio, clip(tmp_path, 1, suffix)), preset="open")

    assert enhancing.run().state == "success"

    made = output(enhancing)
    container = made["probe"]["container"]
    assert made["name"] == f"open.{ {'mp4': 'mp4', 'mov': 'mov', 'mxf': 'mxf', 'mpegts': 'mts'}[container] }"


def test_a_container_is_asked_for_until_pixop_tells_it(studio: Studio, tmp_path: Path) -> None:
    enhancing = life(studio, put(studio, clip(tmp_path, 1, "mp4")), preset="open")
    kinds = ("status_after", "reset_after", "content_type")
    rules = [{"kind": kind, "endpoint": "download_processed", "times": 1} for kind in kinds]
    studio.faults(*rules)

    assert enhancing.run().state == "success"

    assert studio.injected() == len(rules)
    assert output(enhancing)["name"] == "open.mp4"


def test_a_source_that_does_not_fit_its_preset_costs_nothing(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "presets/pixop/late.yaml").write_text(
        "description: late\nrequest: {range: {startPositionMilliseconds: 60000}}\n"
    )
    enhancing = life(studio, put(studio, clip(tmp_path, 1)), preset="late")

    outcome = enhancing.run()

    assert outcome.state == "failed"
    assert "range.startPositionMilliseconds" in outcome.error
    assert enhancing.store == {}


def test_an_https_source_is_refused(studio: Studio) -> None:
    outcome = life(studio, "https://example.com/a.mp4").run()

    assert outcome.state == "failed"
    assert "s3://" in outcome.error


@pytest.mark.timeout(400)
def test_an_upload_outlives_its_token_many_times(studio: Studio, tmp_path: Path) -> None:
    size = 12_000_000
    seconds, lifetime = (120, 20) if LONG else (12, 2)
    source = clip(tmp_path, 4, "mov", "-bufsize", "1k")
    with source.open("ab") as file:  # players and probes stop at the last box
        file.write((size - source.stat().st_size).to_bytes(4, "big") + b"free")
        file.truncate(size)
    studio.settings(token_lifetime=lifetime, upload_bytes_per_second=size // seconds)
    enhancing = life(studio, put(studio, source), ImpatientEnhanceOperator)

    outcome = enhancing.run()

    assert outcome.state == "success", outcome
    assert len(uploads(studio, enhancing)) == 1
    assert studio.alive() == []
    assert "eyJ" not in json.dumps(enhancing.saved)  # how every JWT begins
