"""Endpoints: jobs and what is known of the work on them."""

import json
import os
import time
from typing import Any

from fastapi import Response

from sandbox.openencoder import jobs
from sandbox.openencoder.answers import AnswerError, answer, empty_500, missing
from sandbox.openencoder.binding import Field, Struct
from sandbox.openencoder.calls import BEARER, OPERATORS, Call, Endpoint
from sandbox.openencoder.fleet import Worker
from sandbox.openencoder.records import page_of

CREATE = Struct("request", (Field("Preset", "preset"), Field("Source", "source"), Field("Destination", "dest")))
UPDATE = Struct("updateRequest", (Field("Status", "status", rule=""),))


async def create_job(call: Call) -> Response:
    """Queue an encode: 201, though the body says 200."""
    sent = call.bind(CREATE)
    context = call.context
    if not context.switches.redis_up and not context.switches.lost_enqueue:
        return empty_500()
    job = context.jobs.add(
        preset=sent["preset"], source=sent["source"], destination=sent["dest"], insist=not context.switches.id_zero
    )
    if job.id:
        _send(call, job)
    return answer({"message": "Job created", "status": 200, "job": job.created_answer()}, 201)


def _send(call: Call, job: jobs.Job) -> None:
    if call.context.presets.find(job.preset) is None:
        call.context.process.deadly.record(
            f"{call.name} preset={job.preset[:128]!r}", "unknown preset name: worker exits"
        )
    call.fleet.send(job)


async def list_jobs(call: Call) -> Response:
    """Return a page of jobs, newest first; `count` is the total."""
    table = call.context.jobs.table
    page = table.page(*page_of(call.request.query_params))
    return answer({"count": len(table), "items": [job.shown() for job in page or []]})


def _find(call: Call) -> jobs.Job:
    job = call.context.jobs.table.get(call.number)
    if job is None:
        raise AnswerError(missing("Job"))
    return job


async def get_job(call: Call) -> Response:
    """Return a job."""
    return answer({"job": _find(call).shown(), "status": 200})


async def update_job(call: Call) -> Response:
    """Write any text as the status."""
    sent = call.bind(UPDATE)
    job = _find(call)
    if sent["status"]:
        call.context.jobs.set_status(job, sent["status"])
    return answer(job.shown() | ({"status": sent["status"]} if sent["status"] else {}))


async def get_job_status(call: Call) -> Response:
    """Return a job's state; of no job, an empty one."""
    job = call.context.jobs.table.get(call.number)
    return answer({"job_status": job.status if job else "", "status": 200})


async def cancel_job(call: Call) -> Response:
    """Write `cancelled` over whatever state there is. Nobody is told."""
    job = call.context.jobs.table.get(call.number)
    if job is not None:
        call.context.jobs.set_status(job, jobs.CANCELLED)
    return answer({"status": 200})


async def restart_job(call: Call) -> Response:
    """Queue a job again, whether or not its last run has ended."""
    job = call.context.jobs.table.get(call.number)
    if job is not None:
        call.context.jobs.set_status(job, jobs.RESTARTING)
        _send(call, job)
    return answer({"status": 200})


async def stats(call: Call) -> Response:
    """Return how many jobs are in each state."""
    return answer({"stats": {"jobs": call.context.jobs.counts()}, "status": 200})


async def worker_queue(call: Call) -> Response:
    """Return the queue's length and how many seconds its head has waited."""
    if not call.context.switches.redis_up:
        return answer(None)
    waiting = call.fleet.queue.waiting()
    latency = int(time.time() - waiting[0].entered) if waiting else 0
    return answer([{"job_name": "encode", "count": len(waiting), "latency": latency}])


async def worker_pools(call: Call) -> Response:
    """Return the workers that are up."""
    if not call.context.switches.redis_up:
        return answer(None)
    return answer([_pool(worker) for worker in call.fleet.running()])


def _pool(worker: Worker) -> dict[str, Any]:
    return {
        "worker_pool_id": worker.pool_id,
        "started_at": int(worker.started),
        "heartbeat_at": int(time.time()),
        "job_names": ["encode"],
        "concurrency": 1,
        "host": worker.name,
        "pid": os.getpid(),
        "worker_ids": [worker.id],
    }


async def worker_busy(call: Call) -> Response:
    """Return the workers that have a job in hand; null for none."""
    if not call.context.switches.redis_up:
        return answer(None)
    return answer([_busy(call, worker) for worker in call.fleet.busy()] or None)


def _busy(call: Call, worker: Worker) -> dict[str, Any]:
    entry = worker.entry
    job = call.context.jobs.find(entry.guid) if entry else None
    sent = {name: getattr(job, name, "") for name in ("destination", "guid", "preset", "source")}
    return {
        "worker_id": worker.id,
        "is_busy": True,
        "job_name": "encode",
        "job_id": entry.key if entry else "",
        "started_at": int(worker.entry_since),
        "args_json": json.dumps(sent, separators=(",", ":")),
        "checkin": "",
        "checkin_at": 0,
    }


ENDPOINTS = (
    Endpoint("POST", "/api/jobs", OPERATORS, create_job),
    Endpoint("GET", "/api/jobs", BEARER, list_jobs),
    Endpoint("GET", "/api/jobs/{id}", BEARER, get_job),
    Endpoint("PUT", "/api/jobs/{id}", OPERATORS, update_job),
    Endpoint("GET", "/api/jobs/{id}/status", BEARER, get_job_status),
    Endpoint("POST", "/api/jobs/{id}/cancel", OPERATORS, cancel_job),
    Endpoint("POST", "/api/jobs/{id}/restart", OPERATORS, restart_job),
    Endpoint("GET", "/api/stats", BEARER, stats),
    Endpoint("GET", "/api/worker/queue", BEARER, worker_queue),
    Endpoint("GET", "/api/worker/pools", BEARER, worker_pools),
    Endpoint("GET", "/api/worker/busy", BEARER, worker_busy),
)
