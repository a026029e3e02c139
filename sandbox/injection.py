"""Where faults happen: an ASGI layer between the socket and the service."""

import asyncio
import logging
import socket
import struct
from typing import Any, Protocol

from starlette.routing import Match, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults import FaultBook, Rule
from sandbox.tally import Tally

log = logging.getLogger(__name__)

CONTROL = "/sandbox"
UPLOADS = frozenset({"upload", "upload_media", "upload_light_media"})
HTML = "text/html; charset=utf-8"


class ErrorMaker(Protocol):
    """Makes a service's own kind of error body, so that an injected 503 looks like one of theirs."""

    def __call__(self, status: int, message: str) -> tuple[bytes, str]:
        """Return body and content type."""


class FaultLayer:
    """Counts requests and spoils those that a rule names. `/sandbox/...` is never touched."""

    def __init__(self, app: ASGIApp, *, router: Router, book: FaultBook, tally: Tally, make_error: ErrorMaker) -> None:
        self._app = app
        self._router = router
        self._book = book
        self._tally = tally
        self._make_error = make_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or fail to."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        name, method = self._endpoint(scope), scope["method"]
        line = Line(scope, send)
        scope["sandbox.line"] = line
        # A HEAD has no body that could be cut.
        download = name.startswith("download") and method != "HEAD"
        rule = self._book.strike(
            name=name, path=scope["path"], method=method, download=download, upload=name in UPLOADS
        )
        if rule is None:
            await self._app(scope, receive, line.send)
        else:
            self._tally.faulted(name, rule.kind)
            await self._spoil(rule, line, scope, receive)
        self._tally.answered(name, scope["method"], line.outcome)
        log.info("%s %s %s%s", scope["method"], name, line.outcome, f" ({rule.kind})" if rule else "")

    def _endpoint(self, scope: Scope) -> str:
        for route in self._router.routes:
            match, _ = route.matches(scope)
            if match is Match.FULL:
                return str(getattr(route, "name", ""))
        return "unknown"

    async def _spoil(self, rule: Rule, line: "Line", scope: Scope, receive: Receive) -> None:
        match rule.kind:
            case "status":
                await self._answer_error(rule, line)
            case "gateway":
                await line.answer(rule.status, _page(rule.status), HTML)
            case "reset_before":
                await line.reset()
            case "hang":
                await _hold(rule.seconds, receive)
                await line.reset()
            case "slow":
                await asyncio.sleep(rule.seconds)
                await self._app(scope, receive, line.send)
            case "truncate" | "cut_download":
                await self._app(scope, receive, Cutter(line, rule.keep_bytes).send)
            case "cut_upload":
                await self._app(scope, Shortener(line, scope, receive, rule.keep_bytes).receive, line.send)
            case _:
                await self._spoil_after(rule, line, scope, receive)

    async def _spoil_after(self, rule: Rule, line: "Line", scope: Scope, receive: Receive) -> None:
        answer = Unsent()
        await self._app(scope, receive, answer.send)
        match rule.kind:
            case "status_after":
                await self._answer_error(rule, line)
            case "reset_after":
                await line.reset()
            case "hang_after":
                await _hold(rule.seconds, receive)
                await line.reset()
            case "broken_json":
                await line.answer(answer.status, answer.body[: len(answer.body) // 2], answer.content_type)
            case _:
                await line.answer(answer.status, _page(502), HTML)

    async def _answer_error(self, rule: Rule, line: "Line") -> None:
        body, content_type = self._make_error(rule.status, "injected by a sandbox rule")
        extra = [] if rule.retry_after is None else [(b"retry-after", str(rule.retry_after).encode())]
        await line.answer(rule.status, body, content_type, extra)


def _page(status: int) -> bytes:
    """Return what a proxy in front of a service shows, which knows nothing of the service's own errors."""
    return f"<html><head><title>{status}</title></head><body><h1>{status} from the gateway</h1></body></html>".encode()


async def _hold(seconds: float, receive: Receive) -> None:
    """Say nothing for so long, or until the client has given up."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    await asyncio.wait([asyncio.ensure_future(gone())], timeout=seconds)


class Line:
    """The connection a request came on; remembers what was said on it."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self._transport: asyncio.Transport = scope["sandbox.transport"]
        self.outcome = "nothing"
        self.sent_bytes = 0

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self.outcome = str(message["status"])
        await self._send(message)
        self.sent_bytes += len(message.get("body", b""))

    async def answer(
        self, status: int, body: bytes, content_type: str, extra: list[tuple[bytes, bytes]] | None = None
    ) -> None:
        """Send a whole answer."""
        headers = [
            (b"content-type", content_type.encode()),
            (b"content-length", str(len(body)).encode()),
            *(extra or []),
        ]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def reset(self) -> None:
        """Drop the connection with a TCP reset, as a dying server or balancer does."""
        self.outcome = "reset"
        raw = self._transport.get_extra_info("socket")
        if raw is not None and not self._transport.is_closing():
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self._end(self._transport.abort)

    async def hang_up(self) -> None:
        """Close after what was sent, in the middle of the answer."""
        self.outcome += " cut"
        await self._end(self._transport.close)

    @staticmethod
    async def _end(closing: Any) -> None:
        closing()
        # The server notices on its next turn of the loop; before that it would take our silence for a bug.
        await asyncio.sleep(0.01)


class Unsent:
    """Takes a whole answer that the client will not get as it is."""

    def __init__(self) -> None:
        self.status = 500
        self.content_type = "application/json"
        self.body = b""

    async def send(self, message: Message) -> None:
        """Keep what matters."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = dict(message["headers"])
            self.content_type = headers.get(b"content-type", b"application/json").decode()
        else:
            # Downloads can be gigabytes: one block is enough of what nobody will read.
            self.body = (self.body + message.get("body", b""))[: 1 << 20]


class Cutter:
    """Lets an answer's head and the first part of its body through, then hangs up."""

    def __init__(self, line: Line, keep: int | None) -> None:
        self._line = line
        self._left = keep
        self._cut = False

    async def send(self, message: Message) -> None:
        """Pass on what is still due."""
        if self._cut:
            return
        if message["type"] == "http.response.start":
            length = int(dict(message["headers"]).get(b"content-length", b"2"))
            # At least one byte must be missing, or nothing was cut.
            self._left = min(length // 2 if self._left is None else self._left, max(0, length - 1))
            await self._line.send(message)
            return
        body = message.get("body", b"")
        left = self._left or 0
        await self._line.send({"type": "http.response.body", "body": body[:left], "more_body": True})
        self._left = left - len(body[:left])
        if len(body) >= left or not message.get("more_body", False):
            self._cut = True
            await self._line.hang_up()


class Shortener:
    """Lets the first part of a request's body through, then resets the connection."""

    def __init__(self, line: Line, scope: Scope, receive: Receive, keep: int | None) -> None:
        self._line = line
        self._receive = receive
        length = int(dict(scope["headers"]).get(b"content-length", b"2"))
        # At least one byte must be missing, or nothing was cut.
        self._left = min(length // 2 if keep is None else keep, max(0, length - 1))
        self._cut = False

    async def receive(self) -> Message:
        """Return what is still due, then that the client has gone."""
        if self._cut:
            return {"type": "http.disconnect"}
        message = await self._receive()
        body = message.get("body", b"")
        if message["type"] != "http.request" or len(body) < self._left:
            self._left -= len(body)
            return message
        self._cut = True
        await self._line.reset()
        return {"type": "http.request", "body": body[: self._left], "more_body": True}
