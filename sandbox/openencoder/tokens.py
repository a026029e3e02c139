"""JSON Web Tokens with the claims, lifetimes and complaints of the server's sign-in."""

import base64
import binascii
import json
import time
from dataclasses import dataclass
from typing import Any

import jwt
from fastapi import Request

from sandbox.openencoder.answers import AnswerError, challenge, empty_500
from sandbox.openencoder.binding import BindingError, Members, decode
from sandbox.openencoder.switches import Switches
from sandbox.store import Store

KIND = "openencoder.tokens"
ROLES = ("guest", "operator", "admin")
FORBIDDEN = "you don't have permission to access this resource"


@dataclass(frozen=True)
class Identity:
    """Who a token says its bearer is."""

    username: str
    role: str


class Tokens:
    """Makes and checks tokens."""

    def __init__(self, secret: str, store: Store) -> None:
        self._secret = secret
        self._store = store
        self._key = self._generation()
        self.given = 0

    def _generation(self) -> str:
        return f"{self._secret}-{self._store.get(KIND, 'generation', 0)}"

    def void_all(self) -> None:
        """Void every token, as a real server without a key of its own does by restarting."""
        self._store.put(KIND, "generation", self._store.get(KIND, "generation", 0) + 1)
        self._key = self._generation()

    def issue(self, username: str, role: str, switches: Switches) -> tuple[str, int]:
        """Return a token and when it expires (nanoseconds)."""
        self.given += 1
        return self._sign({"id": username, "role": role}, switches)

    def _sign(self, claims: dict[str, Any], switches: Switches) -> tuple[str, int]:
        now = time.time_ns()
        expires = now + int(switches.token_lifetime * 10**9)
        claims = claims | {"exp": expires // 10**9, "orig_iat": now // 10**9}
        return jwt.encode(claims, self._key, "HS256"), expires

    def identify(self, request: Request) -> Identity:
        """Return the bearer of a good token; raises AnswerError with the server's refusal."""
        claims = self._claims(find_token(request))
        _check_expiry(claims)
        username, role = claims.get("id"), claims.get("role")
        if not isinstance(username, str) or not isinstance(role, str):
            raise AnswerError(empty_500())
        if role not in ROLES:
            raise AnswerError(challenge(FORBIDDEN, 403))
        return Identity(username, role)

    def refresh(self, request: Request, switches: Switches) -> tuple[str, int]:
        """Return a new token for one that may have expired, but not long ago; raises AnswerError."""
        claims = self._claims(find_token(request))
        born = claims.get("orig_iat")
        if not isinstance(born, int | float):
            raise AnswerError(empty_500())
        if born < int(time.time() - switches.refresh_lifetime):
            raise AnswerError(challenge("token is expired"))
        return self._sign(claims, switches)

    def _claims(self, token: str) -> dict[str, Any]:
        _check_form(token)
        try:
            # The signature alone: the server looks at the claims in its own order, with its own words.
            claims = json.loads(jwt.PyJWS().decode(token, self._key, ["HS256"]))
        except jwt.InvalidAlgorithmError:
            raise AnswerError(challenge("invalid signing algorithm")) from None
        except jwt.PyJWTError:
            raise AnswerError(challenge("signature is invalid")) from None
        return dict(claims)


def find_token(request: Request) -> str:
    """Return the token from header, query or cookie; raises AnswerError with the last place's complaint."""
    head, _, token = request.headers.get("authorization", "").partition(" ")
    if head == "Bearer" and token:
        return token
    found = request.query_params.get("token") or request.cookies.get("jwt")
    if not found:
        raise AnswerError(challenge("cookie token is empty"))
    return found


def _check_form(token: str) -> None:
    parts = token.split(".")
    if len(parts) != 3:
        raise AnswerError(challenge("token contains an invalid number of segments"))
    for part in parts[:2]:
        try:
            content = decode(_from_base64(part))
        except (ValueError, BindingError) as error:
            raise AnswerError(challenge(str(error))) from None
        if not isinstance(content, Members):
            raise AnswerError(challenge("json: cannot unmarshal into Go value of type map[string]interface {}"))


def _from_base64(part: str) -> bytes:
    try:
        return base64.b64decode(part.encode() + b"=" * (-len(part) % 4), b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError(f"illegal base64 data at input byte {len(part)}") from None


def _check_expiry(claims: dict[str, Any]) -> None:
    if "exp" not in claims or claims["exp"] is None:
        raise AnswerError(challenge("missing exp field", 400))
    if not isinstance(claims["exp"], int | float):
        raise AnswerError(challenge("exp must be float64 format", 400))
    if claims["exp"] < int(time.time()):
        raise AnswerError(challenge("Token is expired"))
