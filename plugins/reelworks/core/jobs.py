"""A remote job: its five phases, and the only wait for one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from reelworks.core import metrics
from reelworks.core.errors import BusyError, LostError, OverdueError, StalledError, UnreachableError
from reelworks.core.flow import Flow, Sleep

T = TypeVar("T")

PATIENCE = 900.0
"""Seconds without one answered look after which a wait gives up; a retry takes the job over."""

LOOKS_UNTIL_LOST = 3
"""A single 404 may be a gateway's; so many in a row are the service's word."""


class Phase(StrEnum):
    """Where a job stands, in our words. Only SUCCEEDED is success."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self in (Phase.SUCCEEDED, Phase.FAILED, Phase.CANCELLED)


@dataclass(frozen=True, slots=True)
class Job:
    """What one look at a remote job showed: ``state`` in the service's word, ``percent`` from 0 to 100 if told.

    ``motion`` is any text that changes while something moves that the job needs; None when the look could not tell.
    """

    id: str
    phase: Phase
    state: str
    name: str = ""
    percent: float | None = None
    error: str = ""
    amount: str | None = None
    motion: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """Say it as a log line does."""
        state = f" ({self.state})" if self.state else ""
        percent = f" {self.percent:.0f} %" if self.percent is not None else ""
        return f"job {self.id} is {self.phase}{state}{percent}{': ' + self.error if self.error else ''}"


def wait_for_job(
    look: Callable[[], Flow[Job]],
    *,
    interval: float,
    deadline: float,
    stall: float | None = None,
    first_look_after: float = 0.0,
    notice: Callable[[Job], None] = lambda job: None,
    clock: Callable[[], float] = time.time,
) -> Flow[Job]:
    """Look until the job is over and return what the last look showed.

    ``interval`` in seconds; ``deadline`` in seconds since the epoch, because a wait moves between processes.
    ``stall`` is for how many seconds a job may stand still; one that waits its turn only does when it is known that
    nothing ahead of it moves. ``notice`` hears of each change of state or progress. Looks that go unanswered are not
    failures of the job.

    :raises OverdueError: not over at the deadline, or, with the outage as its cause, not known to be; StalledError,
        which is one: it stood still.
    :raises LostError: the service does not know the job any more.
    :raises UnreachableError, BusyError: no look was answered for PATIENCE seconds.
    """
    yield Sleep(first_look_after)
    answered, last = clock(), None
    stillness = Stillness(stall, answered)
    while True:
        metrics.LOOKS.add()
        outage: UnreachableError | BusyError | None = None
        try:
            job = yield from sure_look(look)
        except (UnreachableError, BusyError) as error:
            if clock() - answered > PATIENCE:
                raise
            outage = error
        else:
            answered = clock()
            if job != last:
                notice(job)
            last = job
            if job.phase.over:
                return job
            stillness.check(job, answered)
        now = clock()
        if now >= deadline:
            raise OverdueError(f"{last or 'the job was never seen'}, and its deadline has passed") from outage
        yield Sleep(min(interval, deadline - now))


class Stillness:
    """Knows since when a job stands still; ``limit`` in seconds, None for as long as it likes."""

    def __init__(self, limit: float | None, now: float) -> None:
        self.limit = limit
        self.since = now
        self.sign: object = None

    def check(self, job: Job, now: float) -> None:
        """Compare what a look showed with the one before.

        :raises StalledError: the job stands still for longer than it may.
        """
        if self.limit is None:
            return
        sign = _sign(job)
        if sign is None or sign != self.sign:
            self.sign, self.since = sign, now
        elif now - self.since > self.limit:
            raise StalledError(f"{job}, and for {now - self.since:.0f} s nothing has moved", str(job))


def _sign(job: Job) -> object:
    if job.motion is None and job.phase is Phase.WAITING:
        return None  # whether its turn comes nearer is not known
    return job.state, job.percent if job.motion is None else job.motion


def sure_look(look: Callable[[], Flow[T]]) -> Flow[T]:
    """Look once; believe that a thing is gone only when the service has said so several times in a row."""
    for left in reversed(range(LOOKS_UNTIL_LOST)):
        try:
            return (yield from look())
        except LostError:
            if not left:
                raise
            yield Sleep(1.0)
    raise AssertionError("unreachable")  # pragma: no cover
