"""Answers in the server's own shapes, down to headers that are missing and bodies that are empty."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Response
from starlette.types import Receive, Scope, Send

from sandbox.injection import Line

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"


class ProcessExitError(Exception):
    """The server process ends: whoever waits for an answer gets none."""


class AnswerError(Exception):
    """An answer that ends the handling of a request."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def encode(content: Any) -> bytes:
    """Return JSON as Go writes it: compact, and with <, > and & escaped."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode()


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON answer."""
    return Response(encode(content), status, dict(headers or {}), JSON)


def challenge(message: str, status: int = 401) -> Response:
    """Return the sign-in's own refusal: with `code` and the JWT challenge, cured by a new login."""
    body = {"code": status, "message": message}
    return answer(body, status, {"WWW-Authenticate": "JWT realm=openencoder"})


def not_allowed() -> Response:
    """Return the refusal for a role that is too low: no `code`, no challenge; a login does not cure it."""
    return answer({"message": "unauthorized"}, 401)


def binding_error(message: str) -> Response:
    """Return the answer to a body that is not what the endpoint takes."""
    return answer({"error": message}, 400)


def missing(what: str) -> Response:
    """Return the JSON kind of 404."""
    return answer({"message": f"{what} does not exist", "status": 404}, 404)


def no_page() -> Response:
    """Return the other kind of 404, for a path or method that there is not."""
    headers = {"X-Content-Type-Options": "nosniff"}
    return Response(b"404 page not found\n", 404, headers, "text/plain; charset=utf-8")


def empty_500() -> Response:
    """Return what a recovered panic leaves: no body, no content type."""
    return Response(status_code=500)


def moved(path: str, *, method: str) -> Response:
    """Redirect as Go does: 301 with a link for GET, 307 with nothing for the rest."""
    location = path.encode("ascii", "ignore").decode()
    if method != "GET":
        return Response(status_code=307, headers={"Location": location})
    return Response(f'<a href="{location}">Moved Permanently</a>.\n\n', 301, {"Location": location}, HTML)


class HangUp(Response):
    """Closes the connection without a word."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close."""
        await Line(scope, send).hang_up()
