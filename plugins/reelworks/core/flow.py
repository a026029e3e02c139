"""A conversation with a service is a generator that yields Calls and Sleeps and returns what it found out.

Nothing here performs I/O. ``transport.py`` carries a flow on a worker with requests and in the triggerer with
httpx, so that each conversation is written once and can be tested by feeding it replies.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

from reelworks.core import metrics
from reelworks.core.errors import BusyError, LostError, RefusedError, UnreachableError, VideoServiceError
from reelworks.core.redact import redact

T = TypeVar("T")

Body: TypeAlias = IO[bytes] | Iterable[bytes | memoryview]
"""A file, or chunks with a ``len`` that is all their bytes; either is read anew each time it is sent."""

REPEATS = 4
"""How often a repeatable call is sent before its caller hears that it went unanswered."""

LATER = frozenset({408, 425, 429})
"""Statuses below 500 that say "later" and not "no"."""

GONE = frozenset({404, 410})
"""Statuses by which a service says that it does not know a thing, and a gateway that it does not know the service."""

LONGEST_PAUSE = 60.0
"""Seconds: a service that asks for more patience than this gets this much."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. What may hold a secret is left out of its repr and its text.

    ``path`` lies below the service's base URL, or is a whole URL (an upload link). ``repeatable`` says that
    sending it twice does the same as sending it once; it is true of a GET and a HEAD, unless it says otherwise, and
    never of a call that creates or starts something. ``signed`` says whether the session's token goes along.
    """

    method: str
    path: str
    query: Mapping[str, str] | None = None
    json: Any = None
    body: Body | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool | None = None
    signed: bool = True
    timeout: float = 30.0

    def __str__(self) -> str:
        """Say what is asked without the query: a presigned link's signature is in there."""
        parts = urlsplit(self.path)
        return f"{self.method} {parts.netloc.rpartition('@')[2]}{parts.path}"

    def __repr__(self) -> str:
        """Show no more than a log line does: the path may be a presigned link."""
        return f"Call({self})"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Sleep:
    """Let ``seconds`` go by."""

    seconds: float


Step: TypeAlias = Call | Sleep
Flow: TypeAlias = Generator[Step, Any, T]
Reason: TypeAlias = Callable[[Any], str | None]


def ask(call: Call, reason: Reason | None = None) -> Flow[Any]:
    """Send ``call`` and return the JSON of its answer (None for an empty one).

    A repeatable call is repeated while it is unanswered or the service is busy. ``reason`` finds the service's own
    words in an error body.

    :raises UnreachableError: no usable answer; the service may have acted. A 404 or 410 without JSON is one: a gateway
        before a service that restarts answers so, and what is lost is paid for again.
    :raises BusyError: 408, 425, 429 or 5xx.
    :raises LostError: 404 or 410 with JSON, as the services say it.
    :raises RefusedError: any other status that is not 2xx.
    """

    def once() -> Flow[Any]:
        return read(call, (yield call), reason)

    repeatable = call.method in ("GET", "HEAD") if call.repeatable is None else call.repeatable
    return (yield from (repeated(once) if repeatable else once()))


def ask_headers(call: Call) -> Flow[Mapping[str, str]]:
    """Send ``call``, a HEAD, and return the headers of its answer, by their names in lower case.

    It is repeated, and raises, as with ``ask``; whose a 404 is shows its content type alone.
    """

    def once() -> Flow[Mapping[str, str]]:
        reply: Reply = yield call
        if is_foreign(reply):
            raise foreign(call, reply)
        if not 200 <= reply.status < 300:
            raise refusal(call, reply, None)
        if _kind(reply) == "text/html":
            raise UnreachableError(f"{call} answered {reply.status} for a web page")
        return reply.headers

    return (yield from repeated(once))


