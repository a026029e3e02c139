"""Signing in to Open Encoder: log in once, then renew the token; and register, when it is safe."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

from reelworks.core.errors import (
    BadInputError,
    RefusedError,
    SignInRefusedError,
    SignInUnansweredError,
    UnreachableError,
)
from reelworks.core.flow import Call, Flow, Reply, ask, read, repeated
from reelworks.core.session import Token
from reelworks.openencoder import api

HOUR = 3600.0
"""Seconds that a token lives, and for which it can be renewed, where it does not say."""


class SignIn:
    """Gets a token: renews the last one while the server may do so, and logs in otherwise.

    At a login with an unknown user name the server ends its process without an answer. So nobody is logged in before
    the server has shown that it is there, and a login without any answer is not soon repeated.
    """

    def __init__(self, username: str, password: str, clock: Callable[[], float] = time.time) -> None:
        self._username = username
        self._password = password
        self._clock = clock
        self._last: tuple[Token, float] | None = None

    def __call__(self) -> Flow[Token]:
        """Return a fresh token."""
        token = (yield from self._renewed()) or (yield from log_in(self._username, self._password))
        self._last = token, self._clock()
        return token

    def _renewed(self) -> Flow[Token | None]:
        if self._last is None or self._clock() - self._last[1] >= HOUR:
            return None
        call = Call("GET", "/api/refresh-token", headers=bearer(self._last[0].value), signed=False)
        try:
            return _token(call, (yield from ask(call)))
        except RefusedError:
            return None  # too old after all, or the server has a new signing key


def log_in(username: str, password: str) -> Flow[Token]:
    """Log in: once more only after an answer, of which a server that had died of the name would have given none.

    :raises SignInRefusedError: the user or password is wrong, or the server died of the user name.
    :raises SignInUnansweredError: no answer, though the server is there: it may have died of the name and be back.
    :raises BusyError, UnreachableError: each time an answer came, it was of no use.
    """
    yield from api.get_health()  # else a server that is merely away would look like one that died of the name
    call = Call("POST", "/api/login", json={"username": username, "password": password}, signed=False)

    def once() -> Flow[Token]:
        answer = yield from _answer(call)
        try:
            return _token(call, read(call, answer, said))
        except RefusedError as error:
            raise SignInRefusedError(f"{error}: check the connection's login and password. {RESET}") from None

    return (yield from repeated(once, unless=(SignInUnansweredError,)))


def _answer(call: Call) -> Flow[Reply]:
    try:
        reply: Reply = yield call
    except UnreachableError as error:
        if (yield from _alive()):
            raise SignInUnansweredError(str(error)) from None
        raise SignInRefusedError(
            f"{error}, and the server is gone since: Open Encoder ends its process when an unknown user logs in. "
            "Check the connection's login, and start the server again"
        ) from None
    return reply


RESET = 'The shipped admin has to set a new password first ("require password reset"): POST /api/update-password'


def update_password(username: str, password: str, new_password: str) -> Flow[None]:
    """Set a new password for a user who is known to exist: of one who does not the server dies."""
    body = {"username": username, "current_password": password, "new_password": new_password}
    yield from ask(Call("POST", "/api/update-password", json=body, signed=False), said)


def register(username: str, password: str, before: Callable[[], None] = lambda: None) -> Flow[dict[str, Any]]:
    """Make a guest account, if a look at the users shows that the name is free; ``before`` is called just before.

    :raises BadInputError: the name is taken.
    :raises RefusedError: the connection's account may not list users, so nobody knows; nothing was sent.
    """
    if not username.strip() or not password:
        raise BadInputError("a user needs a name and a password")
    try:
        users = yield from api.all_rows(api.list_users)
    except RefusedError as error:
        raise RefusedError(
            f"{error}: only an admin can see whether the name {username!r} is free, and the server ends its process "
            "when one that exists registers; use an admin's connection",
            error.status,
        ) from None
    # Compared without case: whether the server's database tells them apart was not tried, and a miss would kill it.
    if username.strip().casefold() in {str(user.get("username")).casefold() for user in users}:
        raise BadInputError(f"there is a user {username!r} already")
    before()
    return (yield from api.register_user(username, password))


def expired(reply: Reply) -> bool:
    """Return whether a 401 is about the token. Without the challenge it says that the account may not do this."""
    return reply.status == 401 and reply.headers.get("www-authenticate", "").upper().startswith("JWT")


def bearer(token: str) -> dict[str, str]:
    """Return the header that a token is sent in; the word's letter case matters."""
    return {"Authorization": f"Bearer {token}"}


def said(body: Any) -> str | None:
    """Find the server's words in an error body."""
    return str(body.get("message") or body.get("error") or "") or None if isinstance(body, dict) else None


def _alive() -> Flow[bool]:
    call = Call("GET", "/api/health", signed=False)
    try:
        reply: Reply = yield call  # at once and once: a server that was started again would seem never to have died
    except UnreachableError:
        return False
    return reply.status < 600


def _token(call: Call, body: Any) -> Token:
    value = body.get("token") if isinstance(body, dict) else None
    if not value:
        raise UnreachableError(f"{call} answered without a token")
    return Token(str(value), _lifetime(str(value)))


def _lifetime(token: str) -> float:
    """Read how long the token lives from its claims: both times are the server's, so its clock may be wrong."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"]) - float(claims["orig_iat"])
    except (IndexError, ValueError, KeyError, TypeError):
        return HOUR
