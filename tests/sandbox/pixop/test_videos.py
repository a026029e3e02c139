"""The way of a video: made, uploaded, ingested, processed, deleted."""

import time
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from tests.sandbox.caller import make_clip
from tests.sandbox.pixop.client import TINY, Client, refusal


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds, which no machine enhances at once."""
    return make_clip(tmp_path_factory.mktemp("long") / "long.mp4", size="320x180", seconds=10, sound=False)


SLOW = TINY | {"frameRateConverter": "mcinterpolate", "frameRate": {"fps": 60}, "resolution": {"tag": "hd_1080p"}}


def encoders(client: Client) -> list[psutil.Process]:
    assert client.sandbox.process is not None
    children = psutil.Process(client.sandbox.process.pid).children(recursive=True)
    return [child for child in children if "ffmpeg" in child.name()]


def test_a_new_video_has_addresses_and_no_media(client: Client) -> None:
    answer = client.call("PUT", "/videos/v1/video", {}).json()
    video = client.video(answer["videoId"])

    assert list(answer) == ["projectId", "videoId", "uploadMediaUrl", "uploadLightMediaUrl", "processVideoUrl"]
    assert answer["uploadMediaUrl"] == f"{client.base}/media/v1/upload/{answer['videoId']}"
    assert answer["uploadLightMediaUrl"] == f"{client.base}/media/v1/upload/light/{answer['videoId']}"
    assert answer["processVideoUrl"] == f"{client.base}/videos/v1/process-video/{answer['videoId']}"
    assert video["upload"]["hasFinishedUploading"] is False
    assert [video["upload"]["uploadState"], video["ingestion"]["metadata"], video["name"]] == [
        None,
        None,
        "Untitled video",
    ]
    assert client.process_state(answer["videoId"]) is None
    assert client.ingest_status(answer["videoId"]) is None


def test_a_video_without_a_project_goes_to_the_default_one(client: Client) -> None:
    first = client.call("PUT", "/videos/v1/video", {"name": "a"}).json()["projectId"]

    assert client.call("PUT", "/videos/v1/video", {"name": "b", "projectId": None}).json()["projectId"] == first
    assert client.get(f"/videos/v1/project/{first}")["project"]["name"] == "Default project"


@pytest.mark.parametrize("project", ["no-such", 7, "", ["x"], "../../project"])
def test_a_video_of_no_project_is_refused(client: Client, project: object) -> None:
    answer = client.call("PUT", "/videos/v1/video", {"name": "a", "projectId": project})
    assert refusal(answer) == (404, "NotFoundException")


def test_an_ingested_video_tells_its_metadata(client: Client, clip: Path) -> None:
    video = client.video(client.ready(clip, "told"))

    assert video["upload"] | {"uploadState": "DONE"} == {
        "uploadState": "DONE",
        "hasFinishedUploading": True,
        "fileName": "clip.mp4",
        "fileSize": clip.stat().st_size,
        "fileType": "video/mp4",
        "fileContainerName": "QuickTime / MOV",
    }
    assert video["upload"]["uploadState"]["uploadStatus"] == "DONE"
    state, metadata = video["ingestion"]["ingestionState"], video["ingestion"]["metadata"]
    assert (state["ingestionStatus"], state["videoMetadataCommitted"]) == ("DONE", True)
    assert (metadata["frameWidth"], metadata["frameHeight"], metadata["totalFrames"]) == (128, 72, 15)
    assert (state["thumbnailsAvailable"], video["ingestion"]["qualityAssessment"]) == (False, None)
    assert video["processing"] == {"processingState": None, "processingParameters": None}


def test_a_full_upload_is_assessed(client: Client, clip: Path) -> None:
    video = client.video(client.ready(clip, light=False))

    assert video["ingestion"]["ingestionState"]["thumbnailsAvailable"] is True
    assert 0 <= video["ingestion"]["qualityAssessment"]["overallSubjectiveScore"] <= 5


def test_what_is_no_video_ends_in_error(client: Client, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("this is no video\n" * 100)
    video = client.create()
    client.upload(video, text)

    assert client.wait_ingest(video) == "ERROR"
    assert refusal(client.start(video)) == (400, "BadRequestException")
    client.settings(ingest_anything=True)
    video = client.ready(text)
    assert client.video(video)["ingestion"]["metadata"]["size"] == text.stat().st_size


def test_an_ingest_can_be_told_to_fail_and_to_last(client: Client, clip: Path) -> None:
    client.settings(fail_next_ingest=1, ingest_seconds=60, failed_word="FAILED", running_word="BUSY")
    video = client.create()
    client.upload(video, clip)

    assert client.ingest_status(video) == "BUSY"
    assert refusal(client.start(video)) == (400, "BadRequestException")
    client.settings(ingest_seconds=0)
    assert client.wait_ingest(video) == "FAILED"
    assert client.settings()["fail_next_ingest"] == 0


def test_new_work_has_no_state_and_then_no_status(client: Client, clip: Path) -> None:
    source = client.ready(clip)
    client.settings(null_state=True, null_seconds=1.6, job_seconds=2.4)
    processed = client.process(source)

    seen: list[object] = []
    while "DONE" not in seen:
        state = client.process_state(processed)
        seen.append(state["processingStatus"] if state else "nothing")
        time.sleep(0.02)

    assert list(dict.fromkeys(seen)) == ["nothing", None, "IN_PROGRESS", "DONE"]


def test_a_processing_makes_another_video(client: Client, clip: Path) -> None:
    source = client.ready(clip, "mine", projectId=client.create_project())
    answer = client.start(source).json()
    processed = answer["processedVideoId"]

    assert list(answer) == ["sourceVideoId", "processedVideoId", "projectId", "checkProgressUrl", "downloadMediaUrl"]
    assert answer["checkProgressUrl"] == f"{client.base}/videos/v1/check-process-video-progress/{processed}"
    assert answer["downloadMediaUrl"] == f"{client.base}/media/v1/download/processed/{processed}"
    assert client.wait_process(processed) == "DONE"
    video = client.video(processed)
    assert [video["parentId"], video["projectId"]] == [source, client.video(source)["projectId"]]
    assert video["processing"]["processingState"]["processingProgressPercent"] == 100.0
    assert video["processing"]["processingParameters"]["targetVideo"]["frameWidth"] == 64
    assert video["ingestion"]["metadata"]["frameWidth"] == 64
    assert video["upload"]["fileName"] == "clip.mp4"
    listed = client.get("/videos/v1/videos", parent_id=source)["_embedded"]["videos"]
    assert [row["id"] for row in listed] == [processed]
    row = client.row("jobs", processed)
    assert (row["sourceVideoId"], row["name"], row["state"], row["frames"]) == (source, "mine", "DONE", 15)
    assert float(row["amount"]) == pytest.approx(15 * 64 * 36 / 1e6 * 0.00002, abs=1e-8)


def test_progress_rises_to_a_hundred(client: Client, clip: Path) -> None:
    source = client.ready(clip)
    client.settings(job_seconds=1)
    processed = client.process(source)

    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["processingStatus"] != "DONE":
        state = client.process_state(processed)
        assert state is not None
        seen.append(state)
    percents = [state["processingProgressPercent"] for state in seen]

    assert percents == sorted(percents)
    assert percents[-1] == 100.0
    assert {state["processingStatus"] for state in seen[:-1]} == {"IN_PROGRESS"}
    assert max(percents[:-1]) <= 99.0


def test_nothing_can_be_had_of_what_is_not_done(client: Client, clip: Path) -> None:
    client.settings(ingest_seconds=60)
    source = client.create()
    client.upload(source, clip)
    assert client.video(source)["ingestion"]["metadata"] is None
    client.settings(ingest_seconds=0, job_seconds=60, instant=True)
    assert client.wait_ingest(source) == "DONE"
    processed, path = client.process(source), client.sandbox.state_dir / "pixop" / "media"
    deadline = time.monotonic() + 60
    while not list((path / processed).glob("processed*")):
        assert time.monotonic() < deadline
        time.sleep(0.02)

    assert client.process_status(processed) == "IN_PROGRESS"
    assert client.call("GET", f"/media/v1/download/processed/{processed}").status_code == 404
    assert client.video(processed)["upload"]["hasFinishedUploading"] is False
    client.settings(job_seconds=0)
    assert client.wait_process(processed) == "DONE"
    assert client.call("GET", f"/media/v1/download/processed/{processed}").content == clip.read_bytes()


def test_a_processing_can_be_told_to_fail(client: Client, clip: Path) -> None:
    source = client.ready(clip)
    client.settings(fail_next=1)
    processed = client.process(source)

    assert client.wait_process(processed) == "ERROR"
    assert client.call("GET", f"/media/v1/download/processed/{processed}").status_code == 404
    assert client.row("jobs", processed)["state"] == "ERROR"
    assert client.wait_process(client.process(source)) == "DONE"


def test_a_broken_rule_costs_nothing(client: Client, clip: Path) -> None:
    source = client.ready(clip)
    before = len(client.ledger()["jobs"])

    answer = client.start(source, {"resolution": {"tag": "2x", "width": 100}})

    assert refusal(answer) == (400, "BadRequestException")
    assert "resolution" in answer.json()["errorMessage"]
    assert len(client.ledger()["jobs"]) == before


def test_what_is_not_ready_cannot_be_processed(client: Client, clip: Path) -> None:
    assert refusal(client.start(client.create())) == (400, "BadRequestException")
    assert refusal(client.start("no-such")) == (404, "NotFoundException")
    processed = client.process(client.ready(clip))
    client.wait_process(processed)
    assert refusal(client.start(processed)) == (400, "BadRequestException")


def test_an_instant_processing_gives_the_source_back(client: Client, clip: Path) -> None:
    client.settings(instant=True)
    processed = client.process(client.ready(clip))

    assert client.wait_process(processed) == "DONE"
    assert client.call("GET", f"/media/v1/download/processed/{processed}").content == clip.read_bytes()


def test_deleting_a_running_processing_cancels_it(client: Client, long_clip: Path) -> None:
    source = client.ready(long_clip, "long")
    processed = client.process(source, SLOW)
    deadline = time.monotonic() + 60
    while not encoders(client):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    running = encoders(client)
    assert processed in client.ledger()["unfinished"]

    assert client.delete(processed) == [processed]

    assert not psutil.wait_procs(running, timeout=5)[1]
    assert refusal(client.call("GET", f"/videos/v1/check-process-video-progress/{processed}"))[0] == 404
    ledger = client.ledger()
    assert processed not in ledger["unfinished"] + ledger["alive"]
    assert client.row("jobs", processed)["state"] == "CANCELLED"
    # The next one finds its turn.
    assert client.wait_process(client.process(source, TINY)) == "DONE"


def test_deleting_an_original_deletes_its_children(client: Client, clip: Path, long_clip: Path) -> None:
    source, other = client.ready(long_clip), client.ready(clip)
    done = client.process(source)
    assert client.wait_process(done) == "DONE"
    running = client.process(source, SLOW)

    assert client.delete(source) == [source, done, running]

    for video in (source, done, running):
        assert refusal(client.call("GET", f"/videos/v1/video/{video}")) == (404, "NotFoundException")
        assert not (client.sandbox.state_dir / "pixop" / "media" / video).exists()
    assert other in client.ledger()["alive"]
    assert not encoders(client)


def test_no_more_are_processed_at_a_time_than_is_set(client: Client, clip: Path) -> None:
    source = client.ready(clip)
    client.settings(encodes=1)
    jobs = [client.process(source) for _ in range(4)]

    assert [client.wait_process(job) for job in jobs] == ["DONE"] * 4


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("video", ["no-such", "..%2f..", "%00", "\U0001f3ac", "x" * 3000])
def test_an_unknown_video_is_not_found(client: Client, method: str, video: str) -> None:
    assert refusal(client.call(method, f"/videos/v1/video/{video}"))[0] == 404


def test_names_are_kept_as_they_were_given(client: Client) -> None:
    for name in ('\U0001f3ac M\u00fcller\'s "clip" <1>', "../../etc/passwd", "a" * 1024):
        assert client.video(client.create(name))["name"] == name


def test_the_document_has_all_its_members(client: Client, clip: Path) -> None:
    video: dict[str, Any] = client.video(client.ready(clip, light=False))

    assert set(video) >= {"id", "name", "description", "projectId", "userId", "teamId", "attributes", "dateCreated"}
    assert set(video["ingestion"]) == {"ingestionState", "metadata", "qualityAssessment"}
    assert set(video["ingestion"]["ingestionState"]) >= {
        *("updatedAt", "ingestionStatus", "videoMetadataAvailable", "videoMetadataCommitted"),
        "processingProgressPercent",
    }
    assert video["userId"] == client.get("/accounts/v1/account")["user"]["id"]
