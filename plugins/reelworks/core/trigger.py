"""The only trigger: waits for one remote job in the triggerer."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent

from reelworks.core import metrics
from reelworks.core.board import OFTENER, Board, board_of
from reelworks.core.errors import StalledError, VideoServiceError
from reelworks.core.flow import Flow
from reelworks.core.hook import VideoServiceHook
from reelworks.core.jobs import Job, Phase, wait_for_job
from reelworks.core.session import Session
from reelworks.core.task_states import GIVEN_UP, astate_of

FIRST_LOOK = 6.0
"""Seconds before the first look: a task that resumes sooner than its executor has reported the deferral can be
failed by the scheduler (Airflow #72716)."""

GRACE = 120.0
"""Seconds after its deadline at which Airflow ends a wait whose triggerer is gone."""

PAUSES = (1.0, 5.0, 15.0)
"""Seconds between questions to an Airflow that does not answer."""

_CANCELLING: set[asyncio.Task[None]] = set()
"""Keeps the tasks that cancel jobs alive: the event loop itself holds them only weakly."""


class JobTrigger(BaseTrigger):
    """Waits until a job is over, then wakes its task; a lost triggerer's waits go on in another.

    The event only says which job to look at: the task looks for itself and decides. ``deadline`` is in seconds
    since the epoch; a sensor that starts here gives ``timeout`` in seconds from now instead. ``stall`` is for how many
    seconds the job may stand still. With ``ends_task`` a success ends the task without a worker. With ``owns_job`` the
    job is cancelled when a user marks the task as failed or done; never when the triggerer stops, and not when the
    task is cleared, whose next try takes it over. All waits on one connection share its lists of jobs, where the
    service has one; ``interval`` is between the looks of one that waits alone.
    """

    def __init__(
        self,
        *,
        hook: str,
        conn_id: str,
        job_id: str,
        interval: float,
        deadline: float | None = None,
        timeout: float | None = None,
        stall: float | None = None,
        owns_job: bool = True,
        ends_task: bool = False,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.hook = hook
        self.conn_id = conn_id
        self.job_id = job_id
        self.interval = interval
        self.deadline = deadline
        self.timeout = timeout
        self.stall = stall
        self.owns_job = owns_job
        self.ends_task = ends_task

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what rebuilds this trigger: scalars only, no secret."""
        names = ("hook", "conn_id", "job_id", "interval", "deadline", "timeout", "stall", "owns_job", "ends_task")
        return "reelworks.core.trigger.JobTrigger", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then yield one event: ``{"job_id", "phase", "message"}``, and ``stalled`` if the job stood still."""
        hook = load_hook(self.hook, self.conn_id)
        now = time.time()
        deadline = self.deadline or now + (self.timeout or 0)

        def wait(session: Session) -> Flow[Job]:
            return wait_for_job(
                lambda: self._look(hook, board_of(session), deadline),
                interval=self.interval / OFTENER if hook.lists_jobs else self.interval,
                deadline=deadline,
                stall=self.stall,
                first_look_after=0.0 if self.ends_task else FIRST_LOOK,
                notice=lambda job: self.log.info("%s", job),
            )

        try:
            job = await hook.aanswer_with(wait)
        except VideoServiceError as error:
            stalled = {"stalled": error.seen} if isinstance(error, StalledError) else {}
            yield TriggerEvent({"job_id": self.job_id, "phase": None, "message": str(error), **stalled})
            return
        event = {"job_id": job.id, "phase": job.phase.value, "message": str(job)}
        if self.ends_task and job.phase is Phase.SUCCEEDED:
            yield TaskSuccessEvent(xcoms={"return_value": job_summary(job)})
        else:
            yield TriggerEvent(event)

    def _look(self, hook: VideoServiceHook, board: Board, deadline: float) -> Flow[Job]:
        if not hook.lists_jobs:
            return hook.look(self.job_id)
        left = deadline - time.time()
        if left <= self.interval:  # too near its end to wait for the next list
            return board.look_singly(self.job_id, self.interval, hook.look, within=left)
        return board.look(self.job_id, self.interval, hook.look_at_all, hook.look)

    async def on_kill(self) -> None:
        """Cancel the job if the user gave the task up.

        Airflow 3.3.2 cancels a trigger that a user killed anew each second until it has ended, its ``on_kill``
        included. So the work is done in a task of its own, which goes on when this one is cancelled.
        """
        if not self.owns_job:
            return
        work = asyncio.get_running_loop().create_task(self._cancel_job())
        _CANCELLING.add(work)
        work.add_done_callback(_CANCELLING.discard)
        await asyncio.shield(work)

    async def _state(self) -> str | None:
        """Ask Airflow what has become of the task; its API server is slow when many are marked at once."""
        for pause in PAUSES:
            try:
                return await astate_of(self.task_instance)
            except AirflowRuntimeError as error:
                self.log.warning("job %s: Airflow does not say what has become of its task: %s", self.job_id, error)
                await asyncio.sleep(pause)
        return await astate_of(self.task_instance)

    async def _cancel_job(self) -> None:
        state = await self._state()
        if state not in GIVEN_UP:
            self.log.info("job %s is left running: its task is %s and takes it over", self.job_id, state)
            return
        hook = load_hook(self.hook, self.conn_id)
        try:
            await hook.aanswer(hook.cancel(self.job_id))
        except VideoServiceError as error:
            self.log.error("job %s could not be cancelled: %s", self.job_id, error)
            return
        with metrics.of_service(hook.conn_type):
            metrics.JOBS_CANCELLED.add()
        self.log.info("job %s cancelled: its task was marked as %s", self.job_id, state)
        try:
            await asyncio.to_thread(hook.leave_nothing, self.job_id)
        except VideoServiceError as error:
            self.log.warning("what job %s has left could not be removed: %s", self.job_id, error)


def hook_path(hook_class: type[VideoServiceHook]) -> str:
    """Return the dotted path by which a trigger finds the hook again."""
    return f"{hook_class.__module__}.{hook_class.__qualname__}"


def load_hook(path: str, conn_id: str) -> VideoServiceHook:
    """Make the hook whose class has the dotted ``path``."""
    module, _, name = path.rpartition(".")
    hook: VideoServiceHook = getattr(importlib.import_module(module), name)(conn_id)
    return hook


def job_summary(job: Job) -> dict[str, Any]:
    """Return what a wait pushes as XCom: id, phase, state and amount, all JSON scalars."""
    return {"job_id": job.id, "phase": job.phase.value, "state": job.state, "amount": job.amount}
