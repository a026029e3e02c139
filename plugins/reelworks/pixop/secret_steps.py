"""The operator that replaces one of the account's secrets, and loses none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from reelworks.core.errors import BadInputError, BusyError, UnreachableError
from reelworks.pixop import accounts
from reelworks.pixop.sensitive import SecretVariable
from reelworks.pixop.steps import PixopStepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

ROTATED = "reelworks.pixop.rotated"
GENERATE = {"auth": accounts.generate_auth_secret, "signature": accounts.generate_signature_secret}
FIELDS = {
    "auth": ("authSignature", "authSignaturePublicKey"),
    "signature": ("apiRequestSignature", "apiRequestSignatureSecret"),
}
"""What the names of a secret's fields begin with, and the one that it is about."""


class PixopRotateSecretOperator(PixopStepOperator):
    """Replaces one of the account's secrets and keeps the new one in an Airflow Variable; returns the Variable's name.

    ``which`` is ``"auth"`` (the key that tokens are signed with) or ``"signature"`` (the secret that API requests are
    signed with). The Variable ``secret_variable`` holds the secret as JSON, as Pixop names its fields, and needs a name
    that Airflow hides, such as ``pixop_secret``. It is written with the secret in force before that is replaced, so
    that nothing is lost where it cannot be written; a retry keeps what an earlier try has replaced already.
    """

    template_fields = ("secret_variable", "conn_id")

    def __init__(self, *, which: Literal["auth", "signature"], secret_variable: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.which = which
        self.secret_variable = secret_variable

    def step(self, context: Context) -> str:
        """Replace it once, and keep it."""
        if self.which not in GENERATE:
            raise BadInputError(f"which is 'auth' or 'signature', not {self.which!r}")
        variable = SecretVariable(self.secret_variable)
        variable.check_name()
        store, most = context["task_state_store"], int(context["ti"].max_tries or 0)
        now, before = self._in_force(), store.get(ROTATED)
        if now:
            variable.keep(now)
        else:
            variable.check_writable()
        if isinstance(before, dict) and before["max_tries"] == most and before["was"] != _digest(now):
            self.log.info("an earlier try has replaced the %s secret; it is kept in %s", self.which, variable.name)
            return variable.name
        store.set(ROTATED, {"max_tries": most, "was": _digest(now)})
        variable.keep(self._replaced(now))
        self.log.info("the %s secret is replaced, and kept in the Variable %s", self.which, variable.name)
        return variable.name

    def _replaced(self, now: dict[str, Any]) -> dict[str, Any]:
        try:
            new = self._fields(self.service.answer(GENERATE[self.which]()))
        except (UnreachableError, BusyError):
            new = self._in_force()  # it may have been replaced, and its answer lost
            if _digest(new) == _digest(now):
                raise
        if not new:
            raise UnreachableError(f"Pixop has replaced the {self.which} secret, and does not show it: run it again")
        return new

    def _in_force(self) -> dict[str, Any]:
        return self._fields(self.service.answer(accounts.get_account())["user"])

    def _fields(self, user: Mapping[str, Any]) -> dict[str, Any]:
        prefix, secret = FIELDS[self.which]
        if not user.get(secret):
            return {}  # to keep the rest would write over the secret that is kept
        return {name: value for name, value in user.items() if name.startswith(prefix) and value}


def _digest(secret: Mapping[str, Any]) -> str:
    """Tell two secrets apart without keeping either."""
    return hashlib.sha256(json.dumps(dict(secret), sort_keys=True).encode()).hexdigest()[:16]
