"""What takes more than one call: find a job by name, start one once, cancel one for sure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from reelworks.bytenite import api
from reelworks.core import metrics
from reelworks.core.errors import BusyError, LostError, RefusedError, UnreachableError, VideoServiceError
from reelworks.core.flow import Flow, Sleep
from reelworks.core.jobs import Job, Phase, sure_look

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds between a call whose answer was lost and the look at what became of it."""

WORTH_A_LIST = 12
"""Fewer jobs than that are looked at one by one as cheaply: lists are asked for oftener, and may take some pages."""

MOST, SPARE = 500, 20
"""How many rows a look at all jobs asks for at most, and how many more than the jobs that are wanted."""

PAGES = 4
"""How many pages it turns."""


def find_job(name: str) -> Flow[str | None]:
    """Return the id of the account's job of that name, or None.

    A create whose answer was lost can have left a second draft. The job that was started is the one; drafts beside
    it are deleted, as nothing may stay behind.
    """
    rows = yield from api.all_jobs()
    jobs = sorted(
        (api.as_job(row) for row in rows if row.get("name") == name),
        key=lambda job: (job.phase is Phase.WAITING, job.id),
    )
    for spare in jobs[1:]:
        if spare.phase is Phase.WAITING:
            yield from cancel_job(spare.id)
    return jobs[0].id if jobs else None


def start_job(
    job_id: str, *, source: Mapping[str, Any], destination: Mapping[str, Any], params: Mapping[str, Any]
) -> Flow[None]:
    """Fill in and run a draft."""
    yield from api.set_data(job_id, source=source, destination=destination)
    yield from api.set_params(job_id, params)
    yield from run_once(job_id)


def run_once(job_id: str) -> Flow[None]:
    """Run a draft. A lost answer is followed by a look, and the call repeated only while the draft is a draft."""
    for pause in PAUSES:
        try:
            yield from api.run_job(job_id)
            return
        except (UnreachableError, BusyError, RefusedError) as error:
            yield Sleep(pause)
            if (yield from sure_look(lambda: api.get_job(job_id))).state != api.NEW:
                return
            if isinstance(error, RefusedError):
                raise
    yield from api.run_job(job_id)


def cancel_job(job_id: str) -> Flow[None]:
    """Abort the job and see that it is over; a draft is deleted. One that is over or gone is no error.

    :raises VideoServiceError: it could not be aborted, or is not over although it was.
    """
    trouble: VideoServiceError = UnreachableError(f"job {job_id} goes on although it was aborted")
    for pause in PAUSES:
        try:
            if (yield from _over(job_id)):
                return
            yield from api.abort_job(job_id)
        except (UnreachableError, BusyError, RefusedError, LostError) as error:
            trouble = error
        yield Sleep(pause)
    if not (yield from _over(job_id)):
        raise trouble


def look_at_all(wanted: Collection[str]) -> Flow[dict[str, Job]]:
    """Look at as many of the wanted jobs as a few pages of the account's list show; a refused page is the last one.

    The list's order is not public. But jobs in flight are the newest, which lie at its beginning or at its end: a page
    of each is read, and then further ones from the end that showed more of them.
    """
    jobs: dict[str, Job] = {}
    if len(wanted) < WORTH_A_LIST:
        return jobs
    metrics.LISTS.add()
    limit = min(MOST, len(wanted) + SPARE)
    front, back, hits = 0, 0, {True: 0, False: 0}
    with suppress(RefusedError):
        for turn in range(PAGES):
            from_front = turn == 0 or (turn > 1 and hits[True] >= hits[False]) or not back
            step = min(limit, back - front) if back else limit
            page = yield from api.list_jobs(front if from_front else back - step, step)
            if turn == 0:
                limit = len(page.rows) or limit  # the service may give fewer than it was asked for
                back = page.total or 0
            jobs |= {job.id: job for job in map(api.as_job, page.rows)}
            hits[from_front] = sum(str(row["id"]) in wanted for row in page.rows)
            front += len(page.rows) if from_front else 0
            back -= 0 if from_front else len(page.rows)
            missing = sum(job_id not in jobs for job_id in wanted)
            if missing <= 1 or not page.rows or (front >= back if page.total else not page.more):
                break
    return jobs


def wait_for_results(job_id: str) -> Flow[dict[str, str]]:
    """Return a complete job's links by name; they can appear a moment later.

    :raises UnreachableError: they are not told yet. The job is paid for, and links live for two days: it is no loss.
    """
    for pause in (*PAUSES, 0.0):
        with suppress(LostError):  # 404 is one of the service's words for "not yet"
            if links := (yield from api.get_results(job_id)):
                return links
        yield Sleep(pause)
    raise UnreachableError(
        f"job {job_id} is complete, and its results are not told yet; if they never are, delete it at ByteNite: "
        "the cleared task starts a new one then"
    )


def _over(job_id: str) -> Flow[bool]:
    try:
        job: Job = yield from sure_look(lambda: api.get_job(job_id))
    except LostError:
        return True
    return job.phase.over
