"""Machines: what a cloud provider would rent out, with a meter."""

import time
from typing import Any

from sandbox.openencoder.golang import whole_seconds
from sandbox.openencoder.records import Row, Table
from sandbox.openencoder.switches import Switches
from sandbox.store import Store

FIRST_ID = 154372951
PROVIDER = "digitalocean"
TAGS = ["openencoder", "openencoder-worker"]
SIZES = {
    "s-1vcpu-1gb": (5, 0.00744),
    "s-1vcpu-2gb": (10, 0.01488),
    "s-2vcpu-2gb": (15, 0.02232),
    "s-2vcpu-4gb": (20, 0.02976),
    "s-4vcpu-8gb": (40, 0.05952),
    "c-2": (40, 0.06),
    "c-4": (80, 0.119),
}
REGIONS = {
    "nyc1": "New York 1",
    "nyc3": "New York 3",
    "sfo2": "San Francisco 2",
    "sfo3": "San Francisco 3",
    "ams3": "Amsterdam 3",
    "fra1": "Frankfurt 1",
    "lon1": "London 1",
    "sgp1": "Singapore 1",
}
VPCS = [{"id": "v-1", "name": "default-sfo2"}]


class Machine(Row):
    """A rented machine. It is paid for from its creation to its deletion, booting or not."""

    size: str
    region: str
    created: float
    deleted: float | None = None

    @property
    def price_hourly(self) -> float:
        """What an hour costs, in dollars."""
        return SIZES[self.size][1]

    @property
    def seconds(self) -> float:
        """How long it has been paid for."""
        return max(0.0, (self.deleted or time.time()) - self.created)

    @property
    def cost(self) -> float:
        """What that costs, in dollars."""
        return self.seconds * self.price_hourly / 3600

    def booted_at(self, switches: Switches) -> float:
        """Return when it works, or did."""
        return self.created + switches.machine_boot_seconds

    def shown(self, switches: Switches) -> dict[str, Any]:
        """Return the machine as the API shows it."""
        return {
            "id": self.id,
            "name": TAGS[1],
            "status": "active" if time.time() >= self.booted_at(switches) else "new",
            "size_slug": self.size,
            "created_at": whole_seconds(self.created),
            "region": REGIONS[self.region],
            "tags": TAGS,
            "provider": PROVIDER,
        }


class Machines:
    """The table of machines, deleted ones too: the meter needs them."""

    def __init__(self, store: Store) -> None:
        self.table = Table(store, "openencoder.machines", Machine, first=FIRST_ID)

    def alive(self) -> list[Machine]:
        """Return the machines that are paid for now."""
        return [machine for machine in self.table if machine.deleted is None]

    def create(self, size: str, region: str, count: int) -> list[Machine] | None:
        """Rent machines; None where the provider refuses."""
        if size not in SIZES or region not in REGIONS:
            return None
        made = [Machine(id=self.table.next_id(), size=size, region=region, created=time.time()) for _ in range(count)]
        return [self.table.save(machine) for machine in made]

    def delete(self, machine: Machine) -> None:
        """Give a machine back."""
        machine.deleted = time.time()
        self.table.save(machine)


def sizes() -> list[dict[str, Any]]:
    """Return what can be rented."""
    return [
        {"slug": slug, "available": True, "price_monthly": monthly, "price_hourly": hourly}
        for slug, (monthly, hourly) in SIZES.items()
    ]


def regions(configured: str) -> list[dict[str, Any]] | None:
    """Return the configured region alone; null where it is none of the provider's."""
    found = [
        {"name": name, "slug": slug, "sizes": list(SIZES), "available": True}
        for slug, name in REGIONS.items()
        if slug == configured
    ]
    return found or None
