"""Endpoints: machines. Whatever the provider does not like is "machines not configured"."""

from fastapi import Response

from sandbox.openencoder.answers import AnswerError, answer
from sandbox.openencoder.binding import Count, Field, Struct
from sandbox.openencoder.calls import BEARER, OPERATORS, Call, Endpoint
from sandbox.openencoder.machines import PROVIDER, VPCS, regions, sizes

CREATE = Struct("machineRequest", (Field("Provider", "provider"), Field("Size", "size"), Count("Count", "count")))


def _refused() -> AnswerError:
    return AnswerError(answer({"message": "machines not configured", "status": 401}, 401))


def _check(call: Call) -> None:
    if not call.context.configuration.machines_work:
        raise _refused()


async def list_machines(call: Call) -> Response:
    """Return the machines tagged openencoder-worker."""
    _check(call)
    return answer({"machines": [machine.shown(call.context.switches) for machine in call.context.machines.alive()]})


async def create_machines(call: Call) -> Response:
    """Rent machines; the region is the setting's, whatever is sent."""
    sent = call.bind(CREATE)
    _check(call)
    made = call.context.machines.create(sent["size"], call.context.configuration["DIGITAL_OCEAN_REGION"], sent["count"])
    if made is None:
        raise _refused()
    return answer({"machine": [{"id": machine.id, "provider": PROVIDER} for machine in made]})


async def delete_machine(call: Call) -> Response:
    """Give one machine back."""
    _check(call)
    machine = call.context.machines.table.get(call.number)
    if machine is None or machine.deleted is not None:
        raise _refused()
    call.context.machines.delete(machine)
    return answer({"machine": {"id": machine.id, "provider": PROVIDER}})


async def delete_machines(call: Call) -> Response:
    """Give all machines tagged openencoder-worker back."""
    _check(call)
    for machine in call.context.machines.alive():
        call.context.machines.delete(machine)
    return answer({"deleted": True})


async def list_regions(call: Call) -> Response:
    """Return the configured region."""
    _check(call)
    return answer({"regions": regions(call.context.configuration["DIGITAL_OCEAN_REGION"])})


async def list_sizes(call: Call) -> Response:
    """Return what can be rented, at which price."""
    _check(call)
    return answer({"sizes": sizes()})


async def get_pricing(call: Call) -> Response:
    """Return what the machines cost that are rented now."""
    _check(call)
    price = {size["slug"]: size for size in sizes()}
    rented = [price[machine.size] for machine in call.context.machines.alive()]
    hourly = round(sum(size["price_hourly"] for size in rented), 5)
    monthly = sum(size["price_monthly"] for size in rented)
    return answer({"pricing": {"count": len(rented), "price_hourly": hourly or 0, "price_monthly": monthly}})


async def list_vpcs(call: Call) -> Response:
    """Return the account's private networks."""
    _check(call)
    return answer({"vpcs": VPCS})


ENDPOINTS = (
    Endpoint("GET", "/api/machines", OPERATORS, list_machines),
    Endpoint("POST", "/api/machines", OPERATORS, create_machines),
    Endpoint("DELETE", "/api/machines", OPERATORS, delete_machines),
    Endpoint("DELETE", "/api/machines/{id}", OPERATORS, delete_machine),
    Endpoint("GET", "/api/machines/regions", OPERATORS, list_regions),
    Endpoint("GET", "/api/machines/sizes", OPERATORS, list_sizes),
    Endpoint("GET", "/api/machines/pricing", BEARER, get_pricing),
    Endpoint("GET", "/api/machines/vpc", OPERATORS, list_vpcs),
)
