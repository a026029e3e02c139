"""Pixop's jobs by their ids, and what takes more than one call: find, make and start once, delete for sure.

A job id is text: ``"V"`` is the ingest of the original V, ``"V/P"`` the processing that makes the video P of V, which
goes with its original, and ``"/P"`` that processing alone.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from reelworks.core.errors import (
    BadInputError,
    BusyError,
    LostError,
    RefusedError,
    UnreachableError,
    VideoServiceError,
)
from reelworks.core.flow import Flow, Sleep
from reelworks.core.jobs import Job, Phase, sure_look
from reelworks.pixop import api
from reelworks.pixop.calls import PAGE, Row

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds between a call whose answer was lost and the look at what became of it."""

LANDING = 90.0
"""Seconds for which a call that went unanswered may still be acted on: longer than we and gateways wait for it."""


def parts(job_id: str) -> tuple[str, str]:
    """Return the original's id and the processed video's; either may be "".

    :raises BadInputError: not a job id.
    """
    original, _, processed = job_id.partition("/")
    if not (original or processed) or "/" in processed or job_id.endswith("/"):
        raise BadInputError(f"{job_id!r} is no job of Pixop's: write V for an ingest, V/P or /P for a processing")
    return original, processed


def look(job_id: str) -> Flow[Job]:
    """Look at an ingest or a processing once."""
    original, processed = parts(job_id)
    job = yield from (api.check_processing(processed) if processed else api.check_ingest(original))
    return replace(job, id=job_id)


def cancel(job_id: str) -> Flow[None]:
    """Leave nothing of a job: delete its original, and all that was made of it; of ``/P`` alone, only P.

    A processing alone that is over is left as it is: what it made is somebody's. One that is gone is no error.

    :raises BadInputError: ``/P`` names an original.
    """
    original, processed = parts(job_id)
    if not original:
        if (yield from _over(job_id)):
            return
        if (yield from find_processing(processed)):
            raise BadInputError(f"{processed} is an original that others were made of, and no processing: left alone")
    yield from remove_video(original or processed)


def remove_video(video_id: str) -> Flow[list[str]]:
    """Delete a video and see that it is gone; return the ids that went. One that is gone already is no error.

    :raises VideoServiceError: it could not be deleted, or is there although it was.
    """
    deleted: list[str] = []
    trouble: VideoServiceError = UnreachableError(f"video {video_id} is there although it was deleted")
    for pause in (*PAUSES, 0.0):
        try:
            # A single 404 may be a gateway's, unless the service has just said that it deleted the video.
            yield from api.get_video(video_id) if deleted else sure_look(lambda: api.get_video(video_id))
            deleted = (yield from _deleted(video_id)) or [video_id]
            yield from api.get_video(video_id)
        except LostError:
            return deleted
        except (UnreachableError, BusyError, RefusedError) as error:
            trouble = error
        yield Sleep(pause)
    raise trouble


def _deleted(video_id: str) -> Flow[list[str]]:
    try:
        return (yield from api.delete_video(video_id))
    except LostError as error:
        raise UnreachableError(str(error)) from None  # so says one answer: the next looks show it


def find_video(name: str, project_id: str | None = None) -> Flow[str | None]:
    """Return the id of the original that bears ``name``, which is no other's, or None.

    A create whose answer was lost may have left a second one. The one that got furthest is the video; the others are
    deleted, as nothing may stay behind.
    """
    rows = yield from api.list_videos(project_id)
    found = _named(rows, name)
    if not found and len(rows) > PAGE:
        # Where one is deleted while pages are turned, the rows behind it slide and one is missed.
        found = _named((yield from api.list_videos(project_id)), name)
    if len(found) < 2:
        return found[0] if found else None
    ranks = {}
    for video_id in found:
        ranks[video_id] = yield from _rank(video_id)
    best = max(found, key=lambda video_id: ranks[video_id])
    for spare in found:
        if spare != best:
            yield from remove_video(spare)
    return best


