"""A small HTTP server whose answers to downloads go wrong in the ways that a test scripts."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.loopback import up


class Zeros:
    """Many bytes that take up none."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, part: slice) -> Zeros:
        return Zeros(len(range(*part.indices(self.size))))

    def __bytes__(self) -> bytes:
        return bytes(self.size)


PIECE = 1024**2


@dataclass
class File:
    """What the server has, and how it behaves: one item of ``script`` is used up by each GET."""

    content: bytes | Zeros
    etag: str | None = '"one"'
    modified: str | None = None
    ranges: bool = True
    chunked: bool = False
    untold: bool = False  # GET tells no length, and its answer ends with the connection
    script: list[Script] = field(default_factory=list)
    heads: list[Script] = field(default_factory=list)  # the same for HEAD
    requests: list[str | None] = field(default_factory=list)  # the Range header of each GET
    sent: int = 0  # bytes of bodies


@dataclass
class Script:
    """How one request goes wrong."""

    cut_after: int | None = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[File], None] = lambda _: None


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD with the server's file."""

    protocol_version = "HTTP/1.1"
    server: LinkServer

    def log_message(self, format: str, *args: object) -> None:
        return

    def do_HEAD(self) -> None:
        file = self.server.file
        with self.server.lock:
            step = file.heads.pop(0) if file.heads else Script()
        step.before(file)
        length = {} if file.chunked else {"Content-Length": str(len(file.content))}
        self._head(step.status or 200, {**length, **self._validators(), **step.headers})

    def do_GET(self) -> None:
        file = self.server.file
        with self.server.lock:
            file.requests.append(self.headers.get("Range"))
            step = file.script.pop(0) if file.script else Script()
        step.before(file)
        if step.status:
            self._head(step.status, {"Content-Length": "0", **step.headers})
            return
        asked = self.headers.get("Range") if file.ranges else None
        first, _, last = (asked or "bytes=0-").removeprefix("bytes=").partition("-")
        end = min(len(file.content), int(last) + 1 if last else len(file.content))
        self._file(file, int(first), end, 206 if asked else 200, step)

    def _validators(self) -> dict[str, str]:
        return {"ETag": self.server.file.etag or "", "Last-Modified": self.server.file.modified or ""}

    def _file(self, file: File, start: int, end: int, status: int, step: Script) -> None:
        if start >= len(file.content) > 0:
            self._head(416, {"Content-Range": f"bytes */{len(file.content)}", "Content-Length": "0"})
            return
        body = file.content[start:end]
        headers = {**self._validators(), **step.headers}
        if status == 206:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(file.content)}"
        if not file.untold:
            headers |= {"Transfer-Encoding": "chunked"} if file.chunked else {"Content-Length": str(len(body))}
        self.close_connection = file.untold
        self._head(status, headers)
        sent = body if step.cut_after is None else body[: step.cut_after]
        for at in range(0, len(sent), PIECE):
            piece = bytes(sent[at : at + PIECE])
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if file.chunked else piece)
            with self.server.lock:
                file.sent += len(piece)
        if step.cut_after is not None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif file.chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.end_headers()


class LinkServer(ThreadingHTTPServer):
    """Serves one file at any address."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.file = File(content)
        self.lock = threading.Lock()

    @property
    def link(self) -> str:
        """A link as a service gives it: its query is a secret."""
        return f"http://127.0.0.1:{self.server_address[1]}/out/film.mp4?X-Amz-Signature=secret"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: broken connections are the point."""


def serving(content: bytes) -> Iterator[LinkServer]:
    """Run a server while a fixture is in use."""
    with up(LinkServer(content)) as server:
        yield server
