"""Operators for the presets on an Open Encoder server and for its users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reelworks.core.errors import BadInputError
from reelworks.core.lookups import find_connection
from reelworks.core.presets import load, preset_names
from reelworks.openencoder.account import register
from reelworks.openencoder.job_steps import OpenEncoderStepOperator
from reelworks.openencoder.library import all_presets, find_preset, put_preset, sync_presets
from reelworks.openencoder.presets import OpenEncoderPreset

if TYPE_CHECKING:
    from airflow.sdk import Context

FOLDER = "openencoder"
REGISTERED = "reelworks.openencoder.registered"


class OpenEncoderPresetStepOperator(OpenEncoderStepOperator):
    """A step with one preset file of ``include/presets/openencoder``."""

    template_fields = ("preset", "conn_id")

    def __init__(self, *, preset: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.preset = preset


class OpenEncoderCreatePresetOperator(OpenEncoderPresetStepOperator):
    """Brings a preset file to the server; returns "created", or "unchanged" if it is there as it should be.

    One of that name with other content fails: the server would keep both, and its workers take either.
    """

    def step(self, context: Context) -> str:
        """List, then create."""
        return self.service.answer(put_preset(load(FOLDER, self.preset, OpenEncoderPreset), may_update=False))


class OpenEncoderUpdatePresetOperator(OpenEncoderPresetStepOperator):
    """Makes the server's preset what the file says; returns "updated" or "unchanged".

    The server does not save a change of ``output``: where that differs the task fails and nothing is changed.
    """

    def step(self, context: Context) -> str:
        """List, then update by the id that was listed."""
        preset = load(FOLDER, self.preset, OpenEncoderPreset)
        if self.preset not in {row["name"] for row in self.service.answer(all_presets())}:
            raise BadInputError(f"the server has no preset {self.preset!r} to update: create it first")
        return self.service.answer(put_preset(preset))


class OpenEncoderListPresetsOperator(OpenEncoderStepOperator):
    """Returns the server's presets: a list of ``{"id", "name", "description", "data", "output", "active"}``."""

    def step(self, context: Context) -> list[dict[str, Any]]:
        """List them, all pages."""
        return self.service.answer(all_presets())


class OpenEncoderCheckPresetOperator(OpenEncoderPresetStepOperator):
    """Fails unless the server has the preset, once and active; returns its digest."""

    def step(self, context: Context) -> str:
        """Look it up in the list."""
        return self.service.answer(find_preset(self.preset)).digest


class OpenEncoderSyncPresetsOperator(OpenEncoderStepOperator):
    """Brings all files of ``include/presets/openencoder`` to the server.

    Creates what is missing, updates what differs, and returns names: ``{"created", "updated", "unchanged",
    "only_on_server"}``; what only the server has is left there. Fails, before it changes anything, where an
    ``output`` differs: the server does not save a change of it. Needs an operator's or admin's account.
    """

    def step(self, context: Context) -> dict[str, list[str]]:
        """Load and check all files, then bring them."""
        presets = [load(FOLDER, name, OpenEncoderPreset) for name in preset_names(FOLDER)]
        report = self.service.answer(sync_presets(presets))
        for done, names in report.items():
            self.log.info("%s: %s", done.replace("_", " "), ", ".join(names) or "none")
        return report


class OpenEncoderRegisterUserOperator(OpenEncoderStepOperator):
    """Makes a guest account from the login and password of the connection ``user_conn_id``; returns its name.

    The server ends its process when a name registers that exists. So the users are listed first, which needs an
    admin's connection: without one the task fails, and nothing is sent. No argument says otherwise on purpose.
    """

    template_fields = ("user_conn_id", "conn_id")

    def __init__(self, *, user_conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.user_conn_id = user_conn_id

    def step(self, context: Context) -> str:
        """Register, unless an earlier try has."""
        user = find_connection(self.user_conn_id)
        if user is None:
            raise BadInputError(f"there is no connection {self.user_conn_id!r}: create it")
        name = user.login or ""
        store = context["task_state_store"]
        try:
            self.service.answer(register(name, user.password or "", lambda: store.set(REGISTERED, name)))
        except BadInputError:
            if store.get(REGISTERED) != name:
                raise
            self.log.info("an earlier try has registered %s", name)
        return name
