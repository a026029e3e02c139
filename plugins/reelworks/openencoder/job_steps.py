"""One operator for each step of an Open Encoder job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reelworks.core.errors import BadInputError, LostError
from reelworks.core.jobs import Phase
from reelworks.core.step import StepOperator
from reelworks.openencoder import api
from reelworks.openencoder.address import given_dest, given_source
from reelworks.openencoder.hook import OpenEncoderHook
from reelworks.openencoder.jobs import WATCH, cancel_job, find_job, newest_id, restart_job
from reelworks.openencoder.library import find_preset

if TYPE_CHECKING:
    from airflow.sdk import Context

CREATED, RESTARTED = "reelworks.openencoder.created", "reelworks.openencoder.restarted"


class OpenEncoderStepOperator(StepOperator):
    """A step at an Open Encoder server."""

    hook_class = OpenEncoderHook
    template_fields: Sequence[str] = ("conn_id",)

    @property
    def server(self) -> OpenEncoderHook:
        """The hook."""
        hook = self.service
        assert isinstance(hook, OpenEncoderHook)  # noqa: S101 - hook_class says so
        return hook


class OpenEncoderJobStepOperator(OpenEncoderStepOperator):
    """A step on a job that is there."""

    template_fields = ("job_id", "conn_id")

    def __init__(self, *, job_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id


class OpenEncoderCreateJobOperator(OpenEncoderStepOperator):
    """Creates a job, which is queued at once, and returns its id. A retry finds the job it made before.

    ``source`` is an object of the server's inbound bucket, ``dest`` a folder of its outbound bucket that ends in "/":
    ``s3://bucket/key``, ``s3:///key`` or just the key. ``preset`` is checked against the server's list first.
    """

    template_fields = ("source", "dest", "preset", "conn_id")

    def __init__(self, *, source: str, dest: str, preset: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.dest = dest
        self.preset = preset

    def step(self, context: Context) -> str:
        """Create the job, or find the one an earlier try created."""
        store, most = context["task_state_store"], int(context["ti"].max_tries or 0)
        before: Any = store.get(CREATED)
        if before and before["max_tries"] == most:
            job_id = before.get("job_id") or self.service.answer(find_job(before["dest"], before["newest"]))
            if job_id:
                return str(job_id)
        source, dest = self._addresses()
        self.service.answer(find_preset(self.preset))
        note: dict[str, Any] = {"max_tries": most, "dest": dest, "newest": self.service.answer(newest_id())}
        store.set(CREATED, note)  # from here on a retry looks before it creates
        job_id = self.service.answer(api.create_job(self.preset, source, dest))
        store.set(CREATED, {**note, "job_id": job_id})
        return job_id

    def _addresses(self) -> tuple[str, str]:
        named = any(value.startswith("s3://") and not value.startswith("s3:///") for value in (self.source, self.dest))
        inbound, outbound = ("", "")
        if named:
            buckets = self.server.buckets()
            inbound, outbound = buckets.inbound, buckets.outbound
        return given_source(self.source, inbound), given_dest(self.dest, outbound)


class OpenEncoderCancelJobOperator(OpenEncoderJobStepOperator):
    """Cancels a job and watches for ``watch`` seconds that it stays so; returns its last state, "" if there is none.

    A worker that is downloading or probing writes over "cancelled" and goes on; it is cancelled again then. A job
    that has ended by itself is left as it is.
    """

    def __init__(self, *, watch: float = WATCH, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.watch = watch

    def step(self, context: Context) -> str:
        """Cancel and watch."""
        job = self.service.answer(cancel_job(self.job_id, self.watch))
        return job.state if job else ""


class OpenEncoderRestartJobOperator(OpenEncoderJobStepOperator):
    """Queues a job again that is over; returns its id. A retry does not queue it twice.

    ``even_if_running`` restarts one that is not over: meant for a job whose queue entry was lost, which stays queued
    for ever; any other would be done by two workers at once.
    """

    def __init__(self, *, even_if_running: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.even_if_running = even_if_running

    def step(self, context: Context) -> str:
        """Restart it once."""
        store, most = context["task_state_store"], int(context["ti"].max_tries or 0)
        state = self.service.answer(api.job_state(self.job_id))
        note: dict[str, Any] = {"job_id": str(self.job_id), "max_tries": most, "state": state}
        before: Any = store.get(RESTARTED)
        if before and {**before, "state": ""} == {**note, "state": ""} and before["state"] != state:
            self.log.info("job %s is %s: an earlier try has restarted it", self.job_id, state)
            return str(self.job_id)
        store.set(RESTARTED, note)
        self.service.answer(restart_job(self.job_id, self.even_if_running))
        return str(self.job_id)


class OpenEncoderJobStatusOperator(OpenEncoderJobStepOperator):
    """Returns what a look at the job shows: ``{"job_id", "phase", "state", "percent"}``; an unknown job fails."""

    def step(self, context: Context) -> dict[str, Any]:
        """Look once."""
        try:
            job = self.service.answer(api.get_job(self.job_id))
        except LostError as error:
            raise BadInputError(str(error)) from error
        percent = 100.0 if job.phase is Phase.SUCCEEDED else job.percent
        return {"job_id": job.id, "phase": job.phase.value, "state": job.state, "percent": percent}
