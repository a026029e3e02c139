"""Operators for the machines that an Open Encoder server rents: created, listed, deleted, priced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from reelworks.core.errors import BadInputError, SignInRefusedError
from reelworks.core.owners import forget_owner, note_owner
from reelworks.core.task_states import GIVEN_UP, state_of
from reelworks.openencoder import api
from reelworks.openencoder.fleet import Fleet, delete_machine, disband, machine_key, raise_fleet, renter_key, survey
from reelworks.openencoder.job_steps import OpenEncoderStepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

FLEET = "fleet"
"""The XCom by which a teardown learns of machines, also of a setup that died before it returned."""

STORED = "reelworks.openencoder.fleet"


class OpenEncoderNoteMachinesOperator(OpenEncoderStepOperator):
    """Checks the size and returns what a teardown needs to tell a run's machines from those that are there now.

    To run before ``created_by``, the create task: what that one leaves for the teardown is lost while a retry of it
    starts, because Airflow deletes the XComs of the try before. What this one has returned stays.
    """

    template_fields = ("size", "created_by", "conn_id")

    def __init__(self, *, size: str, created_by: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size
        self.created_by = created_by

    def step(self, context: Context) -> dict[str, Any]:
        """Look; in a run that was cleared, what was created before the clear is the run's own."""
        left = context["ti"].xcom_pull(task_ids=self.created_by, key=FLEET)
        earlier = Fleet.from_notes(left) if left else None
        return self.service.answer(survey("", self.size, 1, earlier)).notes()


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
        fleet = Fleet.from_notes(stored) if stored else None
        again = fleet is not None and not fleet.sure
        if fleet is None or fleet.sure:
            # No answer is open. What a cleared run asks for now is new, though its first machines may still be there.
            fleet = self.service.answer(survey(self.provider, self.size, _count(self.count), fleet))
        self._keep(fleet, context)
        self._still_wanted(context)
        if self.is_setup:
            note_owner(renter_key(self.conn_id), context["ti"])
        fleet = self.service.answer(raise_fleet(fleet, again))
        self._keep(fleet, context)
        if self.is_setup and fleet.sure:
            # Machines of a task that is no setup are to outlive their run; of an unsure fleet some may be another's.
            for key in (renter_key(self.conn_id), *(machine_key(self.conn_id, machine) for machine in fleet.machines)):
                note_owner(key, context["ti"])
        self.log.info("machines of %s: %s", fleet.size, ", ".join(map(str, fleet.machines)))
        return fleet.machines

    def _keep(self, fleet: Fleet, context: Context) -> None:
        context["task_state_store"].set(STORED, fleet.notes())
        context["ti"].xcom_push(key=FLEET, value=fleet.notes())

    def _still_wanted(self, context: Context) -> None:
        """See that nobody has given the task up: it lives on for seconds then, in which its teardown runs.

        Asked after the notes are kept: a teardown that was too early to read them makes this one see its state.
        """
        state = state_of(context["ti"])
        if state in GIVEN_UP:
            raise AirflowFailException(f"the task is {state} by now: no machines were asked for")


class OpenEncoderDeleteMachinesOperator(OpenEncoderStepOperator):
    """Deletes machines and sees that they are gone; returns the ids. Those that are gone already are no error.

    For a teardown ``created_by`` names the create task of the run: also what it asked for without hearing the answer
    is found. ``noted_by`` names the task that noted what was there before, for when the other one has left no notes.
    Otherwise ``machines`` is a list of ids. A refusal is worth a retry here, and its retries should be many: the
    server says the same whatever troubles its cloud, and every machine that stays costs money.
    """

    template_fields = ("machines", "created_by", "noted_by", "conn_id")

    def __init__(
        self, *, machines: Any = None, created_by: str | None = None, noted_by: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.machines = machines
        self.created_by = created_by
        self.noted_by = noted_by

    def execute(self, context: Context) -> Any:
        """Do the step; only what no retry can mend fails at once."""
        try:
            return self.step(context)
        except (BadInputError, SignInRefusedError) as error:
            raise AirflowFailException(str(error)) from error

    def step(self, context: Context) -> list[int]:
        """Delete them."""
        fleet = self._fleet(context)
        if fleet is None:
            self.log.info("%s has asked for no machines", self.created_by)
            return []
        deleted = self.service.answer(disband(fleet))
        for machine in {*fleet.machines, *deleted}:
            forget_owner(machine_key(self.conn_id, machine))
        # While any is there, it may be another run's, or one that was asked for without an answer.
        if not self.service.answer(api.list_machines()):
            forget_owner(renter_key(self.conn_id))
        self.log.info("deleted: %s", ", ".join(map(str, deleted)) or "none, they were gone")
        return deleted

    def _fleet(self, context: Context) -> Fleet | None:
        if (self.created_by is None) == (self.machines is None):
            raise BadInputError("give either machines, a list of ids, or created_by, a create task's id")
        if self.created_by is not None:
            pull = context["ti"].xcom_pull
            notes = pull(task_ids=self.created_by, key=FLEET)
            if not notes and self.noted_by is not None:
                notes = pull(task_ids=self.noted_by)
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
