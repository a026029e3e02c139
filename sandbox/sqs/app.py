"""The service: AWS's JSON protocol for SQS, faults, the sandbox's own API, and the notifications behind.

Our own, and small. Of the emulators, ministack pins a botocore that Airflow's lock has outgrown, and moto takes any
credentials, loses all messages with its process, and costs 100 MB and up to 3 s of start. This one is a part of the
sandbox's process: nothing to start, messages outlive a kill -9, and the fault rules reach its answers.
"""

import json
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.control import control_router
from sandbox.injection import CONTROL, FaultLayer
from sandbox.notify.delivery import Delivery
from sandbox.notify.notifier import Notifier
from sandbox.notify.settings import Orders, Settings
from sandbox.service import Ground, Running, Service
from sandbox.sqs.calls import ACTIONS, Action
from sandbox.sqs.errors import CONTENT_TYPE, SqsError, invalid, make_error
from sandbox.sqs.queues import Queues
from sandbox.sqs.signature import Signed, check

REGION = "us-east-1"


def build(ground: Ground) -> Running:
    """Put the service together."""
    region = ground.s3.region if ground.s3 else REGION
    queues = Queues(ground.store, ground.url, region)
    delivery = Delivery(ground.store, queues, region)
    notifier = Notifier(ground, delivery)
    keys = _keys(ground)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    for name, action in ACTIONS.items():
        app.add_api_route(f"/{name}", _handler(queues, action, keys), methods=["POST"], name=name, response_model=None)
    add_control(app, ground, queues, delivery, notifier)

    async def unknown(request: Request, error: Exception) -> Response:
        return SqsError("UnsupportedOperation", "The sandbox knows no such action, or only its JSON form.").answer()

    app.add_exception_handler(404, unknown)
    layer = FaultLayer(app, router=app.router, book=ground.book, tally=ground.tally, make_error=make_error)
    queue = queues.create(delivery.settings.queue)
    info = {
        "url": ground.url,
        "queue_url": queues.url_of(queue),
        "queue_name": queue.name,
        "region": region,
        "access_key": keys[0],
        "secret_key": keys[1],
    }
    return Running(ByTarget(layer), info, notifier.start, notifier.stop)


def _keys(ground: Ground) -> tuple[str, str]:
    """Return the S3 server's credentials: one account, as in the cloud."""
    if ground.s3 is not None:
        return ground.s3.access_key, ground.s3.secret_key
    return ground.state.secret("s3_access_key", letters=20), ground.state.secret("s3_secret_key")


def _handler(queues: Queues, action: Action, keys: tuple[str, str]) -> Any:
    async def handle(request: Request) -> Response:
        try:
            body = await request.body()
            path, query = request.scope["sandbox.path"], request.scope["query_string"].decode()
            check(Signed(request.method, path, query, request.headers, body), *keys)
            answer = await action(queues, json.loads(body or b"{}"))
        except SqsError as error:
            return error.answer()
        except KeyError as missing:
            return SqsError("MissingParameter", f"The request must contain the parameter {missing}.").answer()
        except (ValueError, TypeError, AttributeError):
            return invalid("The request is not of the form that the action takes.").answer()
        return Response(json.dumps(answer), media_type=CONTENT_TYPE)

    return handle


class ByTarget:
    """Gives every action a path: all come to one address, and are told apart by a header only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on under the name of its action."""
        if scope["type"] == "http" and not scope["path"].startswith(CONTROL):
            target = dict(scope["headers"]).get(b"x-amz-target", b"").decode("latin-1")
            came = scope["raw_path"].decode("latin-1")
            scope = {**scope, "path": f"/{target.removeprefix('AmazonSQS.')}", "sandbox.path": came}
        await self._app(scope, receive, send)


def add_control(app: FastAPI, ground: Ground, queues: Queues, delivery: Delivery, notifier: Notifier) -> None:
    """Add /sandbox/ledger, /sandbox/faults and /sandbox/settings."""

    def ledger() -> dict[str, Any]:
        counts = {"requests": ground.tally.requests(), "faults": ground.tally.faults()}
        return delivery.ledger() | {"queues": queues.report()} | counts

    def change(content: dict[str, Any]) -> None:
        orders = Orders(**{key: value for key, value in content.items() if key in Orders.model_fields})
        values = {key: value for key, value in content.items() if key not in Orders.model_fields}
        settings = Settings.model_validate(delivery.settings.model_dump() | values)
        notifier.change(settings)
        for bucket in settings.buckets if orders.test_event else ():
            delivery.send_test_event(bucket)

    router = control_router(ledger=ledger, book=ground.book, settings=lambda: delivery.settings, change_settings=change)
    app.include_router(router)


SQS = Service(name="sqs", title="Amazon SQS", usual_port=9324, build=build)
