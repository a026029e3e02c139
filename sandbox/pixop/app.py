"""The service: routes, faults, the sandbox's own API, and the work behind."""

from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from sandbox.control import control_router
from sandbox.injection import FaultLayer
from sandbox.pixop import account_calls, media_calls, project_calls, video_calls
from sandbox.pixop.accounts import EMAIL
from sandbox.pixop.calls import admit
from sandbox.pixop.context import Context, furnish
from sandbox.pixop.errors import RefusedError, make_error, refuse
from sandbox.pixop.ledger import ledger
from sandbox.pixop.settings import Settings, split
from sandbox.pixop.works import Works
from sandbox.service import Ground, Running, Service

ENDPOINTS = (
    *account_calls.ENDPOINTS,
    *project_calls.ENDPOINTS,
    *video_calls.ENDPOINTS,
    *media_calls.ENDPOINTS,
)


def build(ground: Ground) -> Running:
    """Put the service together."""
    context = furnish(ground)
    works = Works(context)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    for endpoint in ENDPOINTS:
        handler = admit(context, works, endpoint)
        methods = endpoint.method.split()
        app.add_api_route(endpoint.path, handler, methods=methods, name=endpoint.name, response_model=None)
    add_control(app, context)
    add_failures(app)
    layer = FaultLayer(app, router=app.router, book=ground.book, tally=ground.tally, make_error=make_error)

    async def start() -> None:
        works.resume()

    return Running(layer, describe(context), start, works.stop)


def describe(context: Context) -> dict[str, Any]:
    """Return what sandbox.json says of the service."""
    account = context.account
    return {
        "url": context.ground.url,
        "email": EMAIL,
        "password": account.password,
        "team_id": account.team_ids[0],
        "other_team_id": account.team_ids[1],
    }


def add_control(app: FastAPI, context: Context) -> None:
    """Add /sandbox/ledger, /sandbox/faults and /sandbox/settings."""

    def change(content: dict[str, Any]) -> None:
        values, orders = split(content)
        context.settings = Settings.model_validate(context.settings.model_dump() | values)
        if orders.expire_tokens:
            context.tokens.expire_all()

    app.include_router(
        control_router(
            ledger=lambda: ledger(context),
            book=context.ground.book,
            settings=lambda: context.settings,
            change_settings=change,
        )
    )


def add_failures(app: FastAPI) -> None:
    """Answer what no endpoint answers."""

    async def no_route(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        headers = dict(getattr(error, "headers", None) or {})
        return refuse(RefusedError(status, str(getattr(error, "detail", "not found"))), headers)

    async def broken(request: Request, error: Exception) -> Response:
        return refuse(RefusedError(500, "internal error"))

    app.add_exception_handler(HTTPException, no_route)
    app.add_exception_handler(Exception, broken)


PIXOP = Service(name="pixop", title="Pixop", usual_port=8092, build=build)
