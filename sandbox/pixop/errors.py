"""How Pixop says no: `{"exception": name, "errorMessage": text}`."""

import json
from typing import Any

from fastapi.responses import JSONResponse

NO_TOKEN = "NoJWTTokenFoundException"  # noqa: S105
INVALID_TOKEN = "InvalidJWTTokenFoundException"  # noqa: S105
EXPIRED_TOKEN = "ExpiredJWTTokenException"  # noqa: S105
PREMATURE_TOKEN = "PrematureJWTTokenException"  # noqa: S105
ETERNAL_TOKEN = "EternalJWTTokenException"  # noqa: S105
INCONSISTENT_CLAIMS = "InconsistentJWTClaimsException"
USER_BANNED = "UserBannedException"
AUTH = "AuthException"

# Only the eight above are documented; these are what the sandbox calls the rest.
BAD_REQUEST = "BadRequestException"
BY_STATUS = {
    400: BAD_REQUEST,
    401: AUTH,
    404: "NotFoundException",
    405: "MethodNotAllowedException",
    416: "RequestedRangeNotSatisfiableException",
    429: "TooManyRequestsException",
    503: "ServiceUnavailableException",
}


class RefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str, exception: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.exception = exception or BY_STATUS.get(status, "ServiceException")


def unauthorized(exception: str, message: str) -> RefusedError:
    """Return a refusal of the sign-in: always 401, told apart by the exception's name."""
    return RefusedError(401, message, exception)


def bad_request(message: str) -> RefusedError:
    """Return a refusal of what was sent."""
    return RefusedError(400, message)


def not_found(what: str) -> RefusedError:
    """Return the refusal of an id that is not there, or is another team's."""
    return RefusedError(404, f"there is no such {what}")


def refuse(error: RefusedError, headers: dict[str, str] | None = None) -> JSONResponse:
    """Answer a refusal."""
    return JSONResponse(body(error.exception, error.message), error.status, headers)


def body(exception: str, message: str) -> dict[str, Any]:
    """Return the documented error body."""
    return {"exception": exception, "errorMessage": message}


def make_error(status: int, message: str) -> tuple[bytes, str]:
    """Return an injected error's body and type, in the service's manner."""
    return json.dumps(body(BY_STATUS.get(status, "ServiceException"), message)).encode(), "application/json"
