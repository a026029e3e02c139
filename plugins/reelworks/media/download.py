"""The bytes of a download, in order and once, whatever cuts come between."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reelworks.core import metrics
from reelworks.core.errors import BadOutputError
from reelworks.media.answers import Stumble, Validator, check_status, content_range, kind_of, length_of
from reelworks.media.patience import Patience, Tries

if TYPE_CHECKING:
    from requests import Response

    from reelworks.media.answers import Sha256
    from reelworks.media.remote import Remote

WHOLE = {"Accept-Encoding": "identity"}
"""Compressed, the bytes could be neither counted nor resumed."""

CHUNK = 64 * 1024  # bytes; what was read of a chunk before a cut is read again


class ChangedError(Exception):
    """What is downloaded is not what it was when the download began."""


class Download:
    """A resumable GET; ``position`` and ``total`` (if known) are in bytes."""

    def __init__(self, remote: Remote, expected: int | None, patience: Patience) -> None:
        self.shown = remote.shown
        self.expected, self.total = expected, expected
        self.position = 0
        self._remote, self._patience = remote, patience
        self._validator: Validator | None = None

    def chunks(self, sha256: Sha256) -> Iterator[bytes]:
        """Give the bytes, each fed to ``sha256`` before. ChangedError means: begin anew."""
        tries = Tries(self._patience, self.shown)
        while True:
            try:
                yield from self._attempt(sha256)
                return
            except Stumble as stumble:
                problem = stumble
            # Not within the except: the error that may come now must not drag along one that holds the link.
            wait = tries.after(problem, self.position)
            metrics.TRANSFER_CUTS.add()
            time.sleep(wait)

    def _attempt(self, sha256: Sha256) -> Iterator[bytes]:
        headers = WHOLE | ({"Range": f"bytes={self.position}-"} if self.position else {})
        with self._remote.open("GET", headers) as answer:
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
