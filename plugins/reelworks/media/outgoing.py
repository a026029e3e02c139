"""A file on its way out, from S3 or from disk: its name, its size, and its bytes, which must not change meanwhile."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reelworks.core.errors import BadInputError, RefusedError
from reelworks.media import s3

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CHUNK = 512 * 1024  # bytes
AHEAD = 8
"""Chunks that are read before they are asked for, so that reading and sending go on side by side."""


class Outgoing(Protocol):
    """What is to be sent; ``name`` is a file name, ``size`` is in bytes."""

    name: str
    size: int

    def chunks(self) -> Iterator[bytes]:
        """Give the bytes from the beginning. BadInputError if they are no longer what they were."""
        ...


def outgoing(source: str, client: S3Client | None) -> Outgoing:
    """Look at ``s3://bucket/key`` or a local path.

    :raises BadInputError: it is not there, or empty, or cannot be read.
    """
    found: Outgoing
    if source.startswith("s3://"):
        if client is None:
            raise BadInputError(f"{source} lies in S3: name an AWS connection")
        found = S3File(client, s3.S3Url.parse(source))
    else:
        found = LocalFile(Path(source))
    if not found.size:
        raise BadInputError(f"{source} is empty (0 bytes): upload it again")
    return found


class S3File:
    """An object, pinned to the version or ETag it has now."""

    def __init__(self, client: S3Client, url: s3.S3Url) -> None:
        found = s3.stat(client, url)
        self.name, self.size = url.name, found.size
        self._client, self._found = client, found

    def chunks(self) -> Iterator[bytes]:
        """Give the bytes; broken connections are mended on the way."""
        with _ahead(self._read()) as chunks:
            yield from chunks

    def _read(self) -> Generator[bytes, None, None]:
        found = self._found
        try:
            with s3.open_object(self._client, found.url, found.version_id, f'"{found.etag}"') as reader:
                while chunk := reader.chunk(CHUNK):
                    yield chunk
        except RefusedError as error:
            if error.status != s3.NOT_THE_SAME:
                raise
            raise BadInputError(f"{found.url} was replaced while it was sent: start again with the new one") from None


class LocalFile:
    """A file on disk, as it is now."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path
        with self._opened() as file:
            self._state = _state(file)
        self.size = self._state[0]

    def chunks(self) -> Iterator[bytes]:
        """Give the bytes."""
        with self._opened() as file:
            left = self.size
            while left:
                chunk = os.read(file, CHUNK)
                # Seen before the last bytes leave: without them the other side does not take it for whole.
                if not chunk or _state(file) != self._state:
                    raise BadInputError(f"{self._path} changed while it was sent: start again when it is whole")
                left -= len(chunk)
                yield chunk

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise BadInputError(f"cannot read {self._path}: {error.strerror}; check the path") from None
        try:
            yield file
        finally:
            os.close(file)


def _state(file: int) -> tuple[int, int]:
    found = os.fstat(file)
    return found.st_size, found.st_mtime_ns


@contextmanager
def _ahead(chunks: Generator[bytes, None, None]) -> Iterator[Iterator[bytes]]:
    """Read ``chunks`` in a thread of their own, a few ahead."""
    ready = queue.Queue[bytes | BaseException | None](AHEAD)
    over = threading.Event()

    def read() -> None:
        last: BaseException | None = None
        try:
            with closing(chunks):
                for chunk in chunks:
                    ready.put(chunk)
                    if over.is_set():
                        return
        except BaseException as error:  # raised again by the thread that sends
            last = error
        ready.put(last)

    def given() -> Iterator[bytes]:
        while (chunk := ready.get()) is not None:
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk

    # A daemon: one that waits for a dead S3 must not keep a stopped task from ending.
    thread = threading.Thread(target=read, daemon=True, name="ahead")
    thread.start()
    try:
        yield given()
    finally:
        over.set()
        while not ready.empty():  # it may wait for room
            ready.get_nowait()
