"""Work that goes on behind one's back: in order, a little of it at a time, and what goes wrong is heard of."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

LAST_WORDS = 10.0
"""Seconds in which the thread may end what it is at."""

Work = Callable[[], object]


class Backlog:
    """Does pieces of work on a thread of its own, one after the other; at most ``waiting`` wait for their turn.

    What one of them raises is raised by the next ``add`` or by ``settle``; those after it are left undone.
    """

    def __init__(self, name: str, waiting: int) -> None:
        self._name = name
        self._queue = queue.Queue[Work | None](waiting)
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._over = False

    def add(self, work: Work) -> None:
        """Have it done; wait until there is room for it."""
        self._raise_failure()
        if self._thread is None:
            # A daemon: one that hears nothing from a dead server must not keep a stopped task from ending.
            self._thread = threading.Thread(target=self._run, daemon=True, name=self._name)
            self._thread.start()
        self._queue.put(work)

    def settle(self) -> None:
        """Wait until all is done."""
        self._queue.join()
        self._raise_failure()

    def leave(self) -> None:
        """Leave undone what has not begun, and give what has LAST_WORDS."""
        self._over = True
        with suppress(queue.Full):
            self._queue.put_nowait(None)
        if self._thread is not None:
            self._thread.join(LAST_WORDS)

    def _raise_failure(self) -> None:
        if self._failure:
            raise self._failure

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                if not (self._over or self._failure):
                    work()
            except BaseException as error:  # raised again by whoever added it
                self._failure = error
            finally:
                self._queue.task_done()
            if self._over:
                return
