"""The endpoints of Pixop's videos service, and the paths of its media service: one function each, in its language.

Contract: Pixop Video Processing REST API v1. PUT creates and POST updates. Every function is a flow and raises what
``ask`` raises. The accounts service is in ``accounts.py``; bytes go up and down in ``transfer.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reelworks.core.flow import Call, Flow
from reelworks.core.jobs import Job, Phase
from reelworks.pixop.calls import PATHS, Row, all_rows, ask, part, path_of

HOST = "https://staging-api.pixop.com"
"""The only host that is documented for this version."""

PHASES = {"done": Phase.SUCCEEDED, "error": Phase.FAILED, "failed": Phase.FAILED}
"""Compared without letter case, as the vendor's own client does."""


# Projects ---------------------------------------------------------------------------------------------------


def get_project(project_id: str) -> Flow[Row]:
    """Return the project: id, name, teamId, dateCreated and timeLastUpdated."""
    return _thing(Call("GET", path_of("project", project_id)), "project")


def list_projects() -> Flow[list[Row]]:
    """Return all projects: id, name, dateCreated and timeLastUpdated."""
    return all_rows("projects", {})


def create_project(name: str) -> Flow[Row]:
    """Create a project and return it. Names need not be unique."""
    return _thing(Call("PUT", PATHS["new project"], json={"name": name}), "project")


def update_project(project_id: str, name: str) -> Flow[Row]:
    """Give a project another name; return it."""
    return _thing(Call("POST", path_of("project", project_id), json={"name": name}, repeatable=True), "project")


def delete_project(project_id: str) -> Flow[None]:
    """Delete a project.

    :raises RefusedError: it has videos.
    """
    yield from ask(Call("DELETE", path_of("project", project_id)))


# Videos -----------------------------------------------------------------------------------------------------


def get_video(video_id: str) -> Flow[Row]:
    """Return the video: upload, ingestion (with metadata and quality), processing and attributes."""
    return _thing(Call("GET", path_of("video", video_id)), "video")


def list_videos(project_id: str | None = None, parent_id: str | None = None) -> Flow[list[Row]]:
    """Return all videos, of one project or made of one original: id, parentId, projectId, name, filename and dates."""
    query = {"project-id": project_id, "parent-id": parent_id}
    return all_rows("videos", {name: str(value) for name, value in query.items() if value})


def create_video(name: str | None = None, project_id: str | None = None) -> Flow[str]:
    """Create an empty video, which costs nothing, and return its id. Names need not be unique."""
    body = {"name": name, "projectId": project_id}
    call = Call("PUT", PATHS["new video"], json={key: value for key, value in body.items() if value})
    return str(part(call, (yield from ask(call)), "videoId"))


def process_video(video_id: str, body: Mapping[str, Any]) -> Flow[str]:
    """Start a processing of an ingested original; return the id of the video it makes. This call costs money."""
    call = Call("POST", path_of("process", video_id), json=dict(body))
    return str(part(call, (yield from ask(call)), "processedVideoId"))


def delete_video(video_id: str) -> Flow[list[str]]:
    """Delete a video and return the ids that are gone: an original takes all that was made of it with it."""
    call = Call("DELETE", path_of("video", video_id))
    body = yield from ask(call)
    rows = (body or {}).get("deletedVideos") or []
    return [str(row["videoId"]) for row in rows]


def check_ingest(video_id: str) -> Flow[Job]:
    """Return what one look at an original's ingest shows."""
    call = Call("GET", path_of("ingest", video_id))
    return as_job(video_id, (yield from ask(call)), "ingestion")


def check_processing(video_id: str) -> Flow[Job]:
    """Return what one look at a processing shows; ``video_id`` is of the video that it makes."""
    call = Call("GET", path_of("processing", video_id))
    return as_job(video_id, (yield from ask(call)), "processing")


def as_job(job_id: str, body: Any, kind: str) -> Job:
    """Read ``{kind}State``; it and all that is in it may be missing or null.

    A word that is not known is not success: looks go on until the deadline. Without any, its turn has not come.
    """
    told = body.get(f"{kind}State") if isinstance(body, dict) else None
    state = told if isinstance(told, dict) else {}
    word = str(state.get(f"{kind}Status") or "")
    phase = PHASES.get(word.lower(), Phase.RUNNING if word else Phase.WAITING)
    return Job(
        id=job_id,
        phase=phase,
        state=word,
        percent=_percent(state.get("processingProgressPercent")),
        error="Pixop tells no reason" if phase is Phase.FAILED else "",
    )


# Media ------------------------------------------------------------------------------------------------------


def upload_path(video_id: str, light: bool = False) -> str:
    """Return where an original's bytes are sent; ``light``: only its metadata are read, no quality assessed."""
    return path_of("light upload" if light else "upload", video_id)


def download_path(video_id: str, original: bool = False) -> str:
    """Return where a video's bytes come from: the processed one's, or the ones that were uploaded."""
    return path_of("original" if original else "processed", video_id)


def _thing(call: Call, kind: str) -> Flow[Row]:
    body = yield from ask(call)
    part(call, body, kind, "id")
    return dict(body[kind])


def _percent(value: Any) -> float | None:
    try:
        return min(100.0, max(0.0, float(value)))
    except (TypeError, ValueError):
        return None
