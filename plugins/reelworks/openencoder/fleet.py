"""Machines that outlive nothing: created once however often a task dies, deleted until they are gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from reelworks.core.errors import BadInputError, BusyError, RefusedError, UnreachableError, VideoServiceError
from reelworks.core.flow import Flow, Sleep
from reelworks.openencoder import api

MOST = 10
LOOKS, TICK = 5, 2.0
"""How often the machines are listed until what was deleted is gone, and the seconds between."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """What a run knows of its machines; stored before they are asked for, since the server has no idempotency key.

    ``before`` are the ids there were then. While ``sure`` is False an answer is open, and every machine of the size
    that was not there before may be ours.
    """

    provider: str
    size: str
    count: int
    before: list[int]
    machines: list[int] = field(default_factory=list)
    sure: bool = False

    def notes(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    @classmethod
    def from_notes(cls, notes: Mapping[str, Any]) -> Self:
        """Read what ``notes`` wrote."""
        return cls(**notes)

    def ours(self, rows: Collection[api.Row]) -> list[int]:
        """Return which of the listed machines belong to the run."""
        known, old = set(self.machines), set(self.before)
        return sorted(
            row["id"]
            for row in rows
            if row["id"] in known or (not self.sure and row["id"] not in old and row.get("size_slug") == self.size)
        )


def machine_key(conn_id: str, machine_id: int) -> str:
    """Return what a machine's owner is noted under; its id is a number, of one server's cloud."""
    return f"machine {conn_id} {machine_id}"


def renter_key(conn_id: str) -> str:
    """Return what the task is noted under that was the last to rent machines of a server, until it has none."""
    return f"machines {conn_id}"


def survey(provider: str, size: str, count: int, earlier: Fleet | None = None) -> Flow[Fleet]:
    """See which machines there are before ours, and that the size is one; those of ``earlier`` stay ours.

    :raises BadInputError: no such size, or a count outside 1 to 10.
    :raises RefusedError: machines are not set up on the server, or the account may not use them.
    """
    if not 1 <= count <= MOST:
        raise BadInputError(f"{count} machines: the server creates 1 to {MOST} at once")
    sizes = {row["slug"]: row for row in (yield from api.machine_sizes())}
    if size not in sizes or not sizes[size].get("available", True):
        raise BadInputError(f"there is no machine size {size!r} now; there are: {', '.join(sorted(sizes))}")
    rows = yield from api.list_machines()
    ours = earlier.ours(rows) if earlier else []
    return Fleet(provider, size, count, sorted({row["id"] for row in rows} - {*ours}), ours)


def raise_fleet(fleet: Fleet, again: bool) -> Flow[Fleet]:
    """Create the machines of a fleet that are not there yet; ``again`` says that an earlier try may have begun.

    :raises UnreachableError, BusyError: the answer is lost; a retry with the same fleet finds what was made.
    """
    there = fleet.ours((yield from api.list_machines()))
    missing = fleet.count - len(there)
    if missing > 0:
        made = yield from api.create_machines(fleet.provider, fleet.size, missing)
        there = sorted({*there, *(row["id"] for row in made)})
    # What an earlier try asked for without hearing the answer may yet turn up: that stays open.
    return replace(fleet, machines=there, sure=fleet.sure or not again)


def disband(fleet: Fleet) -> Flow[list[int]]:
    """Delete the machines of a fleet and see that they are gone; return the ids that were deleted.

    :raises RefusedError: some are still there.
    :raises UnreachableError, BusyError: whether any are there is not known.
    """
    deleted: set[int] = set()
    trouble: VideoServiceError | None = None
    quiet = 0
    for _ in range(2 * LOOKS):
        there = fleet.ours((yield from api.list_machines()))
        if not there:
            quiet += 1
            # A create that is still under way when its task dies shows its machines late.
            if fleet.sure or quiet >= LOOKS:
                return sorted(deleted)
        for machine in there:
            # One that cannot be deleted keeps none of the others; whether it is gone the next list shows.
            trouble = (yield from _deleted(machine)) or trouble
            deleted.add(machine)
        yield Sleep(TICK)
    said = trouble or "their deletion was accepted"
    raise RefusedError(f"the machines {there} are still there ({said}): if that stays so, delete them by hand")


def _deleted(machine_id: int) -> Flow[VideoServiceError | None]:
    try:
        yield from api.delete_machine(machine_id)
    except (RefusedError, UnreachableError, BusyError) as error:
        return error
    return None


def delete_machine(machine_id: int) -> Flow[None]:
    """Delete a machine; one that is gone is no error, though the server refuses it like any other failure."""
    try:
        yield from api.delete_machine(machine_id)
    except (RefusedError, UnreachableError, BusyError) as error:
        if machine_id in {row["id"] for row in (yield from api.list_machines())}:
            raise error


def price_of(machine_seconds: float) -> Flow[str | None]:
    """Return what a machine costs in that time (numeric string, dollars); None where there are no priced machines."""
    try:
        pricing = yield from api.machine_pricing()
    except VideoServiceError:
        return None  # the price is a courtesy: no encode fails for it
    count, hourly = pricing.get("count"), pricing.get("price_hourly")
    if not count or not hourly:
        return None
    return f"{hourly / count * machine_seconds / 3600:.6f}"
