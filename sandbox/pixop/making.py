"""One ingest and one processing: from file to metadata, from file to file."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

from sandbox.pixop import metadata
from sandbox.pixop.context import Context
from sandbox.pixop.enhance import enhance, file_suffix
from sandbox.pixop.order import Order
from sandbox.pixop.records import Media, Video, new_id

TYPES = {".mov": "video/quicktime", ".mp4": "video/mp4", ".mxf": "application/mxf", ".mts": "video/mp2t"}

# What an ingest says of a file that is no video, when it is told to take anything.
MADE_UP: dict[str, Any] = {
    "containerName": "mov,mp4,m4a,3gp,3g2,mj2",
    "longContainerName": "QuickTime / MOV",
    "codecName": "h264",
    "longCodecName": "H.264 / AVC / MPEG-4 AVC / MPEG-4 part 10",
    "pixelFormat": {"name": "yuv420p", "chromaSubsampling": {"yuv": "4:2:0", "bits": 8}},
    "frameWidth": 720,
    "frameHeight": 576,
    "scanning": {
        "metadata": {"scanningType": "progressive", "interlacedFieldOrder": None},
        "heuristics": {"scanningType": None, "interlacedFieldOrder": None},
    },
    "averageFramerate": 25.0,
    "durationInMillis": 60000,
    "totalFrames": 1500,
}


class IngestError(Exception):
    """The file is no video."""


def etag_of(video_id: str, size: int) -> str:
    """Return a new strong ETag: it stands for this storing, as a hash would, without reading gigabytes."""
    return hashlib.sha256(f"{video_id}:{size}:{new_id()}".encode()).hexdigest()[:40]


async def ingest(context: Context, video: Video) -> dict[str, Any]:
    """Return what is to be noted of a video's file; raises IngestError."""
    if video.media is None:
        raise IngestError("there is no file")
    path = context.ground.state.path / video.media.path
    try:
        found, quality = await metadata.ingest(path, light=video.media.light)
    except metadata.NotAVideoError as error:
        if not context.settings.ingest_anything:
            raise IngestError(str(error)) from error
        size = video.media.size
        found, quality = MADE_UP | {"size": size, "videoStreamSize": size}, None
    return {"metadata": found, "quality": quality}


async def make(context: Context, video: Video) -> dict[str, Any]:
    """Process as was ordered, and return what is to be noted of it; raises EnhanceError."""
    source, job = context.videos.find(video.parent_id or ""), video.job
    if source is None or source.media is None or job is None:
        raise IngestError("there is no source")
    job.runs += 1
    context.videos.save(video)
    order = Order.from_json(job.order)
    suffix = file_suffix(order)
    target = context.folder(video) / f"processed{suffix}"
    # A kill may have come between the file's end and the note of it.
    target.unlink(missing_ok=True)
    path = context.ground.state.path / source.media.path

    def on_progress(percent: float) -> None:
        video.processing.percent = max(video.processing.percent, min(99.0, percent))

    if job.instant:
        _link(path, target)
        found = (source.metadata or {}) | {"size": target.stat().st_size}
    else:
        await enhance(order, path, target, on_progress)
        found, _ = await metadata.ingest(target, light=True)
    return {"metadata": found, "media": _stored(context, video, target, Path(source.media.name).stem + suffix)}


def _stored(context: Context, video: Video, path: Path, name: str) -> Media:
    size = path.stat().st_size
    return Media(
        path=str(path.relative_to(context.ground.state.path)),
        name=name,
        type=TYPES.get(path.suffix, "application/octet-stream"),
        size=size,
        etag=etag_of(video.id, size),
    )


def _link(source: Path, target: Path) -> None:
    # Stored files are never written again, so a second name is as good as a copy, and costs no gigabytes.
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
