"""Write a local file of any length: whole under its name, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self
from uuid import uuid4

from reelworks.core.errors import BadInputError, BadOutputError

PART = 8 * 1024**2  # bytes


class PartialFile:
    """A file under a name of its own beside ``path``, until it is finished. Its folder is made if need be."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._partial = path.with_name(f".{uuid4().hex}.part")
        self._total: int | None = None
        self._file = -1

    def __enter__(self) -> Self:
        with self._told():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            with suppress(FileNotFoundError):
                self._partial.unlink()

    def expect(self, total: int | None) -> None:
        """Tell the whole length in bytes, if known."""
        self._total = total

    def part_size(self) -> int:
        """Say how many bytes are written at a time."""
        return PART

    def put(self, number: int, first: int, body: memoryview) -> None:
        """Write a part where it belongs."""
        with self._told():
            while body:
                written = os.pwrite(self._file, body, first)
                body, first = body[written:], first + written

    def write(self, chunk: bytes) -> None:
        """Write the next bytes."""
        self.put(0, self.size, memoryview(chunk))
        self.size += len(chunk)

    def finish(self) -> None:
        """Make the file appear, once it is safe on the disk."""
        with self._told():
            size = os.fstat(self._file).st_size
            if self._total not in (None, size):
                raise BadOutputError(f"{self.path} has {size} bytes, not the {self._total} expected")
            os.fsync(self._file)
            self._partial.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise BadInputError(f"cannot write {self.path}: {error.strerror}; correct the destination") from None
