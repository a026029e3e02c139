"""Submit once, wait, settle; take over what an earlier try left; leave nothing running."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.sdk import BaseOperator
from airflow.sdk.bases.operator import TRIGGER_FAIL_REPR
from airflow.sdk.exceptions import (
    AirflowFailException,
    TaskDeferralError,
    TaskDeferralTimeout,
    TaskDeferred,
)

from reelworks.core.claim import Claim, load_claim, new_claim
from reelworks.core.errors import (
    HOPELESS,
    BadOutputError,
    BusyError,
    JobFailedError,
    LostError,
    NothingMadeError,
    OverdueError,
    StalledError,
    UnreachableError,
    VideoServiceError,
)
from reelworks.core.flow import Flow, Sleep
from reelworks.core.hook import VideoServiceHook
from reelworks.core.jobs import Job, Phase, sure_look, wait_for_job
from reelworks.core.task_states import GIVEN_UP, retry_follows, state_of
from reelworks.core.trigger import JobTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

GRACE = 120.0
"""Seconds after its deadline at which Airflow ends a wait whose triggerer is gone."""


class TaskStoppedError(BaseException):
    """The task got SIGTERM. Unlike Airflow's AirflowTaskTerminated it leaves a task its retries: workers shut down.

    No Exception: it is raised in the middle of anything, and botocore takes any of those for a lost connection.
    """


class JobOperator(BaseOperator):
    """Starts a remote job and sees it through.

    A retry looks for the job its predecessor left running and takes it over, so a lost worker does not pay for the
    same job twice. So does a task that is cleared while it runs; one that is cleared after it succeeded starts a
    new job. When the task ends short of success and nobody comes back for the job, the job is cancelled.

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
        self._minding = False

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
        """Return the id of the job that bears the claim's name, or None."""

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

    def revive(self, job: Job, claim: Claim) -> Claim | None:
        """Return the claim with which a retry goes on from before the failure of ``job``; None to start all anew."""
        return None

    @abstractmethod
    def settle(self, job: Job, claim: Claim) -> tuple[Any, dict[str, Any]]:
        """Fetch, check and publish what the finished job made; return it and what to know of the job (both JSON)."""

    def tidy(self, claim: Claim) -> None:
        """Remove what ``prepare`` and the job have left, now that the job is over; may be done twice."""
        return

    # The way of a job ---------------------------------------------------------------------------------------

    @cached_property
    def service(self) -> VideoServiceHook:
        """The hook, made when it is first needed."""
        return self.hook_class(self.conn_id)

    def execute(self, context: Context) -> Any:
        """Submit or take over, then wait."""
        with self._minded(context):
            return self._see_through(self._claimed(context), context)

    def resume(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on after the triggerer's wait. What the event says is a hint; the job itself is looked at."""
        with self._minded(context):
            claim = load_claim(context["task_state_store"])
            if claim is None or claim.job_id is None:
                raise LostError(f"nothing is stored about job {event.get('job_id')}: clear the task to start anew")
            if event.get("phase") is None:
                self.log.warning("the triggerer gave up waiting: %s", event.get("message"))
            if event.get("stalled"):
                self._confirm_stall(claim, event)
            return self._see_through(claim, context)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after a deferral; a trigger that timed out or crashed is handled like any other failure."""
        if next_method != TRIGGER_FAIL_REPR:
            return super().resume_execution(next_method, next_kwargs, context)
        with self._minded(context):
            try:
                return super().resume_execution(next_method, next_kwargs, context)
            except (TaskDeferralError, TaskDeferralTimeout) as error:
                # A wait that outlived its deadline by GRACE ends here: its triggerer is gone, or it crashed late.
                claim = load_claim(context["task_state_store"])
                if claim and time.time() > claim.deadline:
                    raise OverdueError(f"job {claim.job_id} was not over at its deadline") from error
                raise

    def on_kill(self) -> None:
        """Leave ``execute``, where the job is cancelled or left to the next try.

        Called from the SIGTERM handler, in the middle of anything; Airflow goes on with the task when it returns.
        """
        if self._minding:
            raise TaskStoppedError(f"{self.task_id} was stopped")

    def _claimed(self, context: Context) -> Claim:
        """Return the claim on a job that runs or is over: an earlier try's, or a new one."""
        store, instance = context["task_state_store"], context["ti"]
        claim = load_claim(store)
        if claim and claim.done and claim.max_tries == instance.max_tries:
            self.log.info("job %s was finished by an earlier try", claim.job_id)
            return claim
        if claim and not claim.done and not claim.spent and (running := self._taken_over(claim, context)):
            return running
        if claim and not claim.done:
            self._tidied(claim, context)
        notes = self.check(context)
        fresh = new_claim(instance, time.time() + self.deadline, claim, notes).save(store)
        return self._submitted(fresh, context)

    def _taken_over(self, claim: Claim, context: Context) -> Claim | None:
        """Go on with the job an earlier try left; None when that job is over without success."""
        job_id = claim.job_id or self.service.answer(self.find(claim))
        if job_id is None:
            self.log.info("no job is called %s: the earlier try had stored only its intent", claim.name)
            return self._submitted(replace(claim, deadline=time.time() + self.deadline), context)
        try:
            job = self.service.answer(sure_look(lambda: self.service.look(job_id)))
        except LostError as error:
            self.log.warning("%s: a new job is needed", error)
            return None
        if job.phase in (Phase.FAILED, Phase.CANCELLED):
            if revived := self.revive(job, claim.with_job(job_id)):
                self.log.warning("%s: going on with what came before it", job)
                return self._started(revived, context)
            if job.phase is Phase.CANCELLED:
                self.service.answer(self.service.cancel(job_id))  # a service may yet bring it back to life
            self.log.warning("%s: a new job is needed", job)
            return None
        if not job.phase.over and time.time() >= claim.deadline:
            # Before it is started: a draft would be paid for, and aborted at once.
            raise OverdueError(f"{job}, and its deadline has passed")
        self.log.info("taking over: %s", job)
        return self._started(claim.with_job(job_id), context)

    def _submitted(self, claim: Claim, context: Context) -> Claim:
        self.log.info("submitting %s", claim.name)
        self.prepare(claim)
        try:
            job_id = self.service.answer(self._created(claim))
        except (UnreachableError, BusyError) as error:
            self.log.warning("%s: the next try looks for %s", error, claim.name)
            raise
        return self._started(claim.with_job(job_id), context)

    def _created(self, claim: Claim) -> Flow[str]:
        """Create the job; an answer that is lost is looked for by name before anything is sent again."""
        for pause in (1.0, 3.0, 5.0):
            try:
                return (yield from self.create(claim))
            except (UnreachableError, BusyError) as error:
                self.log.warning("%s: looking for %s", error, claim.name)
                yield Sleep(pause)
                found = yield from self.find(claim)
                if found:
                    return found
        return (yield from self.create(claim))

    def _started(self, claim: Claim, context: Context) -> Claim:
        # Stored before the call that costs money. A clear of a running task has raised max_tries: it is this try's.
        claim = replace(claim, max_tries=int(context["ti"].max_tries or 0)).save(context["task_state_store"])
        self.start(claim)
        self.log.info("job %s (%s) is started", claim.job_id, claim.name)
        return claim

    def _see_through(self, claim: Claim, context: Context) -> Any:
        """Wait here as long as that is cheap, defer for the rest, and settle what is over."""
        store = context["task_state_store"]
        while not claim.done:
            job = self._waited(claim)
            if job is None:
                self._defer(claim)
            if job.phase is not Phase.SUCCEEDED:
                raise JobFailedError(str(job))
            if following := self.advance(job, claim):
                claim = claim.with_job(following).save(store)
                self.log.info("job %s (%s) is started", following, claim.name)
                continue
            claim = claim.finished(*self.settle(job, claim)).save(store)
        self._tidied(claim, context)  # only now: a try that dies before has to find what it settles
        # Airflow has deleted what an earlier try pushed.
        context["ti"].xcom_push(key="job", value=claim.facts)
        return claim.result

    def _waited(self, claim: Claim) -> Job | None:
        """Return the job once it is over; None if it should be waited for in the triggerer."""
        until = min(claim.deadline, time.time() + self.patience) if self.deferrable else claim.deadline
        wait = wait_for_job(
            lambda: self.service.look(str(claim.job_id)),
            interval=min(self.interval, self.quick_interval) if self.deferrable else self.interval,
            deadline=until,
            stall=self.stall,
            notice=lambda job: self.log.info("%s", job),
        )
        try:
            return self.service.answer(wait)
        except StalledError:
            raise
        except OverdueError:
            if time.time() >= claim.deadline:
                raise
            return None

    def _confirm_stall(self, claim: Claim, event: dict[str, Any]) -> None:
        """Look for itself: a job that has moved since is waited for again."""
        job = self.service.answer(sure_look(lambda: self.service.look(str(claim.job_id))))
        if not job.phase.over and str(job) == event["stalled"]:
            raise StalledError(str(event.get("message")))

    def _defer(self, claim: Claim) -> NoReturn:
        trigger = JobTrigger(
            hook=hook_path(self.hook_class),
            conn_id=self.conn_id,
            job_id=str(claim.job_id),
            interval=self.interval,
            deadline=claim.deadline,
            stall=self.stall,
        )
        left = timedelta(seconds=max(0.0, claim.deadline - time.time()) + GRACE)
        self.defer(trigger=trigger, method_name="resume", timeout=left)
        raise AssertionError("defer always raises")  # pragma: no cover

    # However it ends ----------------------------------------------------------------------------------------

    @contextmanager
    def _minded(self, context: Context) -> Iterator[None]:
        """See to it that no job is left running that nobody comes back for."""
        self._minding = True
        try:
            yield
        except TaskDeferred:
            raise
        except NothingMadeError:
            self._minding = False
            self._give_up(context)
            self._write_off(context)  # for the retry, where there is one
            raise
        except HOPELESS as error:
            self._minding = False
            self._give_up(context)
            if isinstance(error, BadOutputError):
                self._write_off(context)
            raise AirflowFailException(str(error)) from error
        except BaseException as error:
            self._minding = False
            if self._nobody_comes_back(error, context):
                self._give_up(context)
                if isinstance(error, LostError):
                    self._write_off(context)
            raise
        finally:
            self._minding = False

    def _nobody_comes_back(self, error: BaseException, context: Context) -> bool:
        if isinstance(error, TaskStoppedError):
            # Marked by a user, or a worker that shuts down? Only Airflow knows.
            return state_of(context["ti"]) in GIVEN_UP
        if isinstance(error, (OverdueError, AirflowFailException)):
            return True
        return not retry_follows(self, context, error)

    def _write_off(self, context: Context) -> None:
        """Let a task that is cleared after this start a new job: what this one made will not get better."""
        if claim := load_claim(context["task_state_store"]):
            replace(claim, spent=True).save(context["task_state_store"])

    def _give_up(self, context: Context) -> None:
        """Cancel the job, if there is one. A failure here must not hide the one that led here."""
        claim = load_claim(context["task_state_store"])
        if claim is None or claim.done:
            return
        try:
            job_id = claim.job_id or self.service.answer(self.find(claim))
            if job_id:
                self.service.answer(self.service.cancel(job_id))
                self.log.info("job %s does not run on", job_id)
        except VideoServiceError as error:
            self.log.error("job %s (%s) could not be cancelled: %s", claim.job_id, claim.name, error)
        else:
            self._tidied(claim, context)

    def _tidied(self, claim: Claim, context: Context) -> None:
        """Tidy up; a retry tries again, but what cannot be removed is no reason to fail a task for good."""
        try:
            self.tidy(claim)
        except VideoServiceError as error:
            if claim.done and not isinstance(error, HOPELESS) and retry_follows(self, context, error):
                raise
            self.log.warning("what %s has left could not be removed: %s", claim.name, error)


def hook_path(hook_class: type[VideoServiceHook]) -> str:
    """Return the dotted path by which a trigger finds the hook again."""
    return f"{hook_class.__module__}.{hook_class.__qualname__}"
