"""The only place where bytes leave: requests on a worker, httpx in the triggerer, one flow for both."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from reelworks.core import metrics
from reelworks.core.errors import BadInputError, UnreachableError
from reelworks.core.flow import Body, Call, Flow, Reply, Sleep

if TYPE_CHECKING:
    import httpx
    import requests

T = TypeVar("T")
R = TypeVar("R")

CONNECT_TIMEOUT = 10.0
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def answer(flow: Flow[T], send: Callable[[Call], Reply], sleep: Callable[[float], None] = time.sleep) -> T:
    """Carry ``flow`` to its end, sending its calls with ``send``."""
    reply: Reply | None
    try:
        step = next(flow)
        while True:
            if isinstance(step, Sleep):
                sleep(step.seconds)
                step = flow.send(None)
                continue
            try:
                reply = send(step)
            except UnreachableError as error:
                metrics.API_CALLS.add(status="unanswered")
                step = flow.throw(error)
            else:
                metrics.API_CALLS.add(status=metrics.status_class(reply.status))
                step, reply = flow.send(reply), None  # else it would be kept for as long as the flow sleeps
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    finally:
        flow.close()


async def aanswer(flow: Flow[T], send: Callable[[Call], Awaitable[Reply]]) -> T:
    """Carry ``flow`` to its end without blocking the event loop."""
    reply: Reply | None
    try:
        step = next(flow)
        while True:
            if isinstance(step, Sleep):
                await asyncio.sleep(step.seconds)
                step = flow.send(None)
                continue
            try:
                reply = await send(step)
            except UnreachableError as error:
                metrics.API_CALLS.add(status="unanswered")
                step = flow.throw(error)
            else:
                metrics.API_CALLS.add(status=metrics.status_class(reply.status))
                step, reply = flow.send(reply), None
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    finally:
        flow.close()


class Line:
    """Where calls go: a base URL and the rule that keeps tokens off the open network."""

    def __init__(self, base_url: str, allow_http: bool = False) -> None:
        self.base_url = base_url.rstrip("/")
        self.allow_http = allow_http
        self._check(self.base_url)

    @property
    def shown(self) -> str:
        """The base URL without what may be a password in it."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def url(self, call: Call) -> str:
        """Return the whole URL of ``call``."""
        if "://" not in call.path:
            return self.base_url + call.path
        self._check(call.path)
        return call.path

    def headers(self, call: Call) -> dict[str, str]:
        """Return the headers of ``call``, checked: the libraries' own complaints would quote the token."""
        for name, value in call.headers.items():
            if not (value.isascii() and value.isprintable()):
                raise BadInputError(
                    f"{call}: the header {name} would hold a line break or a character beyond ASCII: "
                    "look for one in the connection's credentials"
                )
        return dict(call.headers)

    def _check(self, url: str) -> None:
        try:
            parts = urlsplit(url)
        except ValueError:
            raise BadInputError("not an http(s) address: correct the connection's host") from None
        where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInputError(f"{where} is not an http(s) address: correct the connection's host")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK and not self.allow_http:
            raise BadInputError(
                f"{where} would send credentials unencrypted: use https, or say "
                '"allow_http": true in the connection\'s extra'
            )


class WorkerLine(Line):
    """Sends calls with requests; for tasks. Any thread may: each has connections of its own."""

    def __init__(self, base_url: str, allow_http: bool = False) -> None:
        super().__init__(base_url, allow_http)
        self._mine = threading.local()

    def send(self, call: Call) -> Reply:
        """Send ``call`` once. Redirects are answers: a followed POST would lose its body and leak its token."""
        with _told(call), self._request(call) as response:
            return reply_of(response)

    def open(self, call: Call) -> requests.Response:
        """Send ``call`` once and leave the body of a good answer to be read; close what is given.

        What a bad one says has been read and is its ``content``.
        """
        with _told(call):
            response = self._request(call)
            if response.status_code >= 400:
                _ = response.content
            return response

    def _request(self, call: Call) -> requests.Response:
        # While a body goes out, the libraries bear a silence no longer than the time to connect.
        connect = CONNECT_TIMEOUT if call.body is None else max(CONNECT_TIMEOUT, call.timeout)
        return self._session(call).request(
            call.method,
            self.url(call),
            params=call.query,
            json=call.json,
            data=_rewound(call.body),  # type: ignore[arg-type]  # requests takes a memoryview too
            headers=self.headers(call),
            timeout=(connect, call.timeout),
            allow_redirects=False,
            stream=True,
        )

    def _session(self, call: Call) -> requests.Session:
        import requests

        # A connection that lay idle may be dead, which a long body, sent once, would find out the hard way.
        session = requests.Session() if call.body is not None else getattr(self._mine, "session", None)
        if session is None:
            session = self._mine.session = requests.Session()
        session.auth = _as_it_is  # else requests would put a ~/.netrc entry over our token
        return session


class TriggererLine(Line):
    """Sends calls with httpx; for triggers. Belongs to the event loop that first uses it."""

    _client: httpx.AsyncClient | None = None

    async def send(self, call: Call) -> Reply:
        """Send ``call`` once."""
        import httpx

        if call.body is not None:
            raise TypeError(f"{call}: files are sent from a worker, reading one would hold up every other trigger")
        if self._client is None:
            self._client = httpx.AsyncClient(
                follow_redirects=False,
                auth=_as_it_is,  # else httpx would put the address's user over our token
                limits=httpx.Limits(max_connections=20, max_keepalive_connections=5),
            )
        timeout = httpx.Timeout(call.timeout, connect=CONNECT_TIMEOUT, pool=None)
        try:
            response = await self._client.request(
                call.method,
                self.url(call),
                params=call.query,
                json=call.json,
                headers=self.headers(call),
                timeout=timeout,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unanswered(call, error) from None
        return Reply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, response.content)


def reply_of(response: requests.Response) -> Reply:
    """Read an answer to its end."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, response.content)


@contextmanager
def _told(call: Call) -> Iterator[None]:
    import requests

    try:
        yield
    except requests.RequestException as error:
        raise _unanswered(call, error) from None


def _rewound(body: Body | None) -> Body | None:
    """Return ``body`` at its beginning: it is sent again after a 401."""
    if isinstance(body, io.IOBase) and body.seekable():
        body.seek(0)
    return body


def _as_it_is(request: R) -> R:
    return request


def _unanswered(call: Call, error: Exception) -> UnreachableError:
    # The library's own text holds the URL with its query, which may be a presigned one.
    return UnreachableError(f"{call} went unanswered ({type(error).__name__})")
