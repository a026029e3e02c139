"""Endpoints: videos, and the work on them."""

from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse

from sandbox.pixop import documents, records
from sandbox.pixop.bodies import read_name
from sandbox.pixop.calls import Call, Endpoint
from sandbox.pixop.errors import bad_request
from sandbox.pixop.orders import take_order
from sandbox.pixop.pages import Page, read_page, show_page
from sandbox.pixop.records import Project, Stage, Video

ROOT = "/videos/v1"
FILTERS = {"project-id": "project_id", "parent-id": "parent_id"}


async def get_video(call: Call) -> Response:
    """Return all that is known of a video."""
    return JSONResponse({"video": documents.detail(call.video(), call.context.settings)})


async def list_videos(call: Call) -> Response:
    """Return a page of the team's videos, oldest first; originals and processed ones alike."""
    settings, query = call.context.settings, call.request.query_params
    filters = {name: query[name] for name in FILTERS if query.get(name)}
    rows = [video for video in call.context.videos.alive() if video.team_id == call.identity.team_id]
    for name, wanted in filters.items():
        rows = [video for video in rows if getattr(video, FILTERS[name]) == wanted]
    page = Page(rows, *read_page(query, largest=settings.largest_page), call.url(f"{ROOT}/videos"), filters)

    def show(video: Video) -> dict[str, Any]:
        return documents.line(video, call.context.ground.url)

    return JSONResponse(show_page(page, "videos", show, string_pages=settings.string_pages))


async def create_video(call: Call) -> Response:
    """Make a video without media; names need not differ."""
    sent = await call.body()
    name = "Untitled video" if sent.get("name") is None else read_name(sent["name"])
    project = _project(call, sent.get("projectId"))
    who = call.identity
    video = Video(name=name, project_id=project.id, team_id=who.team_id, user_id=who.user_id)
    call.context.videos.save(video)
    return JSONResponse(
        {
            "projectId": project.id,
            "videoId": video.id,
            "uploadMediaUrl": call.url(f"/media/v1/upload/{video.id}"),
            "uploadLightMediaUrl": call.url(f"/media/v1/upload/light/{video.id}"),
            "processVideoUrl": call.url(f"{ROOT}/process-video/{video.id}"),
        }
    )


def _project(call: Call, project_id: object) -> Project:
    if project_id is None:
        return call.context.default_project(call.identity.team_id)
    return call.project_of(project_id)


async def process_video(call: Call) -> Response:
    """Start a processing: from here on it is paid."""
    source, sent = call.video(), await call.body()
    if source.parent_id is not None:
        raise bad_request("a processed video cannot be processed again")
    if source.ingest.state != records.DONE or source.metadata is None:
        raise bad_request("the video has not been ingested")
    settings = call.context.settings
    job = take_order(sent, source, settings)
    stage = Stage(doomed=settings.fail_next > 0)
    settings.fail_next = max(0, settings.fail_next - 1)
    processed = Video(
        name=source.name,
        project_id=source.project_id,
        team_id=source.team_id,
        user_id=call.identity.user_id,
        parent_id=source.id,
        processing=stage,
        job=job,
    )
    call.works.process(call.context.videos.save(processed))
    return JSONResponse(
        {
            "sourceVideoId": source.id,
            "processedVideoId": processed.id,
            "projectId": source.project_id,
            "checkProgressUrl": call.url(f"{ROOT}/check-process-video-progress/{processed.id}"),
            "downloadMediaUrl": call.url(f"/media/v1/download/processed/{processed.id}"),
        }
    )


async def check_process_progress(call: Call) -> Response:
    """Say how far a processed video is."""
    video = call.video()
    state = documents.processing_state(video, call.context.settings)
    return JSONResponse({"videoId": video.id, "projectId": video.project_id, "processingState": state})


async def check_ingest_progress(call: Call) -> Response:
    """Say how far an ingest is."""
    video = call.video()
    state = documents.ingestion_state(video, call.context.settings)
    return JSONResponse({"videoId": video.id, "projectId": video.project_id, "ingestionState": state})


async def delete_video(call: Call) -> Response:
    """Delete a video and what was processed from it, ending all work on them."""
    video = call.video()
    doomed = [video, *call.context.children(video)]
    for each in doomed:
        await call.works.delete(each)
    return JSONResponse({"deletedVideos": [{"videoId": each.id} for each in doomed]})


ENDPOINTS = (
    Endpoint("GET", f"{ROOT}/video/{{id}}", get_video),
    Endpoint("GET", f"{ROOT}/videos", list_videos),
    Endpoint("PUT", f"{ROOT}/video", create_video),
    Endpoint("POST", f"{ROOT}/process-video/{{id}}", process_video),
    Endpoint("GET", f"{ROOT}/check-process-video-progress/{{id}}", check_process_progress),
    Endpoint("GET", f"{ROOT}/check-ingest-video-progress/{{id}}", check_ingest_progress),
    Endpoint("DELETE", f"{ROOT}/video/{{id}}", delete_video),
)
