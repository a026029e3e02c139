"""What a handler is given, and what is checked before it: the token, the role, the database."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from sandbox.openencoder.answers import AnswerError, binding_error, empty_500, not_allowed
from sandbox.openencoder.binding import BindingError, Struct
from sandbox.openencoder.context import Context
from sandbox.openencoder.fleet import Fleet
from sandbox.openencoder.golang import atoi
from sandbox.openencoder.tokens import Identity

MAX_BODY = 4 << 20
ANYONE: tuple[str, ...] = ()
BEARER = ("guest", "operator", "admin")
OPERATORS = ("operator", "admin")
ADMINS = ("admin",)


@dataclass
class Call:
    """A request with all that is needed to answer it."""

    context: Context
    fleet: Fleet
    request: Request
    user: Identity
    body: bytes

    @property
    def number(self) -> int:
        """Return the id in the path; 0 for what is no number."""
        return atoi(self.request.path_params["id"])

    def bind(self, struct: Struct) -> dict[str, Any]:
        """Return the body's fields, or answer 400 {"error": ...}."""
        try:
            return struct.parse(self.body)
        except BindingError as error:
            raise AnswerError(binding_error(str(error))) from None

    def fatal(self, reason: str) -> None:
        """Do what the real server does here: end. Goes on only when the switch is off."""
        self.context.process.fatal(self.name, reason)

    @property
    def name(self) -> str:
        """Return method and path, with the query, for the record."""
        url = self.request.url
        return f"{self.request.method} {url.path}{'?' + url.query if url.query else ''}"[:300]


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True)
class Endpoint:
    """A route: who may call it, and what answers."""

    method: str
    path: str
    roles: tuple[str, ...]
    handler: Handler

    @property
    def name(self) -> str:
        """Return the endpoint's name, for rules and counts."""
        return self.handler.__name__


def admit(context: Context, fleet: Fleet, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint's handler with the checks before it."""

    async def handle(request: Request) -> Response:
        try:
            user = Identity("", "")
            if endpoint.roles:
                user = context.tokens.identify(request)
                if user.role not in endpoint.roles:
                    return not_allowed()
            call = Call(context, fleet, request, user, await read_body(request))
            check_database(call, endpoint)
            return await endpoint.handler(call)
        except AnswerError as error:
            return error.response

    return handle


async def read_body(request: Request) -> bytes:
    """Return the body, up to a bound that the real server does not have."""
    body = b""
    async for block in request.stream():
        body += block
        if len(body) > MAX_BODY:
            raise AnswerError(binding_error("http: request body too large"))
    return body


# What needs no database, and what takes the whole process down without one.
WITHOUT_DATABASE = frozenset({"index", "dashboard", "refresh_token", "worker_queue", "worker_pools", "worker_busy"})
FATAL_WITHOUT_DATABASE = frozenset({"list_jobs", "list_presets", "get_preset", "update_preset", "create_preset"})


def check_database(call: Call, endpoint: Endpoint) -> None:
    """Answer 500 with nothing in it while PostgreSQL is away, or end the process."""
    if call.context.switches.postgres_up or endpoint.name in WITHOUT_DATABASE:
        return
    if endpoint.name in FATAL_WITHOUT_DATABASE:
        call.fatal("PostgreSQL is away: server exits")
    raise AnswerError(empty_500())
