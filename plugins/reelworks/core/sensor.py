"""Wait for a job that someone else started."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseSensorOperator, PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException
from airflow.triggers.base import StartTriggerArgs

from reelworks.core import metrics
from reelworks.core.errors import BusyError, JobFailedError, OverdueError, UnreachableError
from reelworks.core.hook import VideoServiceHook
from reelworks.core.jobs import Job, Phase, sure_look, wait_for_job
from reelworks.core.trigger import GRACE, JobTrigger, hook_path, job_summary

if TYPE_CHECKING:
    from airflow.sdk import Context


LAST_LOOKS = 60.0
"""Seconds within which a look at a job that is over has to be answered."""


class JobSensor(BaseSensorOperator):
    """Succeeds when the job has succeeded; fails when it failed, was cancelled or is not over in time.

    With ``deferrable`` (the default) it starts in the triggerer and, on success, ends there: no worker is used.
    Otherwise it pokes or reschedules like any sensor. It does not own the job: killing the sensor leaves it alone.
    Pushes ``{"job_id", "phase", "state", "amount"}``. ``poke_interval`` and ``timeout`` are in seconds.
    """

    template_fields: Sequence[str] = ("job_id", "conn_id")
    hook_class: ClassVar[type[VideoServiceHook]]

    def __init__(
        self,
        *,
        job_id: str,
        conn_id: str | None = None,
        deferrable: bool = True,
        poke_interval: float = 15.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.job_id = job_id
        self.conn_id = conn_id or self.hook_class.default_conn_name
        self.deferrable = deferrable
        self.start_from_trigger = deferrable
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls="reelworks.core.trigger.JobTrigger",
            # An XComArg's text is the template that reads it; the triggerer renders it.
            trigger_kwargs={**self._wait(), "job_id": str(job_id), "ends_task": True},
            next_method="resume",
            timeout=self._longest(),
        )

    def _wait(self) -> dict[str, Any]:
        return {
            "hook": hook_path(self.hook_class),
            "conn_id": self.conn_id,
            "interval": self.poke_interval,
            "timeout": self.timeout,
            "owns_job": False,
        }

    def _longest(self) -> timedelta:
        """Return after what time Airflow ends the wait: a triggerer that takes over another's begins it anew."""
        return timedelta(seconds=self.timeout + GRACE)

    def execute(self, context: Context) -> Any:
        """Run on a worker: when not deferrable, and in ``dag.test()``, which starts nothing in a triggerer."""
        if not self.deferrable:
            return super().execute(context)
        done = self.poke(context)
        if done.is_done:
            return done.xcom_value
        trigger = JobTrigger(job_id=self.job_id, **{**self._wait(), "deadline": time.time() + self.timeout})
        return self.defer(trigger=trigger, method_name="resume", timeout=self._longest())

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once; a look that goes unanswered is no failure."""
        try:
            job = self._look()
        except (UnreachableError, BusyError) as error:
            self.log.warning("%s", error)
            return PokeReturnValue(is_done=False)
        with self._counted():
            return PokeReturnValue(is_done=job.phase.over, xcom_value=self._verdict(job) if job.phase.over else None)

    def resume(self, context: Context, event: Any = None) -> Any:
        """Look for itself once the triggerer's wait is over."""
        hook = self.hook_class(self.conn_id)
        told = bool(event and event.get("phase"))
        wait = wait_for_job(
            lambda: hook.look(self.job_id),
            interval=self.poke_interval,
            # A job that is known to be over is worth asking for again when a look goes unanswered.
            deadline=time.time() + (LAST_LOOKS if told else 0.0),
        )
        try:
            with self._counted():
                return self._verdict(hook.answer(wait))
        except OverdueError as error:
            raise AirflowFailException(f"{error}: the sensor waited {self.timeout:g} s") from error

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with metrics.of_service(self.hook_class.conn_type), metrics.failures_counted():
            yield

    def _look(self) -> Job:
        hook = self.hook_class(self.conn_id)
        return hook.answer(sure_look(lambda: hook.look(self.job_id)))

    def _verdict(self, job: Job) -> dict[str, Any]:
        if job.phase is not Phase.SUCCEEDED:
            raise JobFailedError(str(job))
        self.log.info("%s", job)
        return job_summary(job)
