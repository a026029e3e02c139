"""The bytes of a link, in order and once, whatever cuts come between."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from reelworks.core.errors import BadInputError, BadOutputError, BusyError, RefusedError, UnreachableError
from reelworks.core.redact import redact
from reelworks.media.answers import Stumble, Validator, check_status, content_range, kind_of, length_of

if TYPE_CHECKING:
    from requests import Response

    from reelworks.media.answers import Sha256

log = logging.getLogger(__name__)

CHUNK = 64 * 1024  # bytes; what was read of a chunk before a cut is read again


class ChangedError(Exception):
    """What lies behind the link is not what it was when the download began."""


@dataclass(frozen=True)
class Patience:
    """How to bear a bad connection: tries in a row without one new byte, and seconds."""

    tries: int = 6
    first_wait: float = 0.5
    longest_wait: float = 60.0
    connect_timeout: float = 10.0
    read_timeout: float = 60.0


class Download:
    """A resumable GET; ``position`` and ``total`` (if known) are in bytes."""

    def __init__(self, link: str, expected: int | None, patience: Patience) -> None:
        import requests

        self.shown = redact(link)
        self.expected, self.total = expected, expected
        self.position = 0
        self._link, self._patience = link, patience
        self._validator: Validator | None = None
        self._session = requests.Session()
        # Without this, requests adds credentials from ~/.netrc, which voids a presigned link.
        self._session.auth = lambda request: request

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def chunks(self, sha256: Sha256) -> Iterator[bytes]:
        """Give the bytes, each fed to ``sha256`` before. ChangedError means: begin anew."""
        failures, problem = 0, Stumble("never tried")
        while failures < self._patience.tries:
            before = self.position
            try:
                yield from self._attempt(sha256)
                return
            except Stumble as stumble:
                problem = stumble
                failures = 1 if self.position > before else failures + 1
            if failures < self._patience.tries:
                self._wait(failures, problem)
        words = f"{self.shown}: {problem}, {failures} times in a row"
        raise BusyError(words, problem.wait) if problem.busy else UnreachableError(words)

    def _wait(self, failures: int, problem: Stumble) -> None:
        wait = problem.wait if problem.wait is not None else self._patience.first_wait * 2 ** (failures - 1)
        log.info("%s: %s; going on from byte %d", self.shown, problem, self.position)
        time.sleep(min(wait, self._patience.longest_wait))

    def _attempt(self, sha256: Sha256) -> Iterator[bytes]:
        with self._get() as answer:
            if answer.status_code == 416:
                self._at_end(answer)
                return
            check_status(answer, self.shown)
            skip = self._begin(answer)
            for chunk in self._past(skip, self._read(answer), sha256):
                sha256.update(chunk)
                self.position += len(chunk)
                yield chunk
        if self.total is not None and self.position < self.total:
            raise Stumble(f"cut at byte {self.position} of {self.total}")
        if self.total is not None and self.position > self.total:
            raise BadOutputError(f"{self.shown} has more than the {self.total} bytes it should have")

    def _get(self) -> Response:
        from requests import exceptions

        headers = {"Accept-Encoding": "identity"}
        if self.position:
            headers["Range"] = f"bytes={self.position}-"
        timeouts = (self._patience.connect_timeout, self._patience.read_timeout)
        try:
            return self._session.get(self._link, headers=headers, stream=True, timeout=timeouts)
        # Their texts hold the whole link, signature and all: `from None` keeps it out of tracebacks.
        except (exceptions.MissingSchema, exceptions.InvalidSchema, exceptions.InvalidURL):
            raise BadInputError(f"{self.shown!r} is no http(s) link") from None
        except exceptions.TooManyRedirects:
            raise RefusedError(f"{self.shown} redirects in circles") from None
        except exceptions.RequestException as error:
            raise Stumble(kind_of(error)) from None

    def _begin(self, answer: Response) -> int:
        """See that this answer goes on with what we have; give how many of its bytes we have already."""
        start, total = content_range(answer) if answer.status_code == 206 else (0, length_of(answer))
        if start is None or (start != self.position and answer.status_code == 206):
            raise Stumble(f"asked for byte {self.position}, got another range")
        if self._validator is None:
            self._validator = Validator.of(answer)
            if self.expected is not None and total not in (None, self.expected):
                raise BadOutputError(f"{self.shown} has {total} bytes, not the {self.expected} expected")
        elif not self._validator.agrees(Validator.of(answer)) or (
            self.total is not None and total not in (None, self.total)
        ):
            raise ChangedError
        self.total = total if self.total is None else self.total
        return self.position - start

    def _past(self, skip: int, chunks: Iterator[bytes], sha256: Sha256) -> Iterator[bytes]:
        """Leave out what a server that ignores Range sends again, after comparing it with what we had."""
        again = hashlib.sha256()
        for chunk in chunks:
            known, new = chunk[:skip], chunk[skip:]
            if known:
                again.update(known)
                skip -= len(known)
                if not skip and again.digest() != sha256.digest():
                    raise ChangedError
            if new:
                yield new

    def _read(self, answer: Response) -> Iterator[bytes]:
        from urllib3.exceptions import HTTPError

        try:
            yield from answer.raw.stream(CHUNK, decode_content=False)
        except (HTTPError, OSError) as error:
            raise Stumble(f"cut at byte {self.position} of {self.total or '?'} ({kind_of(error)})") from None

    def _at_end(self, answer: Response) -> None:
        # The cut came after the last byte of a download whose length was not told.
        if self.position == 0 or content_range(answer)[1] != self.position:
            raise ChangedError
