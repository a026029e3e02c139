"""Operators for the account at Pixop: whose it is, its teams, its password. None of them shows a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reelworks.core.errors import BadInputError, BusyError, SignInRefusedError, UnreachableError
from reelworks.core.lookups import find_connection
from reelworks.pixop import accounts
from reelworks.pixop.account import sign_in
from reelworks.pixop.steps import PixopStepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

UPDATED = "reelworks.pixop.updated"


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
        connection = find_connection(self.new_password_conn_id)
        if connection is None:
            raise BadInputError(f"there is no connection {self.new_password_conn_id!r}: create it")
        if not connection.password:
            raise BadInputError(f"the connection {self.new_password_conn_id!r} has no password to set")
        return connection.password

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
        email = self.service.connection().login or ""
        try:
            # Not by a hook of its own: a refusal there is remembered for a while.
            self.service.answer(sign_in(email, password))
        except SignInRefusedError:
            return False
        return True
