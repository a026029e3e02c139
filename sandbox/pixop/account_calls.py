"""Endpoints of the accounts service."""

from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse

from sandbox.pixop.calls import BASIC, EITHER, Call, Endpoint
from sandbox.pixop.errors import bad_request


async def get_token(call: Call) -> Response:
    """Give a token for e-mail and password, for one of the user's teams."""
    who = call.identity
    token = call.context.tokens.issue(who, call.context.settings)
    return JSONResponse({"userId": who.user_id, "teamId": who.team_id, "jwtToken": token})


async def validate_token(call: Call) -> Response:
    """Say whose token it is."""
    account, chosen = call.context.account, call.identity.team_id
    others = [account.show_team(team) for team in account.team_ids if team != chosen]
    misspelt = call.context.settings.misspelt_method
    return JSONResponse(
        {"user": _user(call, misspelt=misspelt), "team": account.show_team(chosen), "otherTeams": others}
    )


async def get_account(call: Call) -> Response:
    """Tell all of user and team, secrets included."""
    return JSONResponse({"user": _user(call), "team": call.context.account.show_team(call.identity.team_id)})


async def generate_auth_secret(call: Call) -> Response:
    """Sign tokens with a new pair of keys. A GET, and changes state all the same."""
    call.context.tokens.renew_key()
    return JSONResponse({"user": _user(call)})


async def generate_signature_secret(call: Call) -> Response:
    """Make a new secret for signing requests. A GET, and changes state all the same."""
    call.context.account.renew_secret()
    return JSONResponse({"user": _user(call)})


async def update_password(call: Call) -> Response:
    """Put a new password in force; tokens stay good."""
    password = (await call.body()).get("newPassword")
    if not isinstance(password, str) or not 1 <= len(password) <= 1024:
        raise bad_request("newPassword must be a text of 1 to 1024 characters")
    call.context.account.set_password(password)
    return JSONResponse({"user": _user(call)})


def _user(call: Call, *, misspelt: bool = False) -> dict[str, Any]:
    context = call.context
    return context.account.show_user(context.tokens.key, banned=context.settings.banned, misspelt=misspelt)


ROOT = "/accounts/v1"
ENDPOINTS = (
    Endpoint("GET", f"{ROOT}/token", get_token, BASIC),
    Endpoint("POST", f"{ROOT}/token", validate_token),
    Endpoint("GET", f"{ROOT}/account", get_account),
    Endpoint("GET", f"{ROOT}/generate-auth-secret", generate_auth_secret, EITHER),
    Endpoint("GET", f"{ROOT}/generate-signature-secret", generate_signature_secret, EITHER),
    Endpoint("POST", f"{ROOT}/update-password", update_password, EITHER),
)