def repeated(once: Callable[[], Flow[T]], unless: tuple[type[VideoServiceError], ...] = ()) -> Flow[T]:
    """Have something done that may be done twice, again after a pause while it goes unanswered or nobody has time.

    :raises UnreachableError, BusyError: the last time's, or the first that is one of ``unless``.
    """
    for attempt in range(1, REPEATS + 1):
        try:
            return (yield from once())
        except (UnreachableError, BusyError) as error:
            if attempt == REPEATS or isinstance(error, unless):
                raise
            metrics.API_REPEATS.add(error=type(error).__name__)
            yield Sleep(pause(attempt, error))
    raise AssertionError("unreachable")  # pragma: no cover


def deliver(call: Call) -> Flow[None]:
    """Send ``call`` once and mind only the status of the answer: a bucket's may have any body.

    :raises UnreachableError, BusyError, LostError, RefusedError: as ``ask`` does, but for a 404 with any body.
    """
    reply: Reply = yield call
    if not 200 <= reply.status < 300:
        raise refusal(call, reply, None)


def pause(attempt: int, error: Exception | None = None) -> float:
    """Return the seconds to wait before another attempt; what the service asked for comes first."""
    if isinstance(error, BusyError) and error.retry_after is not None:
        return min(error.retry_after, LONGEST_PAUSE)
    return float(0.25 * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not a secret


def read(call: Call, reply: Reply, reason: Reason | None = None) -> Any:
    """Return the JSON of an answer that has arrived, or raise, as ``ask`` does."""
    if 200 <= reply.status < 300:
        return _json(call, reply)
    if is_foreign(reply) or (reply.status in GONE and not _is_whole(reply)):
        raise foreign(call, reply)
    raise refusal(call, reply, reason)


def is_foreign(reply: Reply) -> bool:
    """Say whether an answer is a 404 or 410 that no service of ours gave, as they speak JSON."""
    return reply.status in GONE and not _is_json(reply)


def foreign(call: Call, reply: Reply) -> UnreachableError:
    """Return what a gateway's 404 means."""
    kind = _kind(reply) or "no content type"
    return UnreachableError(f"{call} answered {reply.status} with {kind}, which is not the service's own")


def refusal(call: Call, reply: Reply, reason: Reason | None) -> VideoServiceError:
    """Return what the status of an answer other than 2xx means, whosever it is; ``is_foreign`` tells whose a 404 is."""
    body = _error_body(reply)
    said = (reason(body) if reason and body is not None else None) or "no reason given"
    message = f"{call} answered {reply.status}: {redact(said)}"
    if reply.status in LATER or reply.status >= 500:
        return BusyError(message, _retry_after(reply))
    if reply.status in GONE:
        return LostError(message)
    return RefusedError(message, reply.status)


def _json(call: Call, reply: Reply) -> Any:
    """Read a good answer's body. With anything but JSON it is no answer: web pages and cut bodies come that way."""
    if not reply.body:
        return None
    if not _is_json(reply):
        kind = _kind(reply) or "no content type"
        raise UnreachableError(f"{call} answered {reply.status} with {kind} instead of JSON")
    try:
        return json.loads(reply.body)
    except ValueError:
        raise UnreachableError(f"{call} answered {reply.status} with JSON that is cut or broken") from None


def _error_body(reply: Reply) -> Any:
    """Read any other answer's body, which may be all sorts; None if it is no JSON."""
    try:
        return json.loads(reply.body)
    except ValueError:
        return None


def _is_whole(reply: Reply) -> bool:
    try:
        json.loads(reply.body)
    except ValueError:
        return False
    return True


def _is_json(reply: Reply) -> bool:
    kind = _kind(reply)
    return kind == "application/json" or kind.endswith("+json")


def _kind(reply: Reply) -> str:
    return reply.headers.get("content-type", "").split(";")[0].strip().lower()


def _retry_after(reply: Reply) -> float | None:
    value = reply.headers.get("retry-after", "")
    return float(value) if value.isdigit() else None
