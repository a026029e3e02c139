"""Access tokens: given for the API key, good for a while, worth nothing afterwards."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from sandbox.bytenite.replies import RefusedError
from sandbox.store import Store


class Tokens:
    """Signed tokens, so that a restarted sandbox knows those it gave before."""

    def __init__(self, *, api_key: str, signing_key: str, store: Store) -> None:
        self._api_key = api_key
        self._key = signing_key.encode()
        self._store = store
        self.given = 0

    def exchange(self, api_key: object, *, lifetime: float) -> dict[str, Any]:
        """Return the reply to a sign-in; refuses a wrong key with 401."""
        if not isinstance(api_key, str) or not api_key:
            raise RefusedError(400, "apiKey is required")
        if not hmac.compare_digest(api_key.encode(), self._api_key.encode()):
            raise RefusedError(401, "invalid API key")
        self.given += 1
        # The documented lifetime is a string of whole seconds.
        return {"token": self._make(lifetime), "expiresIn": str(int(lifetime)), "scope": "customer"}

    def check(self, header: str | None) -> str:
        """Return the token's id, or refuse with 401. A `Bearer` in front is taken too; none is documented."""
        if not header:
            raise RefusedError(401, "authorization token is missing")
        token = header.removeprefix("Bearer ").strip()
        claims = self._read(token)
        now = time.time()
        if claims is None:
            raise RefusedError(401, "invalid token")
        if claims["exp"] <= now:
            raise RefusedError(401, "token is expired")
        if claims["iat"] <= self._store.get("tokens", "void_before", 0.0):
            raise RefusedError(401, "token is expired")
        if self._store.get("signed_out", claims["jti"], default=False):
            raise RefusedError(401, "token is signed out")
        return str(claims["jti"])

    def sign_out(self, token_id: str) -> None:
        """Void one token."""
        self._store.put("signed_out", token_id, True)

    def void_all(self) -> None:
        """Void every token given so far."""
        self._store.put("tokens", "void_before", time.time())

    def _make(self, lifetime: float) -> str:
        now = time.time()
        claims = {"jti": secrets.token_hex(8), "iat": now, "nbf": now, "exp": now + lifetime}
        head = _pack({"alg": "HS256", "typ": "JWT"}) + "." + _pack(claims)
        return f"{head}.{self._sign(head)}"

    def _sign(self, head: str) -> str:
        return _text(hmac.new(self._key, head.encode(), hashlib.sha256).digest())

    def _read(self, token: str) -> dict[str, Any] | None:
        head, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(head).encode()):
            return None
        claims = head.split(".")[1]
        found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        return found


def _pack(content: dict[str, Any]) -> str:
    return _text(json.dumps(content).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
