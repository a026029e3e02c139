"""What was done and what it would have cost: GET /sandbox/ledger."""

from collections import Counter
from typing import Any

from sandbox.openencoder.context import Context
from sandbox.openencoder.fleet import Fleet
from sandbox.openencoder.golang import number, timestamp
from sandbox.openencoder.jobs import CANCELLED, COMPLETED, ERROR, FINISHED, Job
from sandbox.openencoder.machines import Machine

PLURALS = {COMPLETED: "complete", ERROR: "failed", CANCELLED: "aborted"}


def dollars(amount: float) -> str:
    """Return an amount as a string, to the hundredth of a micro-dollar."""
    return f"{amount:.8f}"


def ledger(context: Context, fleet: Fleet) -> dict[str, Any]:
    """Return every job (to create one is to pay it), the machines' meters, deadly calls, requests since start."""
    jobs, machines = list(context.jobs.table), list(context.machines.table)
    return {
        "service": "openencoder",
        "instant": context.switches.instant,
        "jobs": [_job(job) for job in jobs],
        "totals": _totals(jobs),
        "unfinished": [job.id for job in jobs if job.status not in FINISHED],
        "deadly": context.process.deadly.calls,
        "machines": {
            "alive": [machine.id for machine in context.machines.alive()],
            "seconds": round(sum(machine.seconds for machine in machines), 3),
            "amount": dollars(sum(machine.cost for machine in machines)),
            "all": [_machine(machine) for machine in machines],
        },
        "workers": len(fleet.running()),
        "signIns": context.tokens.given,
        "requests": context.ground.tally.requests(),
        "faults": context.ground.tally.faults(),
    }


def _totals(jobs: list[Job]) -> dict[str, Any]:
    ends = Counter(PLURALS.get(job.status, "unfinished") for job in jobs)
    counts = {name: ends[name] for name in ("complete", "failed", "aborted", "unfinished")}
    return {"jobs": len(jobs), "amount": dollars(sum(job.cost for job in jobs)), **counts}


def _job(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "guid": job.guid,
        "name": job.destination,
        "preset": job.preset,
        "source": job.source,
        "amount": dollars(job.cost),
        "createdAt": timestamp(job.created),
        "runAt": job.started and timestamp(job.started),
        "endedAt": job.ended and timestamp(job.ended),
        "state": job.status,
        "progress": number(job.progress),
        "encodeSeconds": round(job.encode_seconds, 3),
        "runs": job.runs,
        "output": job.output,
    }


def _machine(machine: Machine) -> dict[str, Any]:
    return {
        "id": machine.id,
        "size": machine.size,
        "priceHourly": machine.price_hourly,
        "seconds": round(machine.seconds, 3),
        "amount": dollars(machine.cost),
        "createdAt": timestamp(machine.created),
        "deletedAt": machine.deleted and timestamp(machine.deleted),
    }
