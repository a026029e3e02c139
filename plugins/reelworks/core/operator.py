"""Submit once, wait, settle; take over what an earlier try left; leave nothing running."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator
from airflow.sdk.bases.operator import TRIGGER_FAIL_REPR
from airflow.sdk.exceptions import TaskDeferralError, TaskDeferralTimeout

from reelworks.core import metrics
from reelworks.core.attempt import Attempt
from reelworks.core.claim import Claim, load_claim
from reelworks.core.flow import Flow
from reelworks.core.hook import VideoServiceHook
from reelworks.core.jobs import Job

if TYPE_CHECKING:
    from airflow.sdk import Context


class JobOperator(BaseOperator):
    """Starts a remote job and sees it through.

    A retry looks for the job its predecessor left running and takes it over, so a lost worker does not pay for the
    same job twice. So does a task that is cleared while it runs; one that is cleared after it succeeded starts a
    new job. When the task ends short of success and nobody comes back for the job, the job is cancelled. One that
    has succeeded is not, unless its result is no good or the task was marked: it is paid for, and a clear publishes it.

    ``interval`` and ``deadline`` are in seconds; the deadline counts from the submission and holds over retries.
    ``deferrable=False`` keeps the worker for the whole wait. Jobs that end within ``patience`` seconds are waited
    for in place, because a deferral costs Airflow about three.
    """

    hook_class: ClassVar[type[VideoServiceHook]]
    patience: ClassVar[float] = 10.0
    quick_interval: ClassVar[float] = 1.0
    stall: float | None = None
    """Seconds for which a job may stand still, where a subclass sets it; see wait_for_job."""

    def __init__(
        self,
        *,
        conn_id: str | None = None,
        interval: float = 15.0,
        deadline: float = 6 * 3600.0,
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id or self.hook_class.default_conn_name
        self.interval = interval
        self.deadline = deadline
        self.deferrable = deferrable
        self._attempt: Attempt | None = None

    # What a service's operator says -------------------------------------------------------------------------

    @abstractmethod
    def check(self, context: Context) -> dict[str, Any]:
        """Look at all input before money is spent and return what to remember of it (JSON).

        :raises BadInputError: what is wrong, and the remedy.
        """

    def prepare(self, claim: Claim) -> None:
        """Get ready what the job needs before it is created; done again by a retry that finds no job."""
        return

    @abstractmethod
    def find(self, claim: Claim) -> Flow[str | None]:
        """Return the id of the job that bears the claim's name, or None; of several, end all but one."""

    @abstractmethod
    def create(self, claim: Claim) -> Flow[str]:
        """Make the job and return its id. Sent once; if the answer is lost, ``find`` is asked."""

    @abstractmethod
    def start(self, claim: Claim) -> None:
        """Bring the created job to run, from wherever an earlier try left it. Must not start it twice."""

    def advance(self, job: Job, claim: Claim) -> str | None:
        """Start what follows on a job that succeeded, and return its id; None when that was all.

        For services whose one piece of work is several jobs in turn. Must not start anything twice: a try that died
        before the id was stored comes here again.
        """
        return None

    def is_last(self, claim: Claim) -> bool:
        """Say whether the claim's job is the last of its piece of work, the one that ``settle`` fetches."""
        return True

    def patience_with(self, claim: Claim) -> float:
        """Return for how many seconds what the job does now is waited for in place."""
        return self.patience

    def revive(self, job: Job, claim: Claim) -> Claim | None:
        """Return the claim with which a retry goes on from before the failure of ``job``; None to start all anew."""
        return None

    @abstractmethod
    def settle(self, job: Job, claim: Claim) -> tuple[Any, dict[str, Any]]:
        """Fetch, check and publish what the finished job made; return it and what to know of the job (both JSON)."""

    def tidy(self, claim: Claim) -> None:
        """Remove what ``prepare`` and the job have left, now that the job is over; may be done twice."""
        return

    def keeps(self) -> bool:
        """Say whether what the job leaves at the service is to stay there."""
        return False

    def remember(self, claim: Claim, notes: dict[str, Any]) -> None:
        """Store what a try that comes after this one's death has to know (JSON); the job's next step forgets it."""
        if self._attempt:
            replace(claim, notes={**claim.notes, **notes}).save(self._attempt.store)

    def recalled(self, note: str) -> Any:
        """Return what is remembered now: another try that Airflow took for dead may have stored it just before."""
        claim = load_claim(self._attempt.store) if self._attempt else None
        return claim.notes.get(note) if claim else None

    # The way of a job ---------------------------------------------------------------------------------------

    @cached_property
    def service(self) -> VideoServiceHook:
        """The hook, made when it is first needed."""
        return self.hook_class(self.conn_id)

    def execute(self, context: Context) -> Any:
        """Submit or take over, then wait."""
        with self._minded(context) as attempt:
            return attempt.see_through(attempt.claimed())

    def resume(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on after the triggerer's wait. What the event says is a hint; the job itself is looked at."""
        with self._minded(context) as attempt:
            return attempt.resumed(event)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after a deferral; one that failed is handled like any other failure, one that came too late looks."""
        if next_method != TRIGGER_FAIL_REPR:
            return super().resume_execution(next_method, next_kwargs, context)
        with self._minded(context) as attempt:
            try:
                return super().resume_execution(next_method, next_kwargs, context)
            except (TaskDeferralError, TaskDeferralTimeout) as error:
                return attempt.overslept(error)

    def on_kill(self) -> None:
        """Leave ``execute``, where the job is cancelled or left to the next try.

        Called from the SIGTERM handler, in the middle of anything; Airflow goes on with the task when it returns.
        """
        if self._attempt:
            self._attempt.ending.stop()

    @contextmanager
    def _minded(self, context: Context) -> Iterator[Attempt]:
        self._attempt = Attempt(self, context)
        with metrics.of_service(self.hook_class.conn_type), self._attempt.ending.minded(), metrics.failures_counted():
            yield self._attempt
