"""A real HTTP server on the loopback interface that behaves, or misbehaves, as it is told."""

import json
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar


@dataclass
class Heard:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Act = Callable[["Handler"], None]
AnyServer = TypeVar("AnyServer", bound=socketserver.BaseServer)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.heard = Heard(self.command, self.path, headers, body)
        with self.server.lock:
            self.server.heard.append(self.heard)
            act = self.server.acts.pop(0) if self.server.acts else self.server.act
        act(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Does the next of ``acts``, and ``act`` when there is none; ``heard`` is what it was asked."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.heard: list[Heard] = []
        self.acts: list[Act] = []
        self.act: Act = answers({})
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def asked(self) -> list[str]:
        return [f"{heard.method} {heard.path}" for heard in self.heard]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the play."""


@contextmanager
def up(server: AnyServer) -> Iterator[AnyServer]:
    """Have a server serve for as long as the block takes."""
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serving() -> Iterator[Server]:
    with up(Server()) as server:
        try:
            yield server
        finally:
            server.over.set()


def answers(body: Any = None, status: int = 200, kind: str = "application/json", **headers: str) -> Act:
    """Answer as one does; header names are written with underscores."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()

    def act(handler: Handler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(payload)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(payload)

    return act


def resets(handler: Handler) -> None:
    """Tear the connection down without a word."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def hangs(handler: Handler) -> None:
    """Say nothing until the test is over."""
    handler.server.over.wait(10)
    handler.close_connection = True


def stops_in_the_middle(handler: Handler) -> None:
    """Promise a long body and send the beginning of it."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"job": {"id": "17", ')
    handler.close_connection = True


def stops_in_a_chunk(handler: Handler) -> None:
    """Do the same in chunks."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b'ff\r\n{"job": ')
    handler.close_connection = True


def babbles(handler: Handler) -> None:
    """Answer with something that is not HTTP."""
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    handler.close_connection = True