def find_processing(video_id: str) -> Flow[list[str]]:
    """Return the ids of the videos that were, or are being, made of an original."""
    rows = yield from api.list_videos(parent_id=video_id)
    return [str(row["id"]) for row in rows if str(row.get("parentId")) == video_id]


def uploaded(video_id: str) -> Flow[int | None]:
    """Return how many bytes of an original have arrived in full (0 where Pixop does not say), None before."""
    upload = (yield from api.get_video(video_id)).get("upload") or {}
    if upload.get("hasFinishedUploading") is not True:
        return None
    size = str(upload.get("fileSize"))
    return int(size) if size.isdigit() else 0


def make_video(name: str, project_id: str | None = None) -> Flow[str]:
    """Create a video of a name that is no other's; return its id. A lost answer is followed by a look for the name."""
    for pause in PAUSES:
        try:
            return (yield from api.create_video(name, project_id))
        except (UnreachableError, BusyError):
            yield Sleep(pause)
            if found := (yield from find_video(name, project_id)):
                return found
    return (yield from api.create_video(name, project_id))


def send_processing(
    video_id: str, body: Mapping[str, Any], known: Collection[str] = (), clock: Callable[[], float] = time.time
) -> Flow[str]:
    """Start a processing that no earlier try has started (``landed``), and return the id of the video it makes.

    The call costs money: when its answer is lost it is not sent again, but what it made is looked for.

    :raises UnreachableError, BusyError: it was not answered, and nothing has come of it.
    """
    sent = clock()
    try:
        return (yield from api.process_video(video_id, body))
    except (UnreachableError, BusyError):
        if found := (yield from landed(video_id, known, sent, clock)):
            return found
        raise


def landed(
    video_id: str, known: Collection[str] = (), sent: float = 0.0, clock: Callable[[], float] = time.time
) -> Flow[str | None]:
    """Return the video that a processing which was sent makes; None when nothing will come of it any more.

    ``known`` are the videos made of this original that are other people's, or other steps'. ``sent`` is when it may
    have been sent, in seconds since the epoch: one that is still on its way is waited for.
    """
    for pause in itertools.chain(PAUSES, itertools.repeat(PAUSES[-1])):
        found = yield from _new_processing(video_id, known)
        left = sent + LANDING - clock()
        if found or left <= 0:
            return found
        yield Sleep(min(pause, left))
    raise AssertionError("unreachable")  # pragma: no cover


def _new_processing(video_id: str, known: Collection[str]) -> Flow[str | None]:
    """Return the processing that got furthest of those that are not known."""
    new = [found for found in (yield from find_processing(video_id)) if found not in known]
    if len(new) < 2:
        return new[0] if new else None
    jobs = []
    for found in new:
        jobs.append((yield from api.check_processing(found)))
    return max(jobs, key=lambda job: (_ORDER[job.phase], job.percent or 0.0)).id


_ORDER = {Phase.CANCELLED: 0, Phase.FAILED: 0, Phase.WAITING: 1, Phase.RUNNING: 2, Phase.SUCCEEDED: 3}


def _named(rows: Collection[Row], name: str) -> list[str]:
    return [str(row["id"]) for row in rows if row.get("name") == name and not row.get("parentId")]


def _rank(video_id: str) -> Flow[tuple[bool, int, bool]]:
    """Say how far an original got: something is made of it, its ingest, its upload."""
    processed = yield from find_processing(video_id)
    video = yield from api.get_video(video_id)
    ingest = api.as_job(video_id, video.get("ingestion"), "ingestion")
    uploaded = (video.get("upload") or {}).get("hasFinishedUploading") is True
    return bool(processed), _ORDER[ingest.phase], uploaded


def _over(job_id: str) -> Flow[bool]:
    try:
        return (yield from sure_look(lambda: look(job_id))).phase.over
    except LostError:
        return True
