"""Operators for the account at Pixop: who it is, its secrets, its password. None of them shows a secret."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from reelworks.core.errors import BadInputError, BusyError, SignInRefusedError, UnreachableError
from reelworks.pixop import accounts
from reelworks.pixop.account import sign_in
from reelworks.pixop.sensitive import SecretVariable
from reelworks.pixop.steps import PixopStepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

ROTATED, UPDATED = "reelworks.pixop.rotated", "reelworks.pixop.updated"
GENERATE = {"auth": accounts.generate_auth_secret, "signature": accounts.generate_signature_secret}
FIELDS = {
    "auth": ("authSignature", "authSignaturePublicKey"),
    "signature": ("apiRequestSignature", "apiRequestSignatureSecret"),
}
"""What the names of a secret's fields begin with, and the one that it is about."""


class PixopAccountOperator(PixopStepOperator):
    """Returns whose account it is: ``{"user_id", "name", "email", "email_confirmed", "banned", "team_id", "team"}``."""

    def step(self, context: Context) -> dict[str, Any]:
        """Ask, and keep the secrets back."""
        return accounts.public_account(self.service.answer(accounts.get_account()))


class PixopListTeamsOperator(PixopStepOperator):
    """Returns the account's teams, the one that the connection works for first: a list of ``{"id", "name"}``.

    It has Pixop validate the token to find out.
    """

    def step(self, context: Context) -> list[dict[str, Any]]:
        """Ask whose the token is."""
        told = self.service.answer(accounts.validate_token())
        teams = [told.get("team"), *(told.get("otherTeams") or [])]
        return [{"id": team.get("id"), "name": team.get("name")} for team in teams if team]


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


class PixopUpdatePasswordOperator(PixopStepOperator):
    """Sets the account's password to the password of the connection ``new_password_conn_id``.

    Of that connection only the password is used. Afterwards the new password is tried, and the connection ``conn_id``
    has to be given it by you: a task can write no connection. A retry sees by a sign-in what an earlier try has done.
    """

    template_fields = ("new_password_conn_id", "conn_id")

    def __init__(self, *, new_password_conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.new_password_conn_id = new_password_conn_id

    def step(self, context: Context) -> None:
        """Set it once, and try it."""
        password = self._new_password()
        store = context["task_state_store"]
        if not (store.get(UPDATED) and self._works(password)):
            store.set(UPDATED, True)
            self._update(password)
        self.log.warning("the password is changed: put it into the connection %s now", self.conn_id)

    def _new_password(self) -> str:
        try:
            password = BaseHook.get_connection(self.new_password_conn_id).password
        except AirflowNotFoundException as error:
            raise BadInputError(f"there is no connection {self.new_password_conn_id!r}: create it") from error
        if not password:
            raise BadInputError(f"the connection {self.new_password_conn_id!r} has no password to set")
        return password

    def _update(self, password: str) -> None:
        try:
            self.service.answer(accounts.update_password(password))
        except (UnreachableError, BusyError):
            if not self._works(password):
                raise
        else:
            if not self._works(password):
                raise SignInRefusedError("Pixop answered that the password is changed, and does not accept it")

    def _works(self, password: str) -> bool:
        email = BaseHook.get_connection(self.conn_id).login or ""
        try:
            # Not by a hook of its own: a refusal there is remembered for a while.
            self.service.answer(sign_in(email, password))
        except SignInRefusedError:
            return False
        return True


def _digest(secret: Mapping[str, Any]) -> str:
    """Tell two secrets apart without keeping either."""
    return hashlib.sha256(json.dumps(dict(secret), sort_keys=True).encode()).hexdigest()[:16]
