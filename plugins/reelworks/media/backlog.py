"""Work that goes on behind one's back: begun in order, a little of it at a time, and what goes wrong is heard of."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress

LAST_WORDS = 1.0
"""Seconds in which the threads may end what they are at: a task that is stopped has five for all."""

GLANCE = 0.02
"""Seconds between two looks at whether they have."""

Work = Callable[[], object]


class Backlog:
    """Does pieces of work on ``threads`` of its own, in the order in which they come; one more waits for its turn.

    What one of them raises is raised by a later ``add`` or by ``settle``; what has not begun by then is left undone.
    """

    def __init__(self, name: str, threads: int) -> None:
        self._name, self._most = name, threads
        self._queue = queue.Queue[Work | None](1)
        self._threads: list[threading.Thread] = []
        self._failure: BaseException | None = None
        self._over = False

    def add(self, work: Work) -> None:
        """Have it done; wait until there is room for it. Nothing is begun after ``leave``."""
        if self._over:
            return
        self._raise_failure()
        if len(self._threads) < self._most:
            # A daemon: one that hears nothing from a dead server must not keep a stopped task from ending.
            thread = threading.Thread(target=self._run, daemon=True, name=f"{self._name}-{len(self._threads)}")
            thread.start()
            self._threads.append(thread)
        self._queue.put(work)

    def settle(self) -> None:
        """Wait until all is done."""
        self._queue.join()
        self._raise_failure()

    def leave(self) -> None:
        """Leave undone what has not begun, and give what has LAST_WORDS."""
        self._over = True
        deadline = time.monotonic() + LAST_WORDS
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < deadline:
            with suppress(queue.Full):
                self._queue.put(None, timeout=GLANCE)  # wakes whichever has nothing to do

    def _raise_failure(self) -> None:
        if self._failure:
            raise self._failure

    def _run(self) -> None:
        while not self._over and (work := self._queue.get()) is not None:
            try:
                if not (self._over or self._failure):
                    work()
            except BaseException as error:  # raised again by whoever added it
                self._failure = self._failure or error
            finally:
                del work  # it may hold much, and the next may be long in coming
                self._queue.task_done()
