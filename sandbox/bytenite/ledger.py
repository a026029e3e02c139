"""What would have been paid, and what was asked for."""

import hashlib
import json
from collections import Counter
from typing import Any

from sandbox.bytenite import jobs as states
from sandbox.bytenite.api import Context
from sandbox.bytenite.jobs import Job, timestamp
from sandbox.bytenite.places import without_query
from sandbox.tally import Tally

PLURALS = {states.COMPLETE: "complete", states.FAILED: "failed", states.ABORTED: "aborted"}


def ledger(context: Context, tally: Tally) -> dict[str, Any]:
    """Return the ledger: every paid job in the order of running, totals, wallet, requests since start."""
    everything = context.jobs.everything()
    paid = sorted((job for job in everything if job.was_run), key=lambda job: job.started_at or 0)
    ends = Counter(PLURALS.get(job.state, "unfinished") for job in paid)
    return {
        "service": "bytenite",
        "instant": context.settings.instant,
        "jobs": [_row(job) for job in paid],
        "totals": {
            "jobs": len(paid),
            "amount": str(sum(job.amount for job in paid)),
            **{name: ends[name] for name in ("complete", "failed", "aborted", "unfinished")},
        },
        "unfinished": [job.id for job in paid if job.state in states.AT_WORK],
        "drafts": [job.id for job in everything if not job.was_run and not job.deleted],
        "wallet": context.wallet.as_reply(),
        "signIns": context.tokens.given,
        "requests": tally.requests(),
        "faults": tally.faults(),
    }


def _row(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.name,
        "source": without_query(str((job.source or {}).get("params", {}).get("url", ""))),
        "params": hashlib.sha256(json.dumps(job.params, sort_keys=True).encode()).hexdigest()[:16],
        "amount": str(job.amount),
        "createdAt": timestamp(job.created_at),
        "runAt": timestamp(job.started_at),
        "endedAt": timestamp(job.ended_at),
        "state": job.state,
        "progress": job.progress,
        "instant": job.instant,
        "deleted": job.deleted,
        "errorMessage": job.error,
    }
