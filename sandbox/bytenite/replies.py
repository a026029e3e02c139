"""How ByteNite says no, and how it says yes without saying anything."""

import json
import math
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

# Error bodies carry gRPC's codes, not HTTP's: the API is a gateway before gRPC services.
GRPC_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 409: 10, 412: 9, 429: 8, 500: 13, 501: 12, 503: 14}
MAX_BODY = 4 << 20
MAX_DEPTH = 64


class RefusedError(Exception):
    """A request that is answered with an error.

    `plain` errors have the gateway's body; the others the generic one with `ok: false`.
    """

    def __init__(self, status: int, message: str, *, plain: bool = True) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.plain = plain


def gateway_error(status: int, message: str) -> dict[str, Any]:
    """Return the body that the gateway itself gives."""
    return {"code": GRPC_CODES.get(status, 2), "message": message, "details": []}


def generic(*, ok: bool, status: int = 200, message: str = "") -> dict[str, Any]:
    """Return the body of calls that answer no object."""
    error = None
    if not ok:
        phrase = HTTPStatus(status).phrase
        error = {"code": str(GRPC_CODES.get(status, 2)), "message": phrase, "description": message}
    return {"ok": ok, "requestId": "", "message": message, "error": error}


def make_error(status: int, message: str) -> tuple[bytes, str]:
    """Return an error's body and type, for the fault layer."""
    return json.dumps(gateway_error(status, message)).encode(), "application/json"


def respond_refused(error: RefusedError, *, generic_status: int) -> JSONResponse:
    """Answer a refusal. `generic_status` 200 shows the trap of a 200 with `ok: false`."""
    if error.plain:
        return JSONResponse(gateway_error(error.status, error.message), status_code=error.status)
    status = error.status if generic_status != 200 else 200
    return JSONResponse(generic(ok=False, status=error.status, message=error.message), status_code=status)


async def read_object(request: Request) -> dict[str, Any]:
    """Return the JSON object in a request's body ({} for no body), or refuse it with 400."""
    body = b""
    async for block in request.stream():
        body += block
        if len(body) > MAX_BODY:
            raise RefusedError(400, "the body is too large")
    if not body.strip():
        return {}
    try:
        content = json.loads(body)
        body.decode("utf-8")
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, f"invalid JSON: {type(error).__name__}") from None
    if not isinstance(content, dict):
        raise RefusedError(400, "the body must be a JSON object")
    check_depth(content)
    return content


def check_depth(content: Any, depth: int = 0) -> None:
    """Refuse what could not be written back: too deep, or text that is no Unicode."""
    if depth > MAX_DEPTH:
        raise RefusedError(400, "the body is nested too deeply")
    if isinstance(content, dict):
        for key, value in content.items():
            check_depth(key, depth + 1)
            check_depth(value, depth + 1)
    elif isinstance(content, list):
        for value in content:
            check_depth(value, depth + 1)
    elif isinstance(content, str) and not content.isascii():
        try:
            content.encode()
        except UnicodeEncodeError:
            raise RefusedError(400, "text with a lone surrogate") from None
    elif isinstance(content, float) and not math.isfinite(content):
        raise RefusedError(400, "a number that is none")
