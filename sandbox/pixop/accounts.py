"""The one user, the two teams, and the secrets that two GETs renew."""

import base64
import binascii
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from sandbox.pixop.errors import AUTH, unauthorized
from sandbox.pixop.records import new_id
from sandbox.pixop.tokens import Key
from sandbox.state import StateDir, read_json, write_json
from sandbox.store import Store

KIND, KEY = "pixop.account", "user"
EMAIL = "reelworks@example.com"
API_SIGNATURE_METHOD = "HmacSHA256"


def moment(seconds: float) -> str:
    """Return a time as the API writes it, in UTC and without saying so."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


class Account:
    """A user of two teams.

    The password is kept as it is: sandbox.json, in the same private directory, has to tell it.
    """

    def __init__(self, store: Store, state: StateDir) -> None:
        self._store = store
        self._state = state
        self._kept: dict[str, Any] = store.get(KIND, KEY) or self._first()

    def _first(self) -> dict[str, Any]:
        now = time.time()
        teams = [{"id": new_id(), "name": name, "created": now} for name in ("Reelworks", "Reelworks Archive")]
        password = self._state.secret("pixop_password", letters=24)
        secret = secrets.token_hex(32)
        kept = {"id": new_id(), "password": password, "secret": secret, "teams": teams, "created": now, "updated": now}
        self._store.put(KIND, KEY, kept)
        return kept

    @property
    def user_id(self) -> str:
        """The user's id."""
        return str(self._kept["id"])

    @property
    def password(self) -> str:
        """The password that is good now."""
        return str(self._kept["password"])

    @property
    def team_ids(self) -> list[str]:
        """The teams' ids; the first is what a token is for when no team is named."""
        return [str(team["id"]) for team in self._kept["teams"]]

    def check_basic(self, header: str) -> None:
        """Take `Basic ...` of the right e-mail and password; raises RefusedError."""
        scheme, _, credentials = header.partition(" ")
        if scheme.lower() != "basic":
            raise unauthorized(AUTH, "HTTP Basic authentication is required")
        try:
            email, _, password = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            raise unauthorized(AUTH, "the credentials cannot be read") from None
        right = secrets.compare_digest(password.encode(), self.password.encode())
        if email.lower() != EMAIL or not right:
            raise unauthorized(AUTH, "wrong e-mail or password")

    def set_password(self, password: str) -> None:
        """Put a new password in force, and into sandbox.json: whoever reads that next must be able to sign in."""
        self._change(password=password)
        info = read_json(self._state.info_file)
        if "pixop" in info:
            write_json(self._state.info_file, info | {"pixop": info["pixop"] | {"password": password}})

    def renew_secret(self) -> None:
        """Make a new secret for signing requests."""
        self._change(secret=secrets.token_hex(32))

    def _change(self, **changes: Any) -> None:
        self._kept |= changes | {"updated": time.time()}
        self._store.put(KIND, KEY, self._kept)

    def show_user(self, key: Key, *, banned: bool, misspelt: bool) -> dict[str, Any]:
        """Return the user with all secrets, as the API does."""
        return {
            "id": self.user_id,
            "name": "Reel Works",
            "email": EMAIL,
            "emailConfirmed": True,
            "authSignatureMethod": key.method,
            "authSignaturePublicKey": key.public_text,
            "authSignaturePublicKeyId": key.id,
            "banned": banned,
            "bannedReason": None,
            "bannedDate": None,
            "apiRequestSignatureSecret": self._kept["secret"],
            "apiRequestSignatureSethod" if misspelt else "apiRequestSignatureMethod": API_SIGNATURE_METHOD,
            "dateCreated": moment(self._kept["created"]),
            "timeLastUpdated": moment(self._kept["updated"]),
        }

    def show_team(self, team_id: str) -> dict[str, Any]:
        """Return a team."""
        team = next(team for team in self._kept["teams"] if team["id"] == team_id)
        created = moment(team["created"])
        return {"id": team["id"], "name": team["name"], "dateCreated": created, "timeLastUpdated": created}
