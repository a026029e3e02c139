"""Endpoints: index, health, sign-in, registration, passwords, profile."""

from typing import Any

from fastapi import Response

from sandbox.openencoder.accounts import fits, hashed
from sandbox.openencoder.answers import HTML, AnswerError, answer, challenge, empty_500
from sandbox.openencoder.binding import BindingError, Field, Struct
from sandbox.openencoder.calls import ANYONE, BEARER, Call, Endpoint
from sandbox.openencoder.golang import nanoseconds, whole_seconds

WHO = Field("Username", "username")
LOGIN = Struct("login", (WHO, Field("Password", "password")))
REGISTER = Struct("registerRequest", (WHO, Field("Password", "password")))
PROFILE = Struct(
    "userProfileUpdateRequest",
    (
        WHO,
        Field("CurrentPassword", "current_password"),
        Field("NewPassword", "new_password", rule=""),
        Field("VerifyPassword", "verify_password", rule=""),
    ),
)
PASSWORD_ADVICE = "validation error. please provide username, current password and new password"  # noqa: S105
PROJECT = "https://github.com/alfg/openencoder"


async def index(call: Call) -> Response:
    """Say what this is."""
    about = {"docs": f"{PROJECT}/blob/master/API.md", "github": PROJECT, "name": "openencoder", "version": ""}
    return answer(about | {"wiki": f"{PROJECT}/wiki"})


async def dashboard(call: Call) -> Response:
    """Send to the web page."""
    return Response('<a href="/dashboard">Moved Permanently</a>.\n\n', 301, {"Location": "/dashboard"}, HTML)


async def health(call: Call) -> Response:
    """Say what is up, or fail when anything is not."""
    if not call.context.switches.redis_up:
        return empty_500()
    return answer({"api": "OK", "db": "OK", "redis": "OK", "workers": len(call.fleet.running())})


async def login(call: Call) -> Response:
    """Give a token for name and password."""
    sent = _login_values(call)
    user = call.context.users.find(sent["username"])
    if user is None:
        call.fatal("unknown user name at login: server exits")
        return challenge("incorrect Username or Password")
    if not user.has_password(sent["password"]):
        return challenge("incorrect Username or Password")
    if user.force_password_reset:
        return challenge("require password reset")
    token, expires = call.context.tokens.issue(user.username, user.role, call.context.switches)
    return answer({"code": 200, "expire": nanoseconds(expires), "token": token})


def _login_values(call: Call) -> dict[str, Any]:
    # A body that does not say it is JSON is taken for a form.
    is_json = call.request.headers.get("content-type", "").split(";")[0].strip() == "application/json"
    try:
        return LOGIN.parse(call.body) if is_json else LOGIN.parse_form(call.body)
    except BindingError:
        raise AnswerError(challenge("missing Username or Password")) from None


async def refresh_token(call: Call) -> Response:
    """Give a new token for one that is not too old."""
    token, expires = call.context.tokens.refresh(call.request, call.context.switches)
    return answer({"code": 200, "expire": whole_seconds(expires // 10**9), "token": token})


async def register(call: Call) -> Response:
    """Make a guest."""
    sent = call.bind(REGISTER)
    if call.context.users.add(sent["username"], sent["password"]) is None:
        call.fatal("register of a name that exists or does not fit: server exits")
        return answer({"message": "error creating user"}, 400)
    return answer({"message": "user created", "user": sent["username"]})


async def update_password(call: Call) -> Response:
    """Change a password, which also lifts a forced reset; needs no token."""
    try:
        sent = PROFILE.parse(call.body)
    except BindingError:
        return answer({"code": 400, "message": PASSWORD_ADVICE}, 400)
    user = call.context.users.find(sent["username"])
    if user is None:
        call.fatal("update-password of an unknown user: server exits")
    if user is None or not user.has_password(sent["current_password"]):
        return answer({"code": 401, "message": "unauthorized"}, 401)
    if sent["new_password"]:
        user.password = hashed(sent["new_password"])
    user.force_password_reset = False
    call.context.users.table.save(user)
    return answer({"message": "user updated", "user": user.username})


async def get_me(call: Call) -> Response:
    """Say who the bearer is."""
    user = call.context.users.find(call.user.username)
    if user is None:
        call.fatal("the token's user is gone: server exits")
        return answer({"role": "", "status": 200, "username": ""})
    return answer({"role": user.role, "status": 200, "username": user.username})


async def update_me(call: Call) -> Response:
    """Change the bearer's name or password."""
    sent = call.bind(PROFILE)
    user = call.context.users.find(call.user.username)
    if user is None:
        call.fatal("the token's user is gone: server exits")
    if user is None or not user.has_password(sent["current_password"]):
        return answer({"code": 401, "message": "unauthorized"}, 401)
    other = call.context.users.find(sent["username"])
    if (other is not None and other.id != user.id) or not fits(sent["username"]):
        call.fatal("rename to a name that exists or does not fit: server exits")
        return answer({"code": 400, "message": "error updating user"}, 400)
    user.username = sent["username"]
    if sent["new_password"]:
        user.password = hashed(sent["new_password"])
    call.context.users.table.save(user)
    return answer({"message": "user updated", "user": call.user.username})


ENDPOINTS = (
    Endpoint("GET", "/", ANYONE, dashboard),
    Endpoint("GET", "/api/", ANYONE, index),
    Endpoint("GET", "/api/health", ANYONE, health),
    Endpoint("POST", "/api/login", ANYONE, login),
    Endpoint("GET", "/api/refresh-token", ANYONE, refresh_token),
    Endpoint("POST", "/api/register", ANYONE, register),
    Endpoint("POST", "/api/update-password", ANYONE, update_password),
    Endpoint("GET", "/api/me", BEARER, get_me),
    Endpoint("PUT", "/api/me", BEARER, update_me),
)
