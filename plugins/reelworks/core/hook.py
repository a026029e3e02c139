"""From an Airflow connection to an answered flow."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, ClassVar, TypeVar

from airflow.sdk import BaseHook

from reelworks.core import metrics
from reelworks.core.errors import BadInputError, UnreachableError, VideoServiceError
from reelworks.core.flow import Call, Flow, Reply
from reelworks.core.jobs import Job
from reelworks.core.lookups import afind_connection, find_connection
from reelworks.core.session import Session, shared_session
from reelworks.core.transport import TriggererLine, WorkerLine, aanswer, answer, reply_of

if TYPE_CHECKING:
    import requests
    from airflow.sdk import Connection

T = TypeVar("T")

_TRIGGERER_LINES: dict[tuple[asyncio.AbstractEventLoop, str, bool], TriggererLine] = {}
"""One HTTP client per event loop and address: all waits in a triggerer share its connections."""


class VideoServiceHook(BaseHook):
    """Carries flows to a service under one Airflow connection; a subclass says how to sign in and to look.

    The host may be a whole base URL; without a scheme it is https. Plain http goes to loopback only, or where the
    extra says ``"allow_http": true``. Nothing is read before the first flow.
    """

    conn_name_attr: ClassVar[str]
    default_conn_name: ClassVar[str]
    conn_type: ClassVar[str]
    hook_name: ClassVar[str]
    default_host: ClassVar[str] = ""
    currency: ClassVar[str] = "unknown"
    """What the amounts are in that the service tells."""
    lists_jobs: ClassVar[bool] = False
    """Whether ``look_at_all`` is offered, so that many waits can share one list."""

    def __init__(self, conn_id: str | None = None) -> None:
        super().__init__()
        self.conn_id = conn_id or self.default_conn_name
        self._worker: tuple[WorkerLine, Session] | None = None

    @abstractmethod
    def session(self, connection: Connection) -> Session:
        """Make the session that signs this connection's calls."""

    @abstractmethod
    def look(self, job_id: str) -> Flow[Job]:
        """Look at a job once."""

    def look_at_all(self, wanted: Collection[str]) -> Flow[dict[str, Job]]:
        """Look at as many of the wanted jobs as a list shows cheaply; those it does not show are looked at singly."""
        return {}
        yield  # a flow without a step: a service without a list shows none

    @abstractmethod
    def cancel(self, job_id: str) -> Flow[None]:
        """Stop a job. One that is over or gone already is no error."""

    def leave_nothing(self, job_id: str) -> None:
        """Remove what a job that was given up has left elsewhere than at the service; may block."""
        return

    @abstractmethod
    def ping(self) -> Flow[str]:
        """Make the cheapest signed call and return who answered, for the connection test."""

    def answer(self, flow: Flow[T]) -> T:
        """Carry ``flow`` to its end on a worker."""
        line, session = self._on_worker()
        with metrics.of_service(self.conn_type):
            return answer(session.carry(flow), line.send)

    @contextmanager
    def stream(self, call: Call) -> Iterator[requests.Response]:
        """Send ``call`` once, signed like any other, and give its answer with the body still to be read.

        Only on a worker, where any thread may. What an answer of 4xx or 5xx says is read already. Its body must not
        be read after the ``with``.

        :raises UnreachableError: no answer came; cuts while the body is read are the caller's.
        """
        line, session = self._on_worker()
        with ExitStack() as opened:
            responses: list[requests.Response] = []

            def send(step: Call) -> Reply:
                if (step.method, step.path) != (call.method, call.path):
                    return line.send(step)  # a sign-in
                responses.append(opened.enter_context(line.open(step)))
                refused = responses[-1].status_code >= 400
                return reply_of(responses[-1]) if refused else Reply(responses[-1].status_code)

            with metrics.of_service(self.conn_type):
                answer(session.carry(_alone(call)), send)
            yield responses[-1]

    def sign_in_anew(self) -> None:
        """Let the next call on a worker begin with a token that has its whole lifetime before it."""
        self._on_worker()[1].forget()

    async def aanswer(self, flow: Flow[T]) -> T:
        """Carry ``flow`` to its end in the triggerer, without blocking its event loop."""
        return await self.aanswer_with(lambda session: flow)

    async def aanswer_with(self, make: Callable[[Session], Flow[T]]) -> T:
        """Do the same with a flow that shares something with the others of its session."""
        connection = self._there(await afind_connection(self.conn_id))
        line, session = _triggerer_line(*self._address(connection)), self._session(connection)
        with metrics.of_service(self.conn_type):
            return await aanswer(session.carry(make(session)), line.send)

    def connection(self) -> Connection:
        """Read the connection on a worker.

        :raises BadInputError: there is none.
        :raises UnreachableError: Airflow does not say.
        """
        return self._there(find_connection(self.conn_id))

    def test_connection(self) -> tuple[bool, str]:
        """Sign in and make one cheap call; for the connection form's test button."""
        try:
            return True, self.answer(self.ping())
        except UnreachableError as error:
            base = self._on_worker()[0].shown
            return False, f"{error}: is {base} the right address (the connection's host), and does it run?"
        except VideoServiceError as error:
            return False, str(error)

    def _on_worker(self) -> tuple[WorkerLine, Session]:
        if self._worker is None:
            connection = self.connection()
            self._worker = WorkerLine(*self._address(connection)), self._session(connection)
        return self._worker

    def _session(self, connection: Connection) -> Session:
        address = self._address(connection)
        parts = (
            self.conn_type,
            address[0],
            str(connection.login),
            str(connection.password),
            repr(sorted(connection.extra_dejson.items())),
        )
        return shared_session(parts, lambda: self.session(connection))

    def _there(self, connection: Connection | None) -> Connection:
        if connection is None:
            raise BadInputError(
                f"the connection {self.conn_id!r} cannot be read: create it with "
                f"Conn Type {self.hook_name}, or set AIRFLOW_CONN_{self.conn_id.upper()}"
            )
        return connection

    def _address(self, connection: Connection) -> tuple[str, bool]:
        """Return the base URL and whether plain http may leave the machine."""
        if connection.conn_type != self.conn_type:
            raise BadInputError(
                f"the connection {self.conn_id!r} is of type {connection.conn_type!r}: it has to be {self.conn_type!r}"
            )
        host = connection.host or self.default_host
        if not host:
            raise BadInputError(f"the connection {self.conn_id!r} has no host: give it the service's address")
        base = host if "://" in host else f"{connection.schema or 'https'}://{host}"
        if connection.port:
            scheme, _, rest = base.partition("://")
            authority, slash, path = rest.partition("/")
            base = f"{scheme}://{authority}:{connection.port}{slash}{path}"
        return base, connection.extra_dejson.get("allow_http") is True


def _alone(call: Call) -> Flow[Reply]:
    reply: Reply = yield call
    return reply


def _triggerer_line(base_url: str, allow_http: bool) -> TriggererLine:
    # Keyed by the loop itself: dag.test() runs each trigger in a loop of its own, and ids are used again.
    for key in [key for key in _TRIGGERER_LINES if key[0].is_closed()]:
        del _TRIGGERER_LINES[key]
    key = (asyncio.get_running_loop(), base_url, allow_http)
    if key not in _TRIGGERER_LINES:
        _TRIGGERER_LINES[key] = TriggererLine(base_url, allow_http)
    return _TRIGGERER_LINES[key]
