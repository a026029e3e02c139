"""Endpoints of the media service: files in and out."""

from pathlib import Path

from fastapi import Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from sandbox.pixop import screenshots
from sandbox.pixop.calls import Call, Endpoint
from sandbox.pixop.downloads import file_answer
from sandbox.pixop.errors import RefusedError, bad_request, not_found
from sandbox.pixop.making import etag_of
from sandbox.pixop.multipart import FilePart, MultipartError
from sandbox.pixop.receiving import receive_file
from sandbox.pixop.records import Media, Upload, Video, new_id

ROOT = "/media/v1"


async def upload_media(call: Call) -> Response:
    """Take a video's file, then look at all of it."""
    return await _upload(call, light=False)


async def upload_light_media(call: Call) -> Response:
    """Take a video's file, then look at its metadata only."""
    return await _upload(call, light=True)


async def _upload(call: Call, *, light: bool) -> Response:
    video, context = call.video(), call.context
    _check_free(call, video)
    attempt = context.uploads.save(Upload(video_id=video.id, light=light))
    draft = context.folder(video) / f"upload-{attempt.id}"

    def count(size: int) -> None:
        attempt.bytes = size

    try:
        part = await receive_file(
            call.request, draft, speed=lambda: context.settings.upload_bytes_per_second, count=count
        )
        _check_free(call, call.video())
        _keep(call, video, draft, part, light=light)
        attempt.complete = True
    except MultipartError as error:
        raise bad_request(str(error)) from None
    except ClientDisconnect:
        # Nobody is there to read an answer; the video stays as it was.
        return Response(status_code=400)
    finally:
        draft.unlink(missing_ok=True)
        context.uploads.touch(attempt)
    call.works.ingest(video)
    return JSONResponse(
        {
            "projectId": video.project_id,
            "videoId": video.id,
            "checkIngestProgressUrl": call.url(f"/videos/v1/check-ingest-video-progress/{video.id}"),
            "processVideoUrl": call.url(f"/videos/v1/process-video/{video.id}"),
        }
    )


def _check_free(call: Call, video: Video) -> None:
    if video.parent_id is not None:
        raise bad_request("a processed video takes no upload")
    if video.media is not None and not call.context.settings.second_upload:
        raise bad_request("the video has its media already")


def _keep(call: Call, video: Video, draft: Path, part: FilePart, *, light: bool) -> None:
    """Make a received file the video's own, in one step."""
    # A name of its own for each storing: downloads of a replaced file go on undisturbed.
    target = draft.with_name(f"original-{new_id()}")
    size = draft.stat().st_size
    old = video.media
    draft.rename(target)
    root = call.context.ground.state.path
    video.media = Media(
        path=str(target.relative_to(root)),
        name=part.name,
        type=part.type,
        size=size,
        etag=etag_of(video.id, size),
        light=light,
    )
    if old is not None:
        (root / old.path).unlink(missing_ok=True)


async def download_original(call: Call) -> Response:
    """Give back an uploaded file."""
    video = call.video()
    if video.parent_id is not None:
        raise not_found("original video")
    return _download(call, video)


async def download_processed(call: Call) -> Response:
    """Give a processed file, by the id of the processed video."""
    video = call.video()
    if video.parent_id is None:
        raise not_found("processed video")
    return _download(call, video)


def _download(call: Call, video: Video) -> Response:
    context = call.context
    if video.media is None:
        raise not_found("media")
    return file_answer(
        call.request,
        video.media,
        context.ground.state.path / video.media.path,
        speed=context.settings.download_bytes_per_second,
        heed_if_range=not context.settings.ignore_if_range,
        counting=lambda line: context.served.counting(video.id, line),
    )


async def download_screenshot(call: Call) -> Response:
    """Give a picture of a video (not in the document: the SDK asks for it)."""
    video, size = call.video(), call.request.path_params["size"]
    if size not in screenshots.WIDTHS:
        raise RefusedError(404, "a screenshot is small or large")
    if video.media is None or video.media.light or video.metadata is None:
        raise not_found("screenshot")
    picture = await screenshots.take(call.context, video, size)
    return Response(picture, media_type="image/jpeg")


ENDPOINTS = (
    Endpoint("POST", f"{ROOT}/upload/{{id}}", upload_media),
    Endpoint("POST", f"{ROOT}/upload/light/{{id}}", upload_light_media),
    Endpoint("GET HEAD", f"{ROOT}/download/original/{{id}}", download_original),
    Endpoint("GET HEAD", f"{ROOT}/download/processed/{{id}}", download_processed),
    Endpoint("GET", f"{ROOT}/download/screenshot/{{size}}/{{id}}", download_screenshot),
)
