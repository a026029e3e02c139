"""What takes more than one call: find a job by where it writes, cancel one for sure, restart one, look at many."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace

from reelworks.core import metrics
from reelworks.core.errors import BadInputError, BusyError, LostError, UnreachableError, VideoServiceError
from reelworks.core.flow import Flow, Sleep
from reelworks.core.jobs import Job, Phase, sure_look
from reelworks.openencoder import api

WATCH = 12.0
"""Seconds for which a job has to stay cancelled: a worker looks every five, and between two stages writes over it."""

TICK = 1.0
ROUNDS = 5

FEWEST, MOST = 20, 500
PAGES = 3
"""How many rows a look at all jobs asks for, at least and at most, and how many pages it turns."""


def newest_id() -> Flow[int]:
    """Return the id of the newest job, 0 when there is none: what is made from now on has a higher one."""
    rows, _ = yield from api.list_jobs(count=1)
    return int(rows[0]["id"]) if rows else 0


def find_job(dest: str, after: int = 0) -> Flow[str | None]:
    """Return the id of the job that writes to ``dest`` and is newer than the id ``after``, or None.

    A create whose answer was lost may have been sent twice. The one that got furthest is the job; the others are
    cancelled, for each costs machine time.
    """
    found: dict[int, Job] = {}
    page = 1
    while True:
        rows, total = yield from api.list_jobs(page)  # newest first: rows slide on, so an id can turn up twice
        found.update((row["id"], api.as_job(row)) for row in rows if row["destination"] == dest and row["id"] > after)
        if not rows or page * api.PAGE >= total or min(row["id"] for row in rows) <= after:
            break
        page += 1
    jobs = sorted(found.items(), key=lambda item: (_RANK[item[1].phase], item[0]))
    for _, spare in jobs[1:]:
        if not spare.phase.over:
            yield from cancel_job(spare.id)
    return jobs[0][1].id if jobs else None


_RANK = {Phase.SUCCEEDED: 0, Phase.RUNNING: 1, Phase.WAITING: 2, Phase.FAILED: 3, Phase.CANCELLED: 4}


def cancel_job(job_id: str, watch: float | None = None, clock: Callable[[], float] = time.time) -> Flow[Job | None]:
    """Cancel the job and see that it stays so for ``watch`` seconds; return it as last seen, None if it is not there.

    A worker that was downloading or probing writes its next state over "cancelled" and goes on: it is cancelled
    again. One that has succeeded or failed by itself is left as it is: "cancelled" would be written over that.

    :raises UnreachableError, BusyError, LostError: nobody knows whether it is cancelled, or it went on each time;
        another try may meet a worker that heeds it.
    :raises RefusedError: the server does not let this account cancel it.
    """
    seconds = WATCH if watch is None else watch
    failure: VideoServiceError | None = None
    until, rounds = clock() + seconds, 0
    while rounds < ROUNDS:
        try:
            job = yield from _seen(job_id)
            if job is None or job.phase in (Phase.SUCCEEDED, Phase.FAILED):
                return job
            if job.phase is not Phase.CANCELLED:
                rounds, until = rounds + 1, clock() + seconds
                yield from api.cancel_job(job_id)
                job = replace(job, phase=Phase.CANCELLED, state="cancelled")
            if clock() >= until:
                return job
            failure = None
        except (UnreachableError, BusyError, LostError) as error:
            rounds, failure = rounds + 1, error
        yield Sleep(min(TICK, max(0.05, until - clock())))
    raise failure or UnreachableError(f"job {job_id} was cancelled {rounds} times, and went on each time")


def _seen(job_id: str) -> Flow[Job | None]:
    try:
        return (yield from sure_look(lambda: api.get_job(job_id)))
    except LostError:
        return None


def restart_job(job_id: str, even_if_running: bool = False) -> Flow[str]:
    """Queue a job again that is over; return the state it was in.

    :raises LostError: there is no such job; the server would queue an empty one.
    :raises BadInputError: it is not over: two workers would do it at once. A job whose queue entry was lost stays
        queued for ever and may be restarted with ``even_if_running``.
    """
    state = yield from api.job_state(job_id)
    if not api.PHASES.get(state, Phase.RUNNING).over and not even_if_running:
        raise BadInputError(f"job {job_id} is {state}: cancel it first, or say even_if_running=True")
    yield from api.restart_job(job_id)
    return state


def all_jobs() -> Flow[list[Job]]:
    """Return every job that the server has ever had, newest first."""
    rows = yield from api.all_rows(api.list_jobs, MOST)
    return [api.as_job(row) for row in rows]


def commotion() -> Flow[str]:
    """Return what the server works on or has before it; "" when all of it rests."""
    if going := [str(job) for job in (yield from all_jobs()) if not job.phase.over]:
        return f"{going[-1]}{f', and {len(going) - 1} more' if going[1:] else ''}"
    # The table of jobs is written by hand, by workers that may die: the queue and the workers are asked, too.
    if queued := sum(int(row.get("count") or 0) for row in (yield from api.worker_queue())):
        return f"{queued} jobs are in the queue"
    busy = [row for row in (yield from api.busy_workers()) if row.get("is_busy")]
    return f"{len(busy)} workers are busy" if busy else ""


def look_at_all(wanted: Collection[str]) -> Flow[dict[str, Job]]:
    """Look at as many of the wanted jobs as PAGES pages show: newest first, so those in flight are in front.

    All but the first are turned only for more than one missing job, since one is asked for by itself as cheaply.
    """
    metrics.LISTS.add()
    count = min(MOST, max(FEWEST, len(wanted) + FEWEST // 2))
    rows: dict[int, api.Row] = {}
    for page in range(1, PAGES + 1):
        some, total = yield from api.list_jobs(page, count)
        rows.update((row["id"], row) for row in some)
        missing = sum(1 for job_id in wanted if job_id.isdigit() and int(job_id) not in rows)
        if missing <= 1 or not some or page * count >= total:
            break
    return in_motion(rows)


def in_motion(rows: dict[int, api.Row]) -> dict[str, Job]:
    """Read rows, and note what moves: a waiting job stands still only when nothing ahead of it moves either."""
    jobs: dict[str, Job] = {}
    ahead, working = 0, ""
    for job_id in sorted(rows):
        job = api.as_job(rows[job_id])
        if job.phase is Phase.WAITING:
            job = replace(job, motion=f"{ahead} ahead {working}")
        jobs[job.id] = job
        ahead += not job.phase.over
        working += f"{job.motion};" if job.phase is Phase.RUNNING else ""
    return jobs
