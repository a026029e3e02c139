"""The server process: it can end in the middle of a request, and be away for a while."""

import time
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.injection import CONTROL, Line
from sandbox.openencoder.answers import ProcessExitError
from sandbox.openencoder.switches import Switches
from sandbox.store import Store

KIND = "openencoder.deadly"


class Deadly:
    """Every call so far that would have ended a process of the real server."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls: list[dict[str, Any]] = sorted(store.all(KIND), key=lambda call: float(call["at"]))

    def record(self, call: str, reason: str) -> None:
        """Note a call, with its time (Unix seconds)."""
        noted = {"call": call, "reason": reason, "at": time.time()}
        self.calls.append(noted)
        self._store.put(KIND, str(len(self.calls)), noted)


class Process:
    """Whether the server process runs."""

    def __init__(self, deadly: Deadly, switches: Callable[[], Switches]) -> None:
        self.deadly = deadly
        self._switches = switches
        self._ended: float | None = None
        self.started = time.time()

    def fatal(self, call: str, reason: str) -> None:
        """Note the call; then the process ends by raising ProcessExitError, unless the switch is off."""
        self.deadly.record(call, reason)
        if self._switches().process_exits:
            self._ended = time.time()
            raise ProcessExitError(reason)

    @property
    def runs(self) -> bool:
        """Whether requests are answered."""
        if self._ended is None:
            return True
        pause = self._switches().restart_seconds
        if pause is None or time.time() < self._ended + pause:
            return False
        self.started, self._ended = self._ended + pause, None
        return True


class Door:
    """An ASGI layer that closes every connection while the process is away."""

    def __init__(self, app: ASGIApp, process: Process) -> None:
        self._app = app
        self._process = process

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or close its connection."""
        if scope["type"] == "http" and not scope["path"].startswith(CONTROL) and not self._process.runs:
            await Line(scope, send).hang_up()
            return
        await self._app(scope, receive, send)
