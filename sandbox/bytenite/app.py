"""ByteNite as a service of the sandbox: its routes, its ledger, its switches."""

import asyncio
import contextlib
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from sandbox.bytenite.api import Api, Context
from sandbox.bytenite.bucket import Bucket
from sandbox.bytenite.engine import Engine
from sandbox.bytenite.jobs import JobBook
from sandbox.bytenite.ledger import ledger
from sandbox.bytenite.lengths import Lengths
from sandbox.bytenite.places import Places
from sandbox.bytenite.replies import RefusedError, gateway_error, make_error, respond_refused
from sandbox.bytenite.settings import Settings, split
from sandbox.bytenite.tokens import Tokens
from sandbox.bytenite.wallet import Wallet
from sandbox.control import control_router
from sandbox.injection import FaultLayer
from sandbox.service import Ground, Running, Service

JOBS = "/v1/customer/jobs"
SWEEP_SECONDS = 60.0

# (method, path, name). Fixed paths stand before those with a job id in the same place.
# The lines marked 2025 are the second generation's spelling of the same calls.
SIGNED_IN = (
    ("GET", "/v1/auth/user", "get_user"),
    ("POST", "/v1/auth/signout", "sign_out"),
    ("GET", "/v1/customer/wallet/balance", "get_balance"),
    ("GET", "/v1/wallet/balance", "get_balance"),  # 2025
    ("POST", JOBS, "create_job"),
    ("GET", JOBS, "list_jobs"),
    ("POST", f"{JOBS}/filter", "filter_jobs"),
    ("GET", f"{JOBS}/templates", "list_templates"),
    ("GET", f"{JOBS}/estimation/{{job_id}}", "estimate_job"),
    ("POST", f"{JOBS}/datasource/{{job_id}}", "set_datasource"),
    ("PATCH", f"{JOBS}/{{job_id}}/datasource", "set_datasource"),  # 2025
    ("POST", f"{JOBS}/params/{{job_id}}", "set_params"),
    ("PATCH", f"{JOBS}/{{job_id}}/params", "set_params"),  # 2025
    ("POST", f"{JOBS}/run/{{job_id}}", "run_job"),
    ("POST", f"{JOBS}/{{job_id}}/run", "run_job"),  # 2025
    ("POST", f"{JOBS}/uploadcompleted/{{job_id}}", "upload_completed"),
    ("PATCH", f"{JOBS}/{{job_id}}/uploadcompleted", "upload_completed"),  # 2025
    ("GET", f"{JOBS}/{{job_id}}/results", "get_results"),
    ("POST", f"{JOBS}/{{job_id}}/abort", "abort_job"),
    ("PATCH", f"{JOBS}/{{job_id}}/jobname", "rename_job"),
    ("GET", f"{JOBS}/{{job_id}}", "get_job"),
    ("DELETE", f"{JOBS}/{{job_id}}", "delete_job"),
)


def build(ground: Ground) -> Running:
    """Put the service together on its ground."""
    settings = Settings(**ground.settings)
    jobs = JobBook(ground.store)
    key = ground.state.secret("bytenite_api_key")
    tokens = Tokens(api_key=key, signing_key=ground.state.secret("bytenite_token_key"), store=ground.store)
    bucket = Bucket(state=ground.state, url=ground.url, jobs=jobs, settings=lambda: settings)
    places = Places(ground.s3)
    context = Context(
        jobs=jobs,
        tokens=tokens,
        wallet=Wallet(ground.store, jobs),
        bucket=bucket,
        places=places,
        engine=Engine(state=ground.state, jobs=jobs, bucket=bucket, places=places, settings=lambda: settings),
        settings=settings,
        lengths=Lengths(bucket=bucket, places=places),
    )

    def change(content: dict[str, Any]) -> None:
        nonlocal settings
        values, orders = split(content)
        settings = context.settings = Settings(**(settings.model_dump() | values))
        if orders.balance is not None:
            context.wallet.set_balance(orders.balance)
        if orders.expire_tokens:
            tokens.void_all()

    app = make_app(context)
    app.include_router(
        control_router(
            ledger=lambda: ledger(context, ground.tally),
            book=ground.book,
            settings=lambda: settings,
            change_settings=change,
        )
    )
    return _running(app, context, ground, key)


def _running(app: FastAPI, context: Context, ground: Ground, key: str) -> Running:
    sweeper: list[asyncio.Task[None]] = []

    async def sweep() -> None:
        while True:
            context.bucket.sweep()
            await asyncio.sleep(SWEEP_SECONDS)

    async def start() -> None:
        context.engine.resume()
        sweeper.append(asyncio.create_task(sweep()))

    async def stop() -> None:
        for task in sweeper:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await context.engine.stop()

    layer = FaultLayer(app, router=app.router, book=ground.book, tally=ground.tally, make_error=make_error)
    return Running(app=layer, info={"url": ground.url, "api_key": key}, start=start, stop=stop)


def make_app(context: Context) -> FastAPI:
    """Return the HTTP face of the service."""
    app = FastAPI(title="ByteNite (sandbox)", docs_url=f"{JOBS.removesuffix('/jobs')}/docs/", redoc_url=None)
    api = Api(context)

    async def signed_in(request: Request) -> None:
        request.state.token_id = context.tokens.check(request.headers.get("authorization"))

    for method, path, name in SIGNED_IN:
        app.add_api_route(
            path,
            getattr(api, name),
            methods=[method],
            name=name,
            response_model=None,
            dependencies=[Depends(signed_in)],
        )
    app.add_api_route(
        "/v1/auth/access_token", api.access_token, methods=["POST"], name="access_token", response_model=None
    )
    app.add_api_route(
        "/temporary-uploads/{job_id}",
        context.bucket.take_upload,
        methods=["PUT"],
        name="upload",
        response_model=None,
    )
    app.add_api_route(
        "/temporary-bucket/{job_id}/{number}.mp4",
        context.bucket.give_result,
        methods=["GET", "HEAD"],
        name="download",
        response_model=None,
    )
    _answer_errors(app, context)
    return app


def _answer_errors(app: FastAPI, context: Context) -> None:
    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> JSONResponse:
        return respond_refused(error, generic_status=context.settings.refusal_status)

    @app.exception_handler(HTTPException)
    async def unknown(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse(gateway_error(error.status_code, str(error.detail)), error.status_code)

    @app.exception_handler(Exception)
    async def broken(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse(gateway_error(500, "internal error"), status_code=500)


BYTENITE = Service(name="bytenite", title="ByteNite", usual_port=8090, build=build)
