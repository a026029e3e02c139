"""What was done and what it would have cost: GET /sandbox/ledger."""

from collections import Counter
from typing import Any

from sandbox.pixop import records
from sandbox.pixop.accounts import moment
from sandbox.pixop.context import Context
from sandbox.pixop.documents import word
from sandbox.pixop.records import Job, Upload, Video

PLURALS = {records.DONE: "complete", records.FAILED: "failed", records.CANCELLED: "aborted"}


def dollars(amount: float) -> str:
    """Return an amount as a string, to the hundredth of a micro-dollar."""
    return f"{amount:.8f}"


def ledger(context: Context) -> dict[str, Any]:
    """Return all that was made, uploaded, served and paid (to start a processing is to pay), and requests."""
    videos = list(context.videos)
    paid = [(video, video.job) for video in videos if video.job is not None]
    return {
        "service": "pixop",
        "instant": context.settings.instant,
        "projects": [{"id": row.id, "name": row.name, "deleted": row.deleted} for row in context.projects],
        "videos": [_video(video) for video in videos],
        "uploads": [_upload(upload) for upload in context.uploads],
        "downloads": context.served.totals(),
        "jobs": [_job(context, *pair) for pair in paid],
        "totals": _totals(paid),
        "unfinished": [video.id for video, _ in paid if video.processing.state == records.RUNNING],
        "alive": [video.id for video in videos if not video.deleted],
        "signIns": context.tokens.given,
        "requests": context.ground.tally.requests(),
        "faults": context.ground.tally.faults(),
    }


def _totals(paid: list[tuple[Video, Job]]) -> dict[str, Any]:
    ends = Counter(PLURALS.get(video.processing.state, "unfinished") for video, _ in paid)
    counts = {name: ends[name] for name in ("complete", "failed", "aborted", "unfinished")}
    return {"jobs": len(paid), "amount": dollars(sum(job.amount for _, job in paid)), **counts}


def _video(video: Video) -> dict[str, Any]:
    return {
        "id": video.id,
        "name": video.name,
        "parentId": video.parent_id,
        "projectId": video.project_id,
        "deleted": video.deleted,
        "uploaded": video.parent_id is None and video.media is not None,
        "size": video.media and video.media.size,
    }


def _upload(upload: Upload) -> dict[str, Any]:
    return {
        "videoId": upload.video_id,
        "bytes": upload.bytes,
        "complete": upload.complete,
        "light": upload.light,
        "startedAt": moment(upload.created),
    }


def _job(context: Context, video: Video, job: Job) -> dict[str, Any]:
    stage = video.processing
    state = "CANCELLED" if stage.state == records.CANCELLED else word(stage.state, context.settings)
    return {
        "id": video.id,
        "sourceVideoId": video.parent_id,
        "name": job.source_name,
        "state": state,
        "amount": dollars(job.amount),
        "frames": job.frames,
        "seconds": job.seconds,
        "progress": round(stage.percent, 2),
        "instant": job.instant,
        "runs": job.runs,
        "createdAt": moment(video.created),
        "endedAt": moment(stage.ended) if stage.ended else None,
        "deleted": video.deleted,
    }
