"""What a handler is given, and what is checked before it: who calls, and what was sent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from sandbox.pixop.bodies import read_name, read_object
from sandbox.pixop.context import Context
from sandbox.pixop.errors import (
    AUTH,
    INCONSISTENT_CLAIMS,
    USER_BANNED,
    RefusedError,
    bad_request,
    not_found,
    refuse,
    unauthorized,
)
from sandbox.pixop.records import Project, Video
from sandbox.pixop.tokens import Identity
from sandbox.pixop.works import Works

MAX_BODY = 1 << 20
BASIC, BEARER, EITHER = "basic", "bearer", "either"


@dataclass
class Call:
    """A request with all that is needed to answer it."""

    context: Context
    works: Works
    request: Request
    identity: Identity

    @property
    def _id(self) -> str:
        return str(self.request.path_params["id"])

    def project(self) -> Project:
        """Return the project in the path, or answer 404."""
        return self.project_of(self._id)

    def project_of(self, project_id: object) -> Project:
        """Return one of the team's projects, or answer 404."""
        project = self.context.projects.find(str(project_id))
        if project is None or project.team_id != self.identity.team_id:
            raise not_found("project")
        return project

    def video(self) -> Video:
        """Return the video in the path, or answer 404."""
        video = self.context.videos.find(self._id)
        if video is None or video.team_id != self.identity.team_id:
            raise not_found("video")
        return video

    async def body(self) -> dict[str, Any]:
        """Return the JSON object that was sent ({} for nothing), or answer 400."""
        sent = b""
        async for block in self.request.stream():
            sent += block
            if len(sent) > MAX_BODY:
                raise bad_request("the body is too large")
        return read_object(sent)

    async def name(self) -> str:
        """Return the `name` of the body, or answer 400."""
        return read_name((await self.body()).get("name"))

    def url(self, path: str) -> str:
        """Return an absolute address below this service."""
        return self.context.ground.url + path


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True)
class Endpoint:
    """A route: how its callers sign in, and what answers."""

    method: str
    path: str
    handler: Handler
    auth: str = BEARER

    @property
    def name(self) -> str:
        """Return the endpoint's name, for rules and counts."""
        return self.handler.__name__


def admit(context: Context, works: Works, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint's handler with the checks before it."""

    async def handle(request: Request) -> Response:
        try:
            identity = identify(context, request, endpoint.auth)
            return await endpoint.handler(Call(context, works, request, identity))
        except RefusedError as error:
            return refuse(error)

    return handle


def identify(context: Context, request: Request, auth: str) -> Identity:
    """Return who calls; raises RefusedError."""
    header = request.headers.get("authorization", "")
    account = context.account
    if auth == BASIC or (auth == EITHER and header[:6].lower() == "basic "):
        account.check_basic(header)
        if context.settings.banned:
            raise unauthorized(USER_BANNED, "the user is banned")
        return Identity(account.user_id, _team(context, request))
    identity = context.tokens.check(header, context.settings)
    if identity.user_id != account.user_id or identity.team_id not in account.team_ids:
        raise unauthorized(INCONSISTENT_CLAIMS, "the JWT token's claims do not fit together")
    return identity


def _team(context: Context, request: Request) -> str:
    asked = request.query_params.get("team-id")
    if not asked:
        return context.account.team_ids[0]
    if asked not in context.account.team_ids:
        raise unauthorized(AUTH, "the user does not belong to that team")
    return asked
