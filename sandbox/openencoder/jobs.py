"""Jobs as the server's database has them, and as the API shows them."""

import time
from typing import Any

from sandbox.openencoder.accounts import fits
from sandbox.openencoder.golang import make_guid, number, timestamp
from sandbox.openencoder.records import Row, Table
from sandbox.store import Store

QUEUED, DOWNLOADING, PROBING, ENCODING, UPLOADING = "queued", "downloading", "probing", "encoding", "uploading"
COMPLETED, ERROR, CANCELLED, RESTARTING = "completed", "error", "cancelled", "restarting"
STATES = (QUEUED, DOWNLOADING, PROBING, ENCODING, UPLOADING, COMPLETED, ERROR, CANCELLED, RESTARTING)
FINISHED = frozenset({COMPLETED, ERROR, CANCELLED})


class Job(Row):
    """A job. What stands below `fps` is the sandbox's own, for its ledger. Times are Unix seconds."""

    guid: str
    preset: str
    source: str
    destination: str
    created: float
    status: str = QUEUED
    probe: str = "{}"
    options: str = "{}"
    progress: float = 0
    speed: str | None = None
    fps: float = 0
    output: str | None = None
    runs: int = 0
    started: float | None = None
    ended: float | None = None
    encode_seconds: float = 0
    cost: float = 0

    def shown(self) -> dict[str, Any]:
        """Return the job as the API shows it."""
        seen = {
            "created_date": timestamp(self.created),
            "status": self.status,
            "probe": self.probe,
            "options": self.options,
            "progress": number(self.progress),
            "speed": self.speed,
            "fps": number(self.fps),
        }
        return {name: seen.get(name, value) for name, value in self.created_answer().items()}

    def created_answer(self) -> dict[str, Any]:
        """Return the job as the answer to its creation shows it: hardly anything is known yet."""
        return {
            "id": self.id,
            "guid": self.guid,
            "preset": self.preset,
            "created_date": "",
            "status": QUEUED,
            "source": self.source,
            "destination": self.destination,
            "probe": None,
            "options": None,
            "progress": None,
            "speed": None,
            "fps": None,
            "streaming": False,
        }


class Jobs:
    """The table of jobs."""

    def __init__(self, store: Store) -> None:
        self.table = Table(store, "openencoder.jobs", Job)
        self._by_guid = {job.guid: job for job in self.table}

    def add(self, *, preset: str, source: str, destination: str, insist: bool = False) -> Job:
        """Return a new job; with id 0 and not kept where the database refuses the row (unless `insist`)."""
        job = Job(id=0, guid=make_guid(), preset=preset, source=source, destination=destination, created=time.time())
        if insist or (fits(preset) and fits(source) and fits(destination)):
            job.id = self.table.next_id()
            self._by_guid[job.guid] = self.table.save(job)
        return job

    def find(self, guid: str) -> Job | None:
        """Return the job of that guid."""
        return self._by_guid.get(guid)

    def set_status(self, job: Job, status: str) -> None:
        """Overwrite the status, whatever it was: nothing in the server looks first."""
        if fits(status, 64):
            job.status = status
            self.table.save(job)

    def counts(self) -> list[dict[str, Any]]:
        """Return the number of jobs in every state. Without jobs the server forgets the names."""
        states = [job.status for job in self.table]
        return [{"status": state if states else "", "count": states.count(state)} for state in STATES]
