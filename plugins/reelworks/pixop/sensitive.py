"""Where a new secret is kept: in an Airflow Variable, encrypted at rest and hidden by its name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow.sdk import Variable
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.log import mask_secret

from reelworks.core.errors import BadInputError, UnreachableError


class SecretVariable:
    """A Variable that holds a secret as JSON.

    Airflow encrypts it where a Fernet key is set. The Task SDK can write no connection, so it is a Variable. The value
    goes to Airflow's API by way of the task's supervisor, and to no log: it is masked before.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def check_name(self) -> None:
        """See that Airflow hides the value in its pages.

        :raises BadInputError: it would show it.
        """
        from airflow.sdk._shared.secrets_masker import should_hide_value_for_key

        if not self.name.strip() or not should_hide_value_for_key(self.name):
            raise BadInputError(
                f"Airflow would show the Variable {self.name!r} to everybody: have the word 'secret' in its name"
            )

    def keep(self, secret: Mapping[str, Any]) -> None:
        """Write the secret and see that it is what is read.

        :raises UnreachableError: Airflow did not take it.
        :raises BadInputError: another value hides it.
        """
        for name, value in secret.items():
            if name.endswith(("Secret", "Key")):
                mask_secret(value)
        text = json.dumps(dict(secret), indent=2)
        mask_secret(text)
        self._write(text)
        if self.read() != text:
            raise BadInputError(
                f"the Variable {self.name!r} was written, but another value is read: a secrets backend or the "
                "environment has one of that name; take another name"
            )

    def check_writable(self) -> None:
        """See that it can be written, by writing what it holds."""
        held = self.read()
        mask_secret(held)
        self._write(held or "")

    def read(self) -> str | None:
        """Return what it holds, None if there is none."""
        try:
            return str(Variable.get(self.name))
        except AirflowRuntimeError as error:
            if error.error.error == ErrorType.VARIABLE_NOT_FOUND:
                return None
            raise self._untouched("read", error) from None

    def _write(self, text: str) -> None:
        try:
            Variable.set(self.name, text, description="kept by Reelworks")
        except AirflowRuntimeError as error:
            raise self._untouched("written", error) from None

    def _untouched(self, done: str, error: AirflowRuntimeError) -> UnreachableError:
        # Airflow's own text may quote what was sent.
        return UnreachableError(f"the Variable {self.name!r} could not be {done} ({error.error.error})")
