"""JSON Web Tokens, signed with a private key, and all that can be wrong with one."""

import json
import math
import time
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.pixop import errors
from sandbox.pixop.errors import unauthorized
from sandbox.pixop.records import new_id
from sandbox.pixop.settings import Settings
from sandbox.store import Store

KEYS, KIND = "pixop.keys", "pixop.tokens"


@dataclass(frozen=True)
class Key:
    """A pair of keys."""

    id: str
    private: ec.EllipticCurvePrivateKey
    made: float
    method: str = "ES256"

    @property
    def public_text(self) -> str:
        """The public half as PEM."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


@dataclass(frozen=True)
class Identity:
    """Who a request comes from, and which team it is for."""

    user_id: str
    team_id: str


class Tokens:
    """Makes and checks tokens."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys = {body["id"]: _load(body) for body in store.all(KEYS)}
        if not self._keys:
            self.renew_key()

    @property
    def key(self) -> Key:
        """The pair that signs now."""
        return max(self._keys.values(), key=lambda key: key.made)

    def renew_key(self) -> None:
        """Sign with a new pair from now on."""
        key = Key(new_id(), ec.generate_private_key(ec.SECP256R1()), time.time())
        secret = key.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        self._keys[key.id] = key
        self._store.put(KEYS, key.id, {"id": key.id, "private": secret, "made": key.made})

    @property
    def given(self) -> int:
        """How many tokens were given."""
        return int(self._store.get(KIND, "given", 0))

    def expire_all(self) -> None:
        """Let every token given so far count as expired."""
        self._store.put(KIND, "generation", self._generation() + 1)

    def _generation(self) -> int:
        return int(self._store.get(KIND, "generation", 0))

    def issue(self, identity: Identity, settings: Settings) -> str:
        """Return a new token, with the flaw that is set."""
        self._store.put(KIND, "given", self.given + 1)
        now = time.time()
        claims: dict[str, Any] = {
            "sub": identity.user_id,
            "teamId": identity.team_id,
            "generation": self._generation(),
            "iat": int(now),
            "nbf": math.ceil(now + settings.token_starts_in) if settings.token_starts_in else int(now),
            "exp": math.ceil(now + settings.token_starts_in + settings.token_lifetime),
        }
        if settings.token_flaw == "eternal":  # noqa: S105
            del claims["exp"]
        if settings.token_flaw == "inconsistent":  # noqa: S105
            claims["teamId"] = new_id()
        token = jwt.encode(claims, self.key.private, self.key.method, headers={"kid": self.key.id})
        return token[:-9] if settings.token_flaw == "corrupt" else token  # noqa: S105

    def check(self, header: str, settings: Settings) -> Identity:
        """Return whom a header's Bearer token names; raises RefusedError with one of the eight exceptions."""
        if settings.auth_exception:
            raise unauthorized(errors.AUTH, "the token could not be checked")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthorized(errors.NO_TOKEN, "no JWT token in the Authorization header")
        claims = self._read(token.strip(), settings)
        self._check_times(claims)
        identity = Identity(str(claims.get("sub", "")), str(claims.get("teamId", "")))
        if settings.banned:
            raise unauthorized(errors.USER_BANNED, "the user is banned")
        return identity

    def _read(self, token: str, settings: Settings) -> dict[str, Any]:
        try:
            key = self._keys[jwt.get_unverified_header(token).get("kid", "")]
            if settings.new_secret_voids_tokens and key != self.key:
                raise KeyError(key.id)
            # The signature alone: the claims are looked at one by one, each with an exception of its own.
            claims = json.loads(jwt.PyJWS().decode(token, key.private.public_key(), [key.method]))
        except (jwt.PyJWTError, KeyError, ValueError):
            raise unauthorized(errors.INVALID_TOKEN, "the JWT token cannot be interpreted") from None
        return dict(claims)

    def _check_times(self, claims: dict[str, Any]) -> None:
        if "exp" not in claims:
            raise unauthorized(errors.ETERNAL_TOKEN, "the JWT token has no expiration time")
        if claims["nbf"] > time.time():
            raise unauthorized(errors.PREMATURE_TOKEN, "the JWT token is not valid yet")
        if claims["exp"] <= time.time() or claims["generation"] != self._generation():
            raise unauthorized(errors.EXPIRED_TOKEN, "the JWT token has expired")


def _load(body: dict[str, Any]) -> Key:
    private = serialization.load_pem_private_key(body["private"].encode(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError(f"key {body['id']} is of another kind")
    return Key(body["id"], private, body["made"])
