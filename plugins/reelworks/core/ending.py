"""However a task ends: no job is left running that nobody comes back for."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowFailException, AirflowRuntimeError, TaskDeferred

from reelworks.core import metrics
from reelworks.core.claim import Claim, load_claim
from reelworks.core.errors import (
    HOPELESS,
    BadOutputError,
    JobFailedError,
    LostError,
    NothingMadeError,
    OverdueError,
    VideoServiceError,
)
from reelworks.core.jobs import Phase, sure_look
from reelworks.core.owners import forget_owner, note_owner
from reelworks.core.redact import redact
from reelworks.core.task_states import GIVEN_UP, question_is_open, retry_follows, state_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from reelworks.core.operator import JobOperator


OVER = (JobFailedError, BadOutputError, LostError)
"""What a task ends with when there is nothing left to cancel."""

AGAIN = 0.05
"""Seconds after which a stop that came at a bad moment comes again; Airflow kills the process after five."""


class TaskStoppedError(BaseException):
    """The task got SIGTERM. Unlike Airflow's AirflowTaskTerminated it leaves a task its retries: workers shut down.

    No Exception: it is raised in the middle of anything, and botocore takes any of those for a lost connection.
    """


UNWANTED = (*OVER, TaskStoppedError)
"""What a task ends with when what its job made is no good, or nobody wants it."""


class Ending:
    """Sees one try of a task out: cancels its job, writes it off, or leaves it or its result to the next try."""

    def __init__(self, operator: JobOperator, context: Context) -> None:
        self.operator = operator
        self.context = context
        self.store = context["task_state_store"]
        self.instance = context["ti"]
        self.log = operator.log
        self.minding = False

    @contextmanager
    def minded(self) -> Iterator[None]:
        """See to it that no job is left running that nobody comes back for."""
        self.minding = True
        try:
            yield
        except TaskDeferred:
            raise
        except NothingMadeError as error:
            self.minding = False
            self._give_up(error, write_off=True)  # for the retry, where there is one
            raise
        except HOPELESS as error:
            self.minding = False
            self._give_up(error, write_off=isinstance(error, BadOutputError))
            raise AirflowFailException(str(error)) from error
        except BaseException as error:
            self.minding = False
            if self._nobody_comes_back(error):
                self._give_up(error, write_off=isinstance(error, LostError))
            raise
        finally:
            self.minding = False

    def stop(self) -> None:
        """Leave what is minded, from within the handler of SIGTERM.

        Not in the middle of a question to Airflow: its answer would stay on the line, be taken for the next one's, and
        the claim for missing. The signal is sent again then, until the answer has come.
        """
        if not self.minding:
            return
        if question_is_open():
            again = threading.Timer(AGAIN, signal.pthread_kill, (threading.main_thread().ident, signal.SIGTERM))
            again.daemon = True
            again.start()
            return
        raise TaskStoppedError(f"{self.operator.task_id} was stopped")

    def _nobody_comes_back(self, error: BaseException) -> bool:
        if isinstance(error, TaskStoppedError):
            # Marked by a user, or a worker that shuts down? Only Airflow knows.
            return self._is_given_up()
        if isinstance(error, (OverdueError, AirflowFailException)):
            return True
        return not retry_follows(self.operator, self.context, error)

    def _is_given_up(self) -> bool:
        try:
            return state_of(self.instance) in GIVEN_UP
        except AirflowRuntimeError as error:
            self.log.error("what was started is left: Airflow does not say why it is stopped: %s", redact(str(error)))
            return False

    def _give_up(self, why: BaseException, *, write_off: bool) -> None:
        """Cancel the job, if there is one; a paid result that is good is left. Nothing here may hide ``why``.

        With ``write_off`` a try or a cleared task after this starts a new job: what this one made will not get better.
        """
        try:
            claim = load_claim(self.store)
            if claim is None or claim.done:
                return
            if self._is_wanted(claim, why) and (claim.made or self._succeeded(claim)):
                self._leave_result(claim)
            else:
                self._cancel(claim, why)
            if write_off:
                replace(claim, spent=True).save(self.store)
        except (VideoServiceError, AirflowRuntimeError) as error:
            self.log.error("what was started is not known to be ended: %s", redact(str(error)))

    def _is_wanted(self, claim: Claim, why: BaseException) -> bool:
        return not claim.spent and not isinstance(why, UNWANTED)

    def _succeeded(self, claim: Claim) -> bool:
        """Look whether what is to be given up has come to its good end meanwhile, unseen."""
        job_id = claim.job_id
        if not job_id or not self.operator.is_last(claim):
            return False
        try:
            job = self.operator.service.answer(sure_look(lambda: self.operator.service.look(job_id)))
        except VideoServiceError:
            return False
        return job.phase is Phase.SUCCEEDED

    def _leave_result(self, claim: Claim) -> None:
        """Leave what was made to whoever clears the task; the reaper has it if nobody does."""
        replace(claim, made=True).save(self.store)
        note_owner(claim.name, self.instance, keep=self.operator.keeps())  # its grace begins now
        self.log.warning(
            "job %s (%s) succeeded, and its paid result lies at the service: clear the task to have it published",
            claim.job_id,
            claim.name,
        )

    def _cancel(self, claim: Claim, why: BaseException) -> None:
        job_id = claim.job_id
        try:
            if job_id := job_id or self.operator.service.answer(self.operator.find(claim)):
                self.operator.service.answer(self.operator.service.cancel(job_id))
        except VideoServiceError as error:
            note_owner(claim.name, self.instance)  # the reaper's grace begins now: somebody may clear the task
            self.log.error("job %s (%s) could not be cancelled: %s", job_id, claim.name, error)
            return
        # A worker may have written "completed" over "cancelled".
        if self._is_wanted(claim, why) and self._succeeded(claim):
            self._leave_result(claim)
            return
        if job_id:
            self.log.info("job %s does not run on", job_id)
            if not isinstance(why, OVER):
                metrics.JOBS_CANCELLED.add()
        # A create that was not answered, or stopped, may yet be acted on: its owner stays noted for the reaper.
        self.tidied(claim, gone=not claim.resent and (isinstance(why, HOPELESS) or bool(job_id)))

    def _end_twins(self, claim: Claim) -> None:
        twin = self.operator.service.answer(self.operator.find(claim))  # which ends all but one of its name
        if twin and not claim.done:  # else it is the one whose outputs are published
            self.operator.service.answer(self.operator.service.cancel(twin))

    def tidied(self, claim: Claim, *, gone: bool = True) -> None:
        """Tidy up after a job that is over; then, if it is known to be ``gone``, it is nobody's any more.

        A retry tries again, but what cannot be removed is no reason to fail a task for good.
        """
        try:
            if claim.resent:
                self._end_twins(claim)
            self.operator.tidy(claim)
        except VideoServiceError as error:
            if claim.done and not isinstance(error, HOPELESS) and retry_follows(self.operator, self.context, error):
                raise
            self.log.warning("what %s has left could not be removed: %s", claim.name, error)
        else:
            if gone:
                forget_owner(claim.name)
