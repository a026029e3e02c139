"""Takes an upload to disk while it comes: in constant memory, writing one batch while the next is on its way."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

from fastapi import Request

from sandbox.pixop.multipart import FilePart, FormReader, MultipartError, read_boundary

BATCH = 1 << 20


class Writer:
    """Writes blocks to a file in a thread, one batch at a time, while the next is gathered."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._batch: list[memoryview] = []
        self._gathered = 0
        self._writing: asyncio.Future[None] | None = None
        self.size = 0

    async def write(self, blocks: list[memoryview]) -> None:
        """Take blocks; waits only when the disk is a whole batch behind."""
        self._batch += blocks
        added = sum(len(block) for block in blocks)
        self._gathered += added
        self.size += added
        if self._gathered >= BATCH:
            await self.flush()
            batch, self._batch, self._gathered = self._batch, [], 0
            self._writing = asyncio.ensure_future(asyncio.to_thread(_write, self._file, batch))

    async def flush(self) -> None:
        """Wait for the batch that is being written."""
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing

    async def finish(self) -> None:
        """Write what is left."""
        await self.flush()
        await asyncio.to_thread(_write, self._file, self._batch)


def _write(file: int, blocks: list[memoryview]) -> None:
    for block in blocks:
        while block:
            block = block[os.write(file, block) :]


async def receive_file(
    request: Request, draft: Path, *, speed: Callable[[], float], count: Callable[[int], None]
) -> FilePart:
    """Write the form's file to `draft` and return what its envelope says; `count` is told how much there is so far.

    Raises MultipartError, and starlette's ClientDisconnect where the body ends too early.
    """
    reader = FormReader(read_boundary(request.headers.get("content-type", "")))
    began, came = time.monotonic(), 0
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    writer = Writer(file)
    try:
        async for block in request.stream():
            await writer.write(reader.feed(block))
            count(writer.size)
            came += len(block)
            if limit := speed():
                await asyncio.sleep(max(0.0, began + came / limit - time.monotonic()))
        if not reader.complete or reader.file is None:
            raise MultipartError("the form has no file, or no end")
        await writer.finish()
        return reader.file
    finally:
        # A thread may be writing still: it must not meet a closed file, or worse another's.
        await asyncio.shield(writer.flush())
        os.close(file)
