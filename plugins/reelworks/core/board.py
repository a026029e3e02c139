"""Many waits, one list: the jobs of a connection as they were at the last look, shared by all who wait for one."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TypeAlias
from weakref import WeakKeyDictionary

from reelworks.core.errors import BusyError, LostError, UnreachableError
from reelworks.core.flow import Flow, Sleep
from reelworks.core.jobs import Job
from reelworks.core.session import Session

LookAtAll: TypeAlias = Callable[[Collection[str]], Flow[dict[str, Job]]]

YOUNG = 0.25
"""A list younger than this part of one's pace is as good as a new one; whoever finds it older waits for the next. So
all waits fall in step with it, and none hears of anything later than its pace after it happened."""

OFTENER = 3
"""How many lists there are in an interval, at most, where waits that share them would ask as often each for itself: all
hear sooner, and what ends comes back in small crowds."""

SHORTEST = 0.1
"""Seconds: who would look more often than that counts as one who looks so often."""


class Board:
    """What the last list showed. Whoever first needs a newer one asks for it; the others wait for that answer.

    Nothing runs in the background: a board that nobody looks at asks nothing, and a wait that ends leaves nothing
    behind. Safe to share between the coroutines of an event loop, and between waits of different intervals.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asking = False
        self._answered = float("-inf")
        self._jobs: dict[str, Job] = {}
        self._failure: str | None = None
        self._wanted: dict[str, tuple[float, float]] = {}
        self._apart = float("inf")
        self._looked: dict[str, float] = {}
        self._asked_for: frozenset[str] = frozenset()

    def look(self, job_id: str, interval: float, look_at_all: LookAtAll, look: Callable[[str], Flow[Job]]) -> Flow[Job]:
        """Return the job as the next list shows it, which is at most ``interval`` (seconds) after the last one.

        To be called as often as there may be lists: OFTENER times per interval. A job that the list does not show,
        although it was asked for it, is looked at by itself, once per interval.

        :raises UnreachableError: the list went unanswered; one try counts for all who wait for it.
        """
        came = self._clock()
        self._wanted[job_id] = came + 3 * interval, interval
        yield from self._renewed(self._pace(interval), look_at_all, came)
        if not self._failure and job_id not in self._jobs and job_id not in self._asked_for:
            yield from self._renewed(self._pace(interval), look_at_all, self._answered, 0.0)
        if self._failure:
            raise UnreachableError(self._failure)
        job = self._jobs.get(job_id)
        if job is None:
            job = yield from self.look_singly(job_id, interval, look)
        if job.phase.over:
            self._wanted.pop(job_id, None)
        return job

    def look_singly(
        self, job_id: str, interval: float, look: Callable[[str], Flow[Job]], within: float = float("inf")
    ) -> Flow[Job]:
        """Look at the one job, an ``interval`` after the last such look but ``within`` so many seconds.

        One that is said to be gone is looked at again at once.
        """
        due = self._looked.pop(job_id, float("-inf")) + interval
        yield Sleep(max(0.0, min(within, due - self._clock())))
        job = yield from look(job_id)
        if not job.phase.over:
            self._looked[job_id] = self._clock()
        return job

    def _pace(self, interval: float) -> float:
        """Return the seconds between two lists for one who would look every ``interval``."""
        return min(interval, max(interval / OFTENER, self._apart))

    def _renewed(self, pace: float, look_at_all: LookAtAll, came: float, young: float = YOUNG) -> Flow[None]:
        """Wait for a list that was answered after one ``came``, or is young yet; ask if nobody else does."""
        pause = 0.02
        while self._answered <= came and (now := self._clock()) >= self._answered + young * pace:
            if now < (due := self._answered + pace):
                yield Sleep(due - now)
            elif self._asking:
                yield Sleep(pause)
                pause = min(1.0, 2 * pause)
            else:
                self._asking = True
                try:
                    yield from self._renew(look_at_all)
                finally:
                    self._asking = False

    def _renew(self, look_at_all: LookAtAll) -> Flow[None]:
        now = self._clock()
        self._wanted = {job_id: wait for job_id, wait in self._wanted.items() if wait[0] > now}
        self._looked = {job_id: at for job_id, at in self._looked.items() if job_id in self._wanted}
        self._asked_for = frozenset(self._wanted)
        looks = sum(1 / max(interval, SHORTEST) for _, interval in self._wanted.values())
        self._apart = 1 / looks if looks else float("inf")
        try:
            self._jobs = yield from look_at_all(self._asked_for)
            self._failure = None
        except (UnreachableError, BusyError, LostError) as error:
            # A list that is not found says nothing about the job that one wait is for.
            self._failure = str(error)
        # Counted from the answer: from the question, an answer that takes long would be too old on arrival.
        self._answered = self._clock()


_BOARDS: WeakKeyDictionary[Session, Board] = WeakKeyDictionary()


def board_of(session: Session) -> Board:
    """Return the session's one board. A connection that is changed has another session: ids there mean other jobs."""
    return _BOARDS.setdefault(session, Board())
