"""A video as the API shows it, and its states in the words that are set."""

import time
from typing import Any

from sandbox.pixop import records
from sandbox.pixop.accounts import moment
from sandbox.pixop.records import Stage, Video
from sandbox.pixop.settings import Settings


def word(state: str, settings: Settings) -> str | None:
    """Return the API's word for a state."""
    words = {
        records.RUNNING: settings.running_word,
        records.DONE: settings.done_word,
        records.FAILED: settings.failed_word,
    }
    return words.get(state)


def _half_known(stage: Stage, settings: Settings) -> str:
    """Say how much of a state is told: for the first moment nothing, for the next no more than its time."""
    if stage.state == records.NONE:
        return "nothing"
    if not settings.null_state or stage.state in records.ENDED:
        return "all"
    age = time.time() - stage.began
    return "nothing" if age < settings.null_seconds / 2 else "time" if age < settings.null_seconds else "all"


def processing_state(video: Video, settings: Settings) -> dict[str, Any] | None:
    """Return the `processingState`; None at first."""
    stage = video.processing
    known = _half_known(stage, settings)
    if known == "nothing":
        return None
    return {
        "updatedAt": moment(stage.changed),
        "processingStatus": word(stage.state, settings) if known == "all" else None,
        "processingProgressPercent": round(stage.percent, 2) if known == "all" else None,
    }


def ingestion_state(video: Video, settings: Settings) -> dict[str, Any] | None:
    """Return the `ingestionState`; None at first."""
    stage = video.ingest
    known = _half_known(stage, settings)
    if known == "nothing":
        return None
    done, light = stage.state == records.DONE, video.media is not None and video.media.light
    return {
        "updatedAt": moment(stage.changed),
        "ingestionStatus": word(stage.state, settings) if known == "all" else None,
        "videoMetadataAvailable": video.metadata is not None,
        "videoMetadataCommitted": done,
        "thumbnailsAvailable": done and not light,
        "webVideoAvailable": done and not light,
        "processingProgressPercent": round(stage.percent, 2) if known == "all" else None,
    }


def upload(video: Video, settings: Settings) -> dict[str, Any]:
    """Return the `upload` object. DONE is the only status there is evidence of."""
    media = video.media
    state = None
    if media is not None:
        state = {"updatedAt": moment(media.stored), "uploadStatus": settings.done_word}
    return {
        "uploadState": state,
        "hasFinishedUploading": media is not None,
        "fileName": media and media.name,
        "fileSize": media and media.size,
        "fileType": media and media.type,
        "fileContainerName": (video.metadata or {}).get("longContainerName"),
    }


def processing(video: Video, settings: Settings) -> dict[str, Any]:
    """Return the `processing` object; an original has nothing in it."""
    parameters = video.job.parameters if video.job else None
    return {"processingState": processing_state(video, settings), "processingParameters": parameters}


def detail(video: Video, settings: Settings) -> dict[str, Any]:
    """Return the whole document of a video."""
    return {
        "id": video.id,
        "parentId": video.parent_id,
        "name": video.name,
        "description": None,
        "projectId": video.project_id,
        "userId": video.user_id,
        "teamId": video.team_id,
        "upload": upload(video, settings),
        "ingestion": {
            "ingestionState": ingestion_state(video, settings),
            "metadata": video.metadata,
            "qualityAssessment": video.quality,
        },
        "processing": processing(video, settings),
        "attributes": {},
        "dateCreated": moment(video.created),
        "timeLastUpdated": moment(video.updated),
    }


def line(video: Video, url: str) -> dict[str, Any]:
    """Return a video's entry in a list."""
    return {
        "_links": {"self": {"href": f"{url}/videos/v1/video/{video.id}"}},
        "id": video.id,
        "parentId": video.parent_id,
        "projectId": video.project_id,
        "name": video.name,
        "filename": video.media and video.media.name,
        "dateCreated": moment(video.created),
        "timeLastUpdated": moment(video.updated),
    }
