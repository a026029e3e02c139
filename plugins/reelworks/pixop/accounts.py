"""The endpoints of Pixop's accounts service, but for the sign-in: one function each, in the service's language.

Contract: Pixop Video Processing REST API v1. Account bodies hold secrets: they are not to be logged or pushed to XCom
as they are; ``public_account`` returns what may be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reelworks.core.flow import Call, Flow
from reelworks.pixop.calls import PATHS, Row, ask, part


def validate_token() -> Flow[Row]:
    """Return whose token is in use: ``user`` (with secrets), ``team`` and ``otherTeams``."""
    call = Call("POST", PATHS["token"], repeatable=True)
    body = yield from ask(call)
    part(call, body, "user", "id")
    return dict(body)


def get_account() -> Flow[Row]:
    """Return ``user`` (with secrets) and ``team``."""
    call = Call("GET", PATHS["account"])
    body = yield from ask(call)
    part(call, body, "user", "id")
    return dict(body)


def generate_auth_secret() -> Flow[Row]:
    """Replace the key that tokens are signed with; return the user with the new one. A GET, but it changes things."""
    return _changed("generate auth secret")


def generate_signature_secret() -> Flow[Row]:
    """Replace the secret that API requests are signed with; return the user with the new one. It changes things too."""
    return _changed("generate signature secret")


def update_password(new_password: str) -> Flow[Row]:
    """Set the account's password; return the user. Tokens that were given before are not taken back by this."""
    call = Call("POST", PATHS["update password"], json={"newPassword": new_password})
    return dict(part(call, (yield from ask(call)), "user"))


def public_account(account: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may be shown of an account: whose it is and which team it works for."""
    user, team = account.get("user") or {}, account.get("team") or {}
    return {
        "user_id": user.get("id"),
        "name": user.get("name"),
        "email": user.get("email"),
        "email_confirmed": user.get("emailConfirmed"),
        "banned": bool(user.get("banned")),
        "team_id": team.get("id"),
        "team": team.get("name"),
    }


def _changed(what: str) -> Flow[Row]:
    call = Call("GET", PATHS[what], repeatable=False)
    return dict(part(call, (yield from ask(call)), "user"))
