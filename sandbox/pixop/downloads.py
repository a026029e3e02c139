"""Answers that are files: whole or in part, at full speed, or at the speed that is set."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from sandbox.injection import Line
from sandbox.pixop.errors import RefusedError, refuse
from sandbox.pixop.ranges import UnsatisfiableError, matches, parse_range
from sandbox.pixop.records import Media

BLOCK = 1 << 20
BLOCKS_A_SECOND = 10

Counting = Callable[[Line], AbstractContextManager[None]]


def file_answer(
    request: Request, media: Media, path: Path, *, speed: float, heed_if_range: bool, counting: Counting
) -> Response:
    """Return the answer to a download. `speed` is bytes per second, 0 for no limit; `counting` counts."""
    headers = {
        "accept-ranges": "bytes",
        "etag": f'"{media.etag}"',
        "content-type": media.type,
        "content-disposition": disposition(media.name),
    }
    if matches(request.headers.get("if-none-match", ""), media.etag):
        return Response(status_code=304, headers=headers)
    asked = request.headers.get("range", "")
    if heed_if_range and request.headers.get("if-range", headers["etag"]) != headers["etag"]:
        asked = ""
    try:
        part = parse_range(asked, media.size)
    except UnsatisfiableError:
        return refuse(RefusedError(416, "the range is behind the end"), {"content-range": f"bytes */{media.size}"})
    start, end = part or (0, media.size - 1)
    headers["content-length"] = str(end - start + 1)
    if part:
        headers["content-range"] = f"bytes {start}-{end}/{media.size}"
    status = 206 if part else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return FileResponse(path, start, end - start + 1, status=status, headers=headers, speed=speed, counting=counting)


def disposition(name: str) -> str:
    """Return a Content-Disposition that every client can read: in ASCII, and where that is not enough in UTF-8."""
    plain = "".join(letter if letter.isascii() and letter not in '"\\%' else "_" for letter in name)
    full = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{full}'


class FileResponse(Response):
    """A part of a file. Stops reading when the client has gone, which a plain stream would not notice."""

    def __init__(
        self,
        path: Path,
        start: int,
        length: int,
        *,
        status: int,
        headers: dict[str, str],
        speed: float,
        counting: Counting,
    ) -> None:
        super().__init__(status_code=status, headers=headers)
        self._path = path
        self._start = start
        self._length = length
        self._speed = speed
        self._counting = counting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send head and body."""
        file = await asyncio.to_thread(os.open, self._path, os.O_RDONLY)
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            with self._counting(scope["sandbox.line"]):
                await self._send_body(file, send, gone)
            if not self._length:
                await send({"type": "http.response.body"})
        finally:
            gone.cancel()
            os.close(file)

    async def _send_body(self, file: int, send: Send, gone: "asyncio.Future[None]") -> None:
        began, sent = time.monotonic(), 0
        step = min(BLOCK, max(1, int(self._speed / BLOCKS_A_SECOND))) if self._speed else BLOCK
        while sent < self._length and not gone.done():
            count = min(step, self._length - sent)
            block = await asyncio.to_thread(os.pread, file, count, self._start + sent)
            if not block:
                return
            sent += len(block)
            await send({"type": "http.response.body", "body": block, "more_body": sent < self._length})
            if self._speed:
                await asyncio.wait([gone], timeout=max(0.0, began + sent / self._speed - time.monotonic()))


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
