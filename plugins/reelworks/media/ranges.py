"""A download in parts that are fetched side by side, and put together as if it had been one."""

from __future__ import annotations

import contextvars
import hashlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reelworks.core import metrics
from reelworks.media.answers import Stumble, Validator, check_status, content_range, kind_of, length_of
from reelworks.media.backlog import LAST_WORDS
from reelworks.media.download import WHOLE, ChangedError
from reelworks.media.patience import Patience, Tries

if TYPE_CHECKING:
    from requests import Response

    from reelworks.media.head import Head
    from reelworks.media.remote import Remote
    from reelworks.media.sink import Sink

PARALLEL = 4
HELD = 64 * 1024**2
"""Bytes of parts in memory at a time; two parts if they are larger than half of it, which takes files of 320 GB."""

CHUNK = 128 * 1024  # bytes; what was read of a chunk before a cut is read again


class NoRangesError(Exception):
    """The server gives the whole where a part was asked for."""


class StoppedError(Exception):
    """Another part failed, or the task was stopped."""


@dataclass(eq=False)
class Part:
    """One part on its way; ``first`` and the length of ``body`` are in bytes."""

    number: int
    first: int
    body: memoryview
    full: threading.Event = field(default_factory=threading.Event)
    stored: threading.Event = field(default_factory=threading.Event)


class RangedFetch:
    """Fetches a file of known length with ``PARALLEL`` threads, in constant memory.

    A cut part goes on at the byte where it was cut. What one thread meets is raised in the caller's, and ends all.
    """

    def __init__(self, remote: Remote, sink: Sink, head: Head, total: int, patience: Patience) -> None:
        self._remote, self._sink, self._patience = remote, sink, patience
        self._validator, self._total = head.validator, total
        self._queue = queue.SimpleQueue[Part | None]()
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._open = set["Response"]()
        self._lock = threading.Lock()

    def run(self, progress: Callable[[int], None]) -> str:
        """Carry all parts over and return the sha256 (hex) of the whole; ``progress`` hears of the bytes so far.

        :raises ChangedError: it is no longer what was looked at.
        :raises NoRangesError: it can only be had as a whole.
        """
        sha256 = hashlib.sha256()
        size = self._sink.part_size()
        window = min(2 * PARALLEL, max(2, HELD // size))
        spare = [memoryview(bytearray(min(size, self._total))) for _ in range(min(window, -(-self._total // size)))]
        going = deque[Part]()
        with self._threads(min(PARALLEL, len(spare))):
            for number, first in enumerate(range(0, self._total, size), 1):
                if not spare:
                    spare.append(self._settled(going.popleft(), sha256.update, progress))
                part = Part(number, first, spare.pop()[: self._total - first])
                going.append(part)
                self._queue.put(part)
            while going:
                self._settled(going.popleft(), sha256.update, progress)
        return sha256.hexdigest()

    def _settled(self, part: Part, update: Callable[[memoryview], None], progress: Callable[[int], None]) -> memoryview:
        """Wait until a part is stored, and give its memory for another; it goes into the sum while it is stored."""
        part.full.wait()
        self._raise_failure()
        update(part.body)
        part.stored.wait()
        self._raise_failure()
        progress(part.first + len(part.body))
        return part.body

    def _raise_failure(self) -> None:
        if self._failure:
            raise self._failure

    @contextmanager
    def _threads(self, count: int) -> Iterator[None]:
        # Daemons: one that hears nothing from a dead server must not keep a stopped task from ending.
        threads = [
            # Each knows in a context of its own for which service it counts.
            threading.Thread(target=contextvars.copy_context().run, args=(self._work,), daemon=True, name=f"range-{n}")
            for n in range(count)
        ]
        try:
            for thread in threads:
                thread.start()
            yield
        except BaseException:
            self._end()
            raise
        finally:
            for _ in threads:
                self._queue.put(None)
            deadline = time.monotonic() + LAST_WORDS
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))

    def _end(self) -> None:
        """Have every thread stop where it is."""
        self._stop.set()
        with self._lock:
            for answer in self._open:
                # Closing it would not wake a thread that waits for its bytes.
                with suppress(OSError, ValueError, RuntimeError):
                    answer.raw.shutdown()

    def _work(self) -> None:
        while (part := self._queue.get()) is not None:
            try:
                self._go_on()
                self._fill(part)
                part.full.set()
                self._go_on()
                self._sink.put(part.number, part.first, part.body)
            except BaseException as error:  # raised again by the thread that waits for it
                with self._lock:
                    self._failure = self._failure or error
                self._end()
            finally:
                part.full.set()
                part.stored.set()

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise StoppedError

    def _fill(self, part: Part) -> None:
        tries, done = Tries(self._patience, self._remote.shown), 0
        while True:
            try:
                for count in self._read(part.first + done, part.body[done:]):
                    done += count
                return
            except Stumble as stumble:
                problem = stumble
            self._go_on()
            wait = tries.after(problem, part.first + done)
            metrics.TRANSFER_CUTS.add()
            self._stop.wait(wait)
            self._go_on()

    def _read(self, first: int, body: memoryview) -> Iterator[int]:
        """Read as much as comes, and tell of it piece by piece."""
        whole = len(body) == self._total
        headers = WHOLE if whole else WHOLE | {"Range": f"bytes={first}-{first + len(body) - 1}"}
        with self._remote.open("GET", headers) as answer, self._watched(answer):
            self._check(answer, first, whole)
            done = 0
            while done < len(body):
                chunk = self._chunk(answer, min(CHUNK, len(body) - done))
                if not chunk:
                    raise Stumble(f"cut at byte {first + done} of {self._total}")
                body[done : done + len(chunk)] = chunk
                done += len(chunk)
                yield len(chunk)

    @contextmanager
    def _watched(self, answer: Response) -> Iterator[None]:
        with self._lock:
            self._open.add(answer)
        try:
            self._go_on()
            yield
        finally:
            with self._lock:
                self._open.discard(answer)

    def _check(self, answer: Response, first: int, whole: bool) -> None:
        """See that this answer is the part that was asked for, of what was looked at. If-Range, by hand."""
        if answer.status_code == 416:
            raise ChangedError
        check_status(answer, self._remote.shown)
        if answer.status_code == 200 and not whole:
            raise NoRangesError
        start, total = content_range(answer) if answer.status_code == 206 else (0, length_of(answer))
        if total not in (None, self._total) or not self._validator.agrees(Validator.of(answer)):
            raise ChangedError
        if start != first:
            raise Stumble(f"asked for byte {first}, got another range")

    def _chunk(self, answer: Response, most: int) -> bytes:
        from urllib3.exceptions import HTTPError

        try:
            return answer.raw.read(most, decode_content=False)
        except (HTTPError, OSError) as error:
            raise Stumble(f"cut ({kind_of(error)})") from None
