"""One try of a task at its remote job: submit it once or take it over, wait, settle."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from reelworks.core import metrics
from reelworks.core.claim import Claim, load_claim, new_claim
from reelworks.core.ending import Ending
from reelworks.core.errors import BusyError, JobFailedError, LostError, OverdueError, StalledError, UnreachableError
from reelworks.core.flow import Flow, Sleep
from reelworks.core.hook import VideoServiceHook
from reelworks.core.jobs import PATIENCE, Job, Phase, sure_look, wait_for_job
from reelworks.core.owners import disown, note_owner
from reelworks.core.trigger import GRACE, JobTrigger, hook_path

if TYPE_CHECKING:
    from airflow.sdk import Context

    from reelworks.core.operator import JobOperator

OUTAGE = 24 * 3600.0
"""Seconds after its deadline for which a job is still asked after at a service that does not answer."""


class Attempt:
    """What a JobOperator does in one task start. The claim in Airflow's task state store says where it stands."""

    def __init__(self, operator: JobOperator, context: Context) -> None:
        self.operator = operator
        self.store = context["task_state_store"]
        self.instance = context["ti"]
        self.context = context
        self.log = operator.log
        self.ending = Ending(operator, context)

    @property
    def service(self) -> VideoServiceHook:
        """The operator's hook."""
        return self.operator.service

    def claimed(self) -> Claim:
        """Return the claim on a job that runs or is over: an earlier try's, or a new one."""
        claim = load_claim(self.store)
        # One that failed after all was done, and was cleared for it, has been paid for and published.
        if claim and claim.done and (claim.owed or claim.max_tries == self.instance.max_tries):
            self.log.info("job %s was finished by an earlier try", claim.job_id)
            return claim.of_try(self.instance.max_tries, owed=True).save(self.store)
        if claim and not claim.done and not claim.spent and (running := self._taken_over(claim)):
            return running
        if claim and not claim.done:
            self.ending.tidied(claim, gone=not claim.resent)
        if claim:
            disown(claim.name)
        notes = self.operator.check(self.context)
        fresh = new_claim(self.instance, self._new_deadline(), claim, notes).save(self.store)
        return self._submitted(fresh)

    def resumed(self, event: dict[str, Any]) -> Any:
        """Go on after the triggerer's wait, which ended with ``event``."""
        claim = load_claim(self.store)
        if claim is None or claim.job_id is None:
            raise LostError(f"nothing is stored about job {event.get('job_id')}: clear the task to start anew")
        if event.get("phase") is None:
            self.log.warning("the triggerer gave up waiting: %s", event.get("message"))
        if event.get("stalled"):
            self._confirm_stall(claim, event)
        return self.see_through(claim)

    def overslept(self, error: Exception) -> Any:
        """Look at what a wait was for that outlived its deadline by GRACE, since no triggerer was there to look.

        :raises OverdueError: its job is not over.
        :raises TaskDeferralError, TaskDeferralTimeout: the ``error`` itself: the wait has crashed before its deadline.
        """
        claim = load_claim(self.store)
        if claim is None or claim.job_id is None or time.time() < claim.deadline:
            raise error
        return self.see_through(claim)

    def see_through(self, claim: Claim) -> Any:
        """Wait here as long as that is cheap, defer for the rest, and settle what is over."""
        while not claim.done:
            job = self._waited(claim)
            if job is None:
                self._defer(claim)
            if job.phase is not Phase.SUCCEEDED:
                self._count_wait(claim)
                raise JobFailedError(str(job))
            if following := self.operator.advance(job, claim):
                claim = claim.with_job(following).save(self.store)
                self.log.info("job %s (%s) is started", following, claim.name)
                continue
            self._count_wait(claim)
            # As before a create: of two that publish, one would remove what the other staged.
            claim = replace(claim, made=True).save(self.store)
            if self.operator.keeps():  # not before: what never succeeds is to be kept by nobody
                note_owner(claim.name, self.instance, keep=True)
            claim = claim.finished(*self.operator.settle(job, claim)).save(self.store)
            self._count_success(claim)
        self.ending.tidied(claim)  # only now: a try that dies before has to find what it settles
        # Airflow has deleted what an earlier try pushed.
        self.instance.xcom_push(key="job", value=claim.facts)
        claim.of_try(self.instance.max_tries, owed=False).save(self.store)
        return claim.result

    def _count_wait(self, claim: Claim) -> None:
        metrics.JOB_WAIT.took(time.time() - (claim.deadline - self.operator.deadline))

    def _count_success(self, claim: Claim) -> None:
        metrics.JOBS_SUCCEEDED.add()
        with suppress(ValueError):  # it is the service's own text
            metrics.AMOUNT.add(float(claim.facts.get("amount") or 0), currency=self.service.currency)

    def _new_deadline(self) -> float:
        return time.time() + self.operator.deadline

    def _taken_over(self, claim: Claim) -> Claim | None:
        """Go on with the job an earlier try left; None when that job is over without success."""
        job_id = claim.job_id or self.service.answer(self.operator.find(claim))
        if job_id is None:
            self.log.info("no job is called %s: the earlier try had stored only its intent", claim.name)
            # Stored: a try that dies before the job is must not leave the old one to the next.
            return self._submitted(replace(claim, deadline=self._new_deadline(), resent=True).save(self.store))
        try:
            job = self.service.answer(sure_look(lambda: self.service.look(job_id)))
        except LostError as error:
            self.log.warning("%s: a new job is needed", error)
            return None
        if job.phase in (Phase.FAILED, Phase.CANCELLED):
            if revived := self.operator.revive(job, claim.with_job(job_id)):
                self.log.warning("%s: going on with what came before it", job)
                return self._started(revived)
            if job.phase is Phase.CANCELLED:
                # A service may yet bring it back to life.
                self.service.answer(self.service.cancel(job_id))
            self.log.warning("%s: a new job is needed", job)
            return None
        if not job.phase.over and time.time() >= claim.deadline:
            # Before it is started: a draft would be paid for, and aborted at once.
            raise OverdueError(f"{job}, and its deadline has passed")
        self.log.info("taking over: %s", job)
        metrics.JOBS_TAKEN_OVER.add()
        return self._started(claim.with_job(job_id))

    def _submitted(self, claim: Claim) -> Claim:
        self.log.info("submitting %s", claim.name)
        note_owner(claim.name, self.instance)
        self.operator.prepare(claim)
        # That may have taken long. A try that Airflow has taken for dead meanwhile may store nothing more, and ends
        # here: another is in its place, and has found no job to take over.
        claim.save(self.store)
        try:
            created = self.service.answer(self._created(claim))
        except (UnreachableError, BusyError) as error:
            self.log.warning("%s: the next try looks for %s", error, claim.name)
            raise
        metrics.JOBS_SUBMITTED.add()
        return self._started(created)

    def _created(self, claim: Claim) -> Flow[Claim]:
        """Create the job; an answer that is lost is looked for by name before anything is sent again."""
        for pause in (1.0, 3.0, 5.0):
            try:
                return claim.with_job((yield from self.operator.create(claim)))
            except (UnreachableError, BusyError) as error:
                self.log.warning("%s: looking for %s", error, claim.name)
                yield Sleep(pause)
                if found := (yield from self.operator.find(claim)):
                    return claim.with_job(found)
                # Stored before it is: a try that dies meanwhile must not let the next believe that there is only one.
                claim = replace(claim, resent=True).save(self.store)
        return claim.with_job((yield from self.operator.create(claim)))

    def _started(self, claim: Claim) -> Claim:
        # Stored before the call that costs money. A clear of a running task has raised max_tries: it is this try's.
        claim = replace(claim, max_tries=int(self.instance.max_tries or 0)).save(self.store)
        self.operator.start(claim)
        self.log.info("job %s (%s) is started", claim.job_id, claim.name)
        return claim

    def _waited(self, claim: Claim) -> Job | None:
        """Return the job once it is over; None if it should be waited for in the triggerer."""
        until, interval, operator = claim.deadline, self.operator.interval, self.operator
        if operator.deferrable:
            until = min(until, time.time() + operator.patience_with(claim))
            interval = min(interval, operator.quick_interval)
        wait = wait_for_job(
            lambda: self.service.look(str(claim.job_id)),
            interval=interval,
            deadline=until,
            stall=operator.stall,
            notice=lambda job: self.log.info("%s", job),
        )
        try:
            return self.service.answer(wait)
        except StalledError:
            raise
        except OverdueError as error:
            if time.time() < claim.deadline:
                return None
            outage = error.__cause__
            if not isinstance(outage, (UnreachableError, BusyError)):
                raise
            # It may be over, and paid for: it is looked at again, in the triggerer for as long as an outage may last.
            if operator.deferrable and time.time() < claim.deadline + OUTAGE:
                return None
            raise outage from None

    def _confirm_stall(self, claim: Claim, event: dict[str, Any]) -> None:
        """Look for itself: a job that has moved since is waited for again."""
        job = self.service.answer(sure_look(lambda: self.service.look(str(claim.job_id))))
        if not job.phase.over and str(job) == event["stalled"]:
            raise StalledError(str(event.get("message")))

    def _defer(self, claim: Claim) -> NoReturn:
        now = time.time()
        deadline = claim.deadline if now < claim.deadline else now + PATIENCE
        trigger = JobTrigger(
            hook=hook_path(self.operator.hook_class),
            conn_id=self.operator.conn_id,
            job_id=str(claim.job_id),
            interval=self.operator.interval,
            deadline=deadline,
            stall=self.operator.stall,
        )
        left = timedelta(seconds=deadline - now + GRACE)
        self.operator.defer(trigger=trigger, method_name="resume", timeout=left)
        raise AssertionError("defer always raises")  # pragma: no cover
