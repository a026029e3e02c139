"""Jobs and the book they are kept in."""

import asyncio
import copy
import secrets
import uuid
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from sandbox.bytenite.replies import RefusedError
from sandbox.store import Store

NEW = "JOB_STATE_NEW"
PARTITIONING = "JOB_STATE_PARTITIONING"
RUNNING = "JOB_STATE_RUNNING"
COMPLETE = "JOB_STATE_COMPLETE"
FAILED = "JOB_STATE_FAILED"
ABORTED = "JOB_STATE_ABORTED"
AT_WORK = frozenset({PARTITIONING, RUNNING})

TEMPLATE = {
    "id": "video-transcoding@v0.2",
    "name": "Video transcoding",
    "description": "Encodes a video into one or more renditions",
}
CONFIG = {"minChunkSize": "0", "maxChunkSize": "0", "replicationFactor": 0, "partitioningSettings": {}}
SECRET_FIELDS = frozenset({"accesskey", "secretkey", "password", "secret"})


@dataclass
class Job:
    """One job as it is stored; `as_reply` is how the API shows it. Times are Unix seconds."""

    id: str
    name: str
    template_id: str
    created_at: float
    description: str = ""
    state: str = NEW
    source: dict[str, Any] | None = None
    destination: dict[str, Any] | None = None
    params: dict[str, Any] | None = None
    started_at: float | None = None
    completed_at: float | None = None
    ended_at: float | None = None
    seconds: float | None = None
    amount: int = 0
    units: int = 0
    error: str = ""
    progress: float = 0.0
    instant: bool = False
    doomed: str = ""
    deleted: bool = False
    upload_key: str = ""
    uploaded: bool = False
    results: list[dict[str, Any]] = field(default_factory=list)

    @property
    def was_run(self) -> bool:
        """Whether it was paid."""
        return self.started_at is not None

    def as_reply(self) -> dict[str, Any]:
        """Return the job as gen 1 of the API shows it: null for unset, integers as strings."""
        shown = {
            "id": self.id,
            "templateId": self.template_id,
            "name": self.name,
            "config": CONFIG,
            "priority": "EXECUTION_PRIORITY_UNDEFINED",
            "startAt": None,
            "deadline": None,
            "submittedAt": None,
            "startedAt": timestamp(self.started_at),
            "completedAt": timestamp(self.completed_at),
            "regions": None,
            "state": self.state,
            "dataSource": without_secrets(self.source),
            "params": self.params,
            "dataDestination": without_secrets(self.destination),
            "duration": None if self.seconds is None else f"{self.seconds:g}s",
            "deletedAt": None,
            "createdAt": timestamp(self.created_at),
            "paymentAmount": str(self.amount),
            "numUnitsEstimation": str(self.units),
            "numChunks": "0",
        }
        return shown | {"errorMessage": self.error} if self.state == FAILED else shown


def timestamp(moment: float | None) -> str | None:
    """Return ISO-8601 in UTC with as many digits as it takes, as Go writes it."""
    if moment is None:
        return None
    text = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text.rstrip("0").rstrip(".") + "Z"


def without_secrets(place: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a source or destination as it may be shown."""
    if place is None:
        return None
    shown = copy.deepcopy(place)
    for key, value in shown["params"].items():
        if key.lower().replace("_", "") in SECRET_FIELDS and value:
            shown["params"][key] = "********"
    return shown


class JobBook:
    """All jobs, in memory and on disk; every change that matters is on disk before it is answered."""

    def __init__(self, store: Store) -> None:
        self._store = store
        known = {item.name for item in fields(Job)}
        kept = [{key: value for key, value in body.items() if key in known} for body in store.all("job")]
        self._jobs = {body["id"]: Job(**body) for body in sorted(kept, key=lambda body: body["created_at"])}
        self._locks: dict[str, asyncio.Lock] = {}

    def create(self, *, name: str, template_id: str, now: float) -> Job:
        """Add a draft."""
        job = Job(id=str(uuid.uuid4()), name=name, template_id=template_id, created_at=now)
        job.upload_key = secrets.token_hex(16)
        self._jobs[job.id] = job
        self.save(job)
        return job

    def save(self, job: Job) -> None:
        """Write a job to disk."""
        self._store.put("job", job.id, asdict(job))

    def get(self, job_id: str, *, plain: bool = True) -> Job:
        """Return a job that is not deleted, or refuse with 404."""
        job = self._jobs.get(job_id)
        if job is None or job.deleted:
            raise RefusedError(404, f"job {job_id[:80]} not found", plain=plain)
        return job

    def find(self, job_id: str) -> Job | None:
        """Return a job, deleted or not."""
        return self._jobs.get(job_id)

    def lock(self, job_id: str) -> asyncio.Lock:
        """Return the lock under which a job changes from draft to run."""
        return self._locks.setdefault(job_id, asyncio.Lock())

    def listed(self) -> list[Job]:
        """Return jobs that are not deleted, oldest first."""
        return [job for job in self._jobs.values() if not job.deleted]

    def everything(self) -> list[Job]:
        """Return all jobs ever made, oldest first."""
        return list(self._jobs.values())
