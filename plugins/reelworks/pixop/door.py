"""What a 401 of Pixop's means: eight exceptions, of which some are cured by signing in again and some never are."""

from __future__ import annotations

import json
import logging
from typing import Any

from reelworks.core.errors import BusyError, SignInRefusedError
from reelworks.core.flow import Reply

log = logging.getLogger(__name__)

HOPELESS = {
    "UserBannedException": "the account is suspended: ask Pixop why, or use another account in the connection",
    "EternalJWTTokenException": "its tokens have no end, which it does not permit itself: ask Pixop",
    "InconsistentJWTClaimsException": "what its token says of the account does not fit the API: check the "
    "connection's team_id, or ask Pixop",
}
"""Another sign-in brings the same; the remedy is a person's."""

PASSING = {
    "PrematureJWTTokenException": "the token is not valid yet: the clocks of Pixop's servers are apart",
    "AuthException": "Pixop could not check the token",
}
"""The same token will do in a while."""

WHILE = 5.0
"""Seconds to that while."""


class TurnedAwayError(BusyError):
    """The service did not look at the call at all: it may be sent again, whatever it does."""

    remedy = "if it lasts, ask Pixop: its servers do not take each other's tokens"


def expired(reply: Reply) -> bool:
    """Return whether the reply asks for another sign-in: Expired, Invalid, NoJWT, or a 401 without a known name.

    :raises SignInRefusedError: no sign-in will help.
    :raises TurnedAwayError: this token will do, later.
    """
    if reply.status != 401:
        return False
    name = exception_of(_body(reply))
    if name in HOPELESS:
        raise SignInRefusedError(f"Pixop answered 401 {name}: {HOPELESS[name]}")
    if name in PASSING:
        log.warning("Pixop answered 401 %s: %s; it is asked again in %g s", name, PASSING[name], WHILE)
        raise TurnedAwayError(f"Pixop answered 401 {name}: {PASSING[name]}", WHILE)
    return True


def exception_of(body: Any) -> str:
    """Return the exception that an error body names, without its package; "" if it names none."""
    name = body.get("exception") if isinstance(body, dict) else None
    return str(name or "").rpartition(".")[2]


def _body(reply: Reply) -> Any:
    try:
        return json.loads(reply.body)
    except ValueError:
        return None
