"""The only place where bytes leave: requests on a worker, httpx in the triggerer, one flow for both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from reelworks.core.errors import BadInputError, UnreachableError
from reelworks.core.flow import Call, Flow, Reply, Sleep

if TYPE_CHECKING:
    import httpx
    import requests

T = TypeVar("T")
R = TypeVar("R")

CONNECT_TIMEOUT = 10.0
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def answer(flow: Flow[T], send: Callable[[Call], Reply], sleep: Callable[[float], None] = time.sleep) -> T:
    """Carry ``flow`` to its end, sending its calls with ``send``."""
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
                step = flow.throw(error)
            else:
                step = flow.send(reply)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    finally:
        flow.close()


async def aanswer(flow: Flow[T], send: Callable[[Call], Awaitable[Reply]]) -> T:
    """Carry ``flow`` to its end without blocking the event loop."""
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
                step = flow.throw(error)
            else:
                step = flow.send(reply)
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
    """Sends calls with requests; for tasks."""

    _session: requests.Session | None = None

    def send(self, call: Call) -> Reply:
        """Send ``call`` once. Redirects are answers: a followed POST would lose its body and leak its token."""
        import requests

        if self._session is None:
            self._session = requests.Session()
            self._session.auth = _as_it_is  # else requests would put a ~/.netrc entry over our token
        try:
            with self._session.request(
                call.method,
                self.url(call),
                params=call.query,
                json=call.json,
                data=call.body,
                headers=self.headers(call),
                timeout=(CONNECT_TIMEOUT, call.timeout),
                allow_redirects=False,
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Reply(response.status_code, headers, response.content)
        except requests.RequestException as error:
            raise _unanswered(call, error) from None


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


def _as_it_is(request: R) -> R:
    return request


def _unanswered(call: Call, error: Exception) -> UnreachableError:
    # The library's own text holds the URL with its query, which may be a presigned one.
    return UnreachableError(f"{call} went unanswered ({type(error).__name__})")
