"""uvicorn, so that several services share one process and faults can reach the connection."""

import contextlib
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class OpenProtocol(HttpToolsProtocol):
    """Hands the connection to the application: closing it half-way is what a fault is."""

    def on_message_begin(self) -> None:
        """Add the transport to the request."""
        super().on_message_begin()
        self.scope["sandbox.transport"] = self.transport  # type: ignore[typeddict-unknown-key]


class Server(uvicorn.Server):
    """A server that leaves signals to the sandbox, which has more than one thing to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


def make_server(app: ASGIApp) -> Server:
    """Return a server for the application; run it with `serve(sockets=[...])`."""
    config = uvicorn.Config(
        app,
        http=OpenProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        # The access log shows query strings, and these hold signatures; the fault layer logs instead.
        access_log=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
        server_header=False,
        h11_max_incomplete_event_size=None,
    )
    return Server(config)
