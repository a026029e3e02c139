"""Signing in to Pixop: e-mail and password for a token of a quarter of an hour, which is never renewed but replaced."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

from reelworks.core import flow
from reelworks.core.errors import LostError, RefusedError, SignInRefusedError
from reelworks.core.flow import Call, Flow
from reelworks.core.session import Token
from reelworks.pixop.calls import PATHS, part, said
from reelworks.pixop.door import HOPELESS, exception_of

LIFETIME = 13 * 60.0
"""Seconds for which a token is used that does not say when it ends; the document says 15 minutes."""


def sign_in(
    email: str, password: str, team_id: str | None = None, clock: Callable[[], float] = time.time
) -> Flow[Token]:
    """Get a token, for one of the account's teams if it is named.

    :raises SignInRefusedError: the e-mail or password is wrong, the account banned, or the team not its own.
    """
    call = Call(
        "GET",
        PATHS["token"],
        query={"team-id": team_id} if team_id else None,
        headers={"Accept": "application/json", "Content-Type": "application/json", **basic(email, password)},
        signed=False,
    )
    try:
        body = yield from flow.ask(call, _said_or_hopeless)
    except RefusedError as error:
        raise SignInRefusedError(f"{error}: {_remedy(error.status, team_id)}") from None
    except LostError as error:
        if not team_id:
            raise  # not Pixop's address
        raise SignInRefusedError(f"{error}: check the connection's team_id {team_id!r}, and its host") from None
    token = str(part(call, body, "jwtToken"))
    return Token(token, lifetime(token, clock()))


def basic(email: str, password: str) -> dict[str, str]:
    """Return the header that an e-mail and password are sent in, as UTF-8."""
    pair = base64.b64encode(f"{email}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def bearer(token: str) -> dict[str, str]:
    """Return the header that a token is sent in."""
    return {"Authorization": f"Bearer {token}"}


def lifetime(token: str, now: float) -> float:
    """Read how many seconds a token lives from its claims, unverified: whoever sent it is whom it is shown to.

    Both times are the server's where it gives both, so that our clock may be wrong; ``now`` is the other one if not.
    """
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        begun = claims.get("iat", claims.get("nbf", now))
        seconds = float(claims["exp"]) - float(begun)
    except (IndexError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return LIFETIME
    return seconds if 0 < seconds < float("inf") else LIFETIME


def _remedy(status: int, team_id: str | None) -> str:
    also = f", and its team_id {team_id!r}, which may not be one of the account's teams" if team_id else ""
    if status == 401:
        return f"check the connection's login (the e-mail) and password{also}"
    return f"check the connection's host and login{also}"


def _said_or_hopeless(body: Any) -> str | None:
    """Find the service's words. A banned user's password may be right: it is not to be sought there."""
    if (name := exception_of(body)) in HOPELESS:
        raise SignInRefusedError(f"Pixop refused the sign-in with {name}: {HOPELESS[name]}")
    return said(body)
