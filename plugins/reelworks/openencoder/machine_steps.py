"""Operators for the machines that an Open Encoder server rents: created, listed, deleted, priced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reelworks.core.errors import BadInputError
from reelworks.openencoder import api
from reelworks.openencoder.fleet import Fleet, delete_machine, disband, raise_fleet, survey
from reelworks.openencoder.job_steps import OpenEncoderStepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

FLEET = "fleet"
"""The XCom by which a teardown learns of machines, also of a setup that died before it returned."""

STORED = "reelworks.openencoder.fleet"


class OpenEncoderCreateMachinesOperator(OpenEncoderStepOperator):
    """Rents ``count`` (1 to 10) machines of ``size``; returns their ids. A retry takes over what was made before.

    The server has no names for machines. So those that are there before are noted first, and should a try die before
    it hears the answer, all new ones of this size count as its own: let one run at a time rent machines of a size.
    For a setup task; ``OpenEncoderDeleteMachinesOperator`` is the teardown, which also copes with half a setup.
    """

    template_fields = ("size", "count", "provider", "conn_id")

    def __init__(self, *, size: str, count: int | str = 1, provider: str = "digitalocean", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size
        self.count = count
        self.provider = provider

    def step(self, context: Context) -> list[int]:
        """Note, create, and note again."""
        stored: Any = context["task_state_store"].get(STORED)
        if stored:
            # At once: Airflow has just cleared the XComs of the try before, and this one may die, too.
            context["ti"].xcom_push(key=FLEET, value=stored)
            fleet = Fleet.from_notes(stored)
        else:
            fleet = self.service.answer(survey(self.provider, self.size, _count(self.count)))
            self._keep(fleet, context)
        fleet = self.service.answer(raise_fleet(fleet, again=bool(stored)))
        self._keep(fleet, context)
        self.log.info("machines of %s: %s", fleet.size, ", ".join(map(str, fleet.machines)))
        return fleet.machines

    def _keep(self, fleet: Fleet, context: Context) -> None:
        context["task_state_store"].set(STORED, fleet.notes())
        context["ti"].xcom_push(key=FLEET, value=fleet.notes())


class OpenEncoderDeleteMachinesOperator(OpenEncoderStepOperator):
    """Deletes machines and sees that they are gone; returns the ids. Those that are gone already are no error.

    For a teardown ``created_by`` names the create task of the run: also what it asked for without hearing the answer
    is found. Otherwise ``machines`` is a list of ids.
    """

    template_fields = ("machines", "created_by", "conn_id")

    def __init__(self, *, machines: Any = None, created_by: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.machines = machines
        self.created_by = created_by

    def step(self, context: Context) -> list[int]:
        """Delete them."""
        fleet = self._fleet(context)
        if fleet is None:
            self.log.info("%s has asked for no machines", self.created_by)
            return []
        deleted = self.service.answer(disband(fleet))
        self.log.info("deleted: %s", ", ".join(map(str, deleted)) or "none, they were gone")
        return deleted

    def _fleet(self, context: Context) -> Fleet | None:
        if (self.created_by is None) == (self.machines is None):
            raise BadInputError("give either machines, a list of ids, or created_by, a create task's id")
        if self.created_by is not None:
            notes = context["ti"].xcom_pull(task_ids=self.created_by, key=FLEET)
            return Fleet.from_notes(notes) if notes else None
        if not isinstance(self.machines, list | tuple):
            raise BadInputError(f"machines is a list of ids, not {self.machines!r}")
        return Fleet("", "", 0, [], [api.number(machine) for machine in self.machines], sure=True)


class OpenEncoderDeleteMachineOperator(OpenEncoderStepOperator):
    """Deletes one machine; one that is gone is no error."""

    template_fields = ("machine_id", "conn_id")

    def __init__(self, *, machine_id: int | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.machine_id = machine_id

    def step(self, context: Context) -> None:
        """Delete it."""
        self.service.answer(delete_machine(api.number(self.machine_id)))


class OpenEncoderDeleteAllMachinesOperator(OpenEncoderStepOperator):
    """Deletes all machines tagged ``openencoder-worker``, whoever rented them; returns the ids there were."""

    def step(self, context: Context) -> list[int]:
        """List, for the record, and delete."""
        there = [int(row["id"]) for row in self.service.answer(api.list_machines())]
        self.service.answer(api.delete_machines())
        return there


class OpenEncoderListMachinesOperator(OpenEncoderStepOperator):
    """Returns the machines: ``{"id", "name", "status", "size_slug", "created_at", "region", "tags", "provider"}``."""

    def step(self, context: Context) -> list[dict[str, Any]]:
        """List them."""
        return self.service.answer(api.list_machines())


class OpenEncoderMachineRegionsOperator(OpenEncoderStepOperator):
    """Returns the region that the server is set to, in a list."""

    def step(self, context: Context) -> list[dict[str, Any]]:
        """Ask."""
        return self.service.answer(api.machine_regions())


class OpenEncoderMachineSizesOperator(OpenEncoderStepOperator):
    """Returns the sizes there are: ``{"slug", "available", "price_monthly", "price_hourly"}`` in dollars."""

    def step(self, context: Context) -> list[dict[str, Any]]:
        """Ask."""
        return self.service.answer(api.machine_sizes())


class OpenEncoderMachinePricingOperator(OpenEncoderStepOperator):
    """Returns what all machines together cost: ``{"count", "price_hourly", "price_monthly"}`` in dollars."""

    def step(self, context: Context) -> dict[str, Any]:
        """Ask."""
        return self.service.answer(api.machine_pricing())


def _count(value: int | str) -> int:
    text = str(value)
    if not text.isdigit():
        raise BadInputError(f"count is a whole number from 1 to 10, not {text!r}")
    return int(text)
