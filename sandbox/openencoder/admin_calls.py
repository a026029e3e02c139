"""Endpoints: storage, settings, users."""

from fastapi import Response

from sandbox.openencoder.answers import answer, missing
from sandbox.openencoder.binding import Field, Struct
from sandbox.openencoder.calls import ADMINS, BEARER, Call, Endpoint
from sandbox.openencoder.configuration import UPDATE
from sandbox.openencoder.records import page_of

USER = Struct(
    "userUpdateRequest",
    (Field("Active", "active", bool, rule=""), Field("Role", "role", rule="eq=admin|eq=operator|eq=guest|eq=")),
)


async def list_storage(call: Call) -> Response:
    """Return what the inbound bucket has under a prefix."""
    return answer({"data": await call.context.storage.listing(call.request.query_params.get("prefix", ""))})


async def get_settings(call: Call) -> Response:
    """Return all settings, secrets in clear."""
    return answer({"settings": call.context.configuration.shown()})


async def update_settings(call: Call) -> Response:
    """Put all settings anew; what is left out becomes empty."""
    call.context.configuration.replace(call.bind(UPDATE))
    return answer({"settings": "updated"})


async def list_users(call: Call) -> Response:
    """Return a page of users, newest first."""
    table = call.context.users.table
    page = table.page(*page_of(call.request.query_params))
    if page is None:
        call.fatal("users page before the first: server exits")
    return answer({"code": 200, "count": len(table), "users": [user.shown() for user in page or []]})


async def update_user(call: Call) -> Response:
    """Change a user's role and whether it is active; the first user stays as it is."""
    sent = call.bind(USER)
    user = call.context.users.table.get(call.number)
    if user is None:
        return missing("User")
    if user.id != 1:
        user.role = sent["role"] or user.role
        user.active = bool(sent["active"])
        call.context.users.table.save(user)
    return answer(user.shown())


ENDPOINTS = (
    Endpoint("GET", "/api/storage/list", BEARER, list_storage),
    Endpoint("GET", "/api/settings", ADMINS, get_settings),
    Endpoint("PUT", "/api/settings", ADMINS, update_settings),
    Endpoint("GET", "/api/users", ADMINS, list_users),
    Endpoint("PUT", "/api/users/{id}", ADMINS, update_user),
)
