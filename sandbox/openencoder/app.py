"""The service: routes, faults, the sandbox's own API, and the work behind."""

import asyncio
import contextlib
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from sandbox.control import control_router
from sandbox.injection import CONTROL, FaultLayer
from sandbox.openencoder import admin_calls, job_calls, machine_calls, preset_calls, sign_in
from sandbox.openencoder.answers import HTML, JSON, HangUp, ProcessExitError, empty_500, encode, moved, no_page
from sandbox.openencoder.calls import admit
from sandbox.openencoder.context import ADMIN, OPERATOR, Context, furnish
from sandbox.openencoder.fleet import Fleet
from sandbox.openencoder.ledger import ledger
from sandbox.openencoder.process import Door
from sandbox.openencoder.storage import StorageError
from sandbox.openencoder.switches import Switches, split
from sandbox.service import Ground, Running, Service

ENDPOINTS = (
    *sign_in.ENDPOINTS,
    *job_calls.ENDPOINTS,
    *preset_calls.ENDPOINTS,
    *machine_calls.ENDPOINTS,
    *admin_calls.ENDPOINTS,
)
WEB_PAGE = b"<!DOCTYPE html><html><head><title>Open Encoder</title></head><body><div id=app></div></body></html>"
S3_WITHIN = 30.0


def build(ground: Ground) -> Running:
    """Put the service together."""
    context = furnish(ground)
    fleet = Fleet(context)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    for endpoint in ENDPOINTS:
        handler = admit(context, fleet, endpoint)
        app.add_api_route(endpoint.path, handler, methods=[endpoint.method], name=endpoint.name, response_model=None)
    add_control(app, context, fleet)
    add_failures(app, context)
    layered = FaultLayer(
        Door(app, context.process), router=app.router, book=ground.book, tally=ground.tally, make_error=make_error
    )

    async def start() -> None:
        if ground.s3 is not None:
            await make_buckets(context)
        await fleet.start()

    return Running(layered, describe(context), start, fleet.stop)


async def make_buckets(context: Context) -> None:
    """Make the buckets, as soon as the S3 server is up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(S3_WITHIN):
            while True:
                try:
                    return await context.storage.make_buckets()
                except StorageError:
                    await asyncio.sleep(0.1)


def describe(context: Context) -> dict[str, Any]:
    """Return what sandbox.json says of the service."""
    secret = context.ground.state.secret
    return {
        "url": context.ground.url,
        "username": ADMIN,
        "password": secret("openencoder_admin_password"),
        "operator": {"username": OPERATOR, "password": secret("openencoder_operator_password")},
        "inbound_bucket": context.configuration["S3_INBOUND_BUCKET"],
        "outbound_bucket": context.configuration["S3_OUTBOUND_BUCKET"],
    }


def add_control(app: FastAPI, context: Context, fleet: Fleet) -> None:
    """Add /sandbox/ledger, /sandbox/faults and /sandbox/settings."""

    def change(content: dict[str, Any]) -> None:
        values, orders = split(content)
        context.switch(Switches.model_validate(context.switches.model_dump() | values))
        if orders.expire_tokens:
            context.tokens.void_all()

    app.include_router(
        control_router(
            ledger=lambda: ledger(context, fleet),
            book=context.ground.book,
            settings=lambda: context.switches,
            change_settings=change,
        )
    )


def add_failures(app: FastAPI, context: Context) -> None:
    """Answer what no endpoint answers."""
    by_method = {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS if "{" not in endpoint.path}
    patterned = [endpoint for endpoint in ENDPOINTS if "{" in endpoint.path]

    async def no_route(request: Request, error: Exception) -> Response:
        path, method = request.url.path, request.method
        other = path[:-1] if path.endswith("/") else path + "/"
        if (method, other) in by_method or any(
            endpoint.method == method and _fits(endpoint.path, other) for endpoint in patterned
        ):
            query = f"?{request.url.query}" if request.url.query else ""
            return moved(other + query, method=method)
        if context.switches.web_page and not path.startswith(CONTROL):
            return Response(WEB_PAGE, 200, media_type=HTML)
        return no_page()

    async def process_exit(request: Request, error: Exception) -> Response:
        return HangUp()

    async def recovered(request: Request, error: Exception) -> Response:
        return empty_500()

    app.add_exception_handler(HTTPException, no_route)
    app.add_exception_handler(ProcessExitError, process_exit)
    app.add_exception_handler(Exception, recovered)


def _fits(pattern: str, path: str) -> bool:
    parts, given = pattern.split("/"), path.split("/")
    return len(parts) == len(given) and all(
        want == have or (want.startswith("{") and have) for want, have in zip(parts, given, strict=True)
    )


def make_error(status: int, message: str) -> tuple[bytes, str]:
    """Return an injected error's body and type, in the server's manner."""
    return encode({"message": message, "status": status}), JSON


OPENENCODER = Service(name="openencoder", title="Open Encoder", usual_port=8091, build=build)
