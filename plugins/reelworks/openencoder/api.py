"""Open Encoder's endpoints: one function each, in the service's language.

Contract: the server of 2021-08-02 as it was observed; its own document is an early draft. Every function is a flow
and raises what ``ask`` raises. The server ends its own process on a login with an unknown user name, a repeated
registration, a preset id that is not there and a preset page below 1: what could lead there is refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from reelworks.core.errors import BadInputError, LostError, UnreachableError
from reelworks.core.flow import Call, Flow, ask
from reelworks.core.jobs import Job, Phase

JOBS, PRESETS, MACHINES = "/api/jobs", "/api/presets", "/api/machines"
PAGE = 100
LONGEST = 128
"""Characters that fit into a column of the server's database. A job with more is queued, but never written down; a
preset or a user with more ends the server's process."""

PHASES = {
    "queued": Phase.WAITING,
    "restarting": Phase.WAITING,
    "downloading": Phase.RUNNING,
    "probing": Phase.RUNNING,
    "encoding": Phase.RUNNING,
    "uploading": Phase.RUNNING,
    "completed": Phase.SUCCEEDED,
    "error": Phase.FAILED,
    "cancelled": Phase.CANCELLED,
}

Row: TypeAlias = dict[str, Any]
Page: TypeAlias = tuple[list[Row], int]
"""Some rows, newest first, and how many there are in all."""


# Jobs -------------------------------------------------------------------------------------------------------


def create_job(preset: str, source: str, dest: str) -> Flow[str]:
    """Create a job, which is queued at once, and return its id. The preset must exist: its worker dies of it.

    :raises BadInputError: the server answered with id 0, so it could not write the job down.
    """
    _fits(preset=preset, source=source, dest=dest)
    call = Call("POST", JOBS, json={"preset": preset, "source": source, "dest": dest})
    job = _part(call, (yield from _ask(call)), "job")
    if not job.get("id"):
        raise BadInputError(
            f"{call} answered with id 0: the server did not write the job down; are preset, source and dest at most "
            f"{LONGEST} characters long? ({len(preset)}, {len(source)}, {len(dest)})"
        )
    return str(job["id"])


def list_jobs(page: int = 1, count: int = PAGE) -> Flow[Page]:
    """Return one page of jobs, newest first."""
    return _list(JOBS, "items", page, count)


def read_job(job_id: str) -> Flow[Row]:
    """Return the job; ``probe`` and ``options`` are JSON in text."""
    call = Call("GET", f"{JOBS}/{number(job_id)}")
    return dict(_part(call, (yield from _ask(call)), "job"))


def get_job(job_id: str) -> Flow[Job]:
    """Return what one look at the job shows."""
    return as_job((yield from read_job(job_id)))


def job_state(job_id: str) -> Flow[str]:
    """Return the job's state in the server's word.

    :raises LostError: no such job: the server answers 200 with an empty state.
    """
    call = Call("GET", f"{JOBS}/{number(job_id)}/status")
    state = (yield from _ask(call)).get("job_status")
    if not state:
        raise LostError(f"{call} answered with an empty state: there is no such job")
    return str(state)


def cancel_job(job_id: str) -> Flow[None]:
    """Write "cancelled" as the job's state, whatever it was; a worker may write over it. See jobs.cancel_job."""
    yield from _ask(Call("POST", f"{JOBS}/{number(job_id)}/cancel"))


def restart_job(job_id: str) -> Flow[None]:
    """Queue the job again, whether or not it still runs. See jobs.restart_job."""
    yield from _ask(Call("POST", f"{JOBS}/{number(job_id)}/restart"))


def set_job_state(job_id: str, state: str) -> Flow[Row]:
    """Write any text as the job's state; return the job."""
    return (yield from _ask(Call("PUT", f"{JOBS}/{number(job_id)}", json={"status": state})))


def as_job(row: Mapping[str, Any]) -> Job:
    """Read a job. Its name is its destination: that is what it can be found by."""
    state = str(row.get("status") or "")
    progress = row.get("progress")
    phase = PHASES.get(state, Phase.RUNNING)  # an unknown word is not success: keep looking until the deadline
    return Job(
        id=str(row["id"]),
        phase=phase,
        state=state,
        name=str(row.get("destination") or ""),
        # It starts anew in each state; only while encoding does it tell anything.
        percent=float(progress) if state == "encoding" and progress is not None else None,
        error="Open Encoder tells no reason" if phase is Phase.FAILED else "",
        motion=signs_of_life(row) if phase is Phase.RUNNING else None,
    )


def signs_of_life(row: Mapping[str, Any]) -> str:
    """Return what changes while a worker works; progress alone stands still where the container tells no length."""
    return f"{row.get('status')} {row.get('progress')} {row.get('fps')} {row.get('speed')}"


# Presets ----------------------------------------------------------------------------------------------------


def list_presets(page: int = 1, count: int = PAGE) -> Flow[Page]:
    """Return one page of presets: id, name, description, data (JSON in text), output and active."""
    return _list(PRESETS, "presets", page, count)


def get_preset(preset_id: int) -> Flow[Row]:
    """Return a preset. Only for an id that was just listed: of any other the server dies."""
    call = Call("GET", f"{PRESETS}/{number(preset_id)}")
    return dict(_part(call, (yield from _ask(call)), "preset"))


def create_preset(preset: Mapping[str, Any]) -> Flow[Row]:
    """Create a preset; all of name, description, output, data and active are required. Names need not be unique."""
    _fits(name=preset["name"], description=preset["description"], output=preset["output"])
    call = Call("POST", PRESETS, json=dict(preset))
    return dict(_part(call, (yield from _ask(call)), "preset"))


def update_preset(preset_id: int, preset: Mapping[str, Any]) -> Flow[Row]:
    """Change a preset whose id was just listed. ``output`` is required, answered as if it changed, and not saved."""
    _fits(name=preset["name"], description=preset["description"], output=preset["output"])
    return (yield from _ask(Call("PUT", f"{PRESETS}/{number(preset_id)}", json=dict(preset), repeatable=True)))


# Machines ---------------------------------------------------------------------------------------------------


def create_machines(provider: str, size: str, count: int) -> Flow[list[Row]]:
    """Create ``count`` (1 to 10) machines in the configured region; return their ids and provider. Costs money.

    :raises RefusedError: also for an unknown size: every failure of the cloud is "machines not configured".
    """
    call = Call("POST", MACHINES, json={"provider": provider, "size": size, "count": count}, timeout=90.0)
    return list(_part(call, (yield from _ask(call)), "machine"))


def list_machines() -> Flow[list[Row]]:
    """Return the machines tagged ``openencoder-worker``: id, name, status, size_slug, created_at, region, tags."""
    return list((yield from _ask(Call("GET", MACHINES))).get("machines") or [])


def delete_machine(machine_id: int) -> Flow[None]:
    """Delete a machine; one that is not there is refused with "machines not configured"."""
    yield from _ask(Call("DELETE", f"{MACHINES}/{number(machine_id)}"))


def delete_machines() -> Flow[None]:
    """Delete all machines tagged ``openencoder-worker``, whoever made them."""
    yield from _ask(Call("DELETE", MACHINES, repeatable=True))


def machine_regions() -> Flow[list[Row]]:
    """Return the configured region, as a list."""
    return list((yield from _ask(Call("GET", f"{MACHINES}/regions"))).get("regions") or [])


def machine_sizes() -> Flow[list[Row]]:
    """Return the sizes: slug, available, price_monthly and price_hourly (dollars)."""
    return list((yield from _ask(Call("GET", f"{MACHINES}/sizes"))).get("sizes") or [])


def machine_pricing() -> Flow[Row]:
    """Return count, price_hourly and price_monthly (dollars) of all machines there are."""
    call = Call("GET", f"{MACHINES}/pricing")
    return dict(_part(call, (yield from _ask(call)), "pricing"))


def machine_networks() -> Flow[list[Row]]:
    """Return the cloud's private networks: id and name."""
    return list((yield from _ask(Call("GET", f"{MACHINES}/vpc"))).get("vpcs") or [])


# The server and its accounts --------------------------------------------------------------------------------


def get_index() -> Flow[Row]:
    """Return the server's name and version; needs no token."""
    return (yield from _ask(Call("GET", "/api/", signed=False)))


def get_health() -> Flow[Row]:
    """Return ``{api, db, redis, workers}``; needs no token. 500 while its database or queue is away."""
    return (yield from _ask(Call("GET", "/api/health", signed=False)))


def get_stats() -> Flow[list[Row]]:
    """Return how many jobs there are in each state."""
    call = Call("GET", "/api/stats")
    return list(_part(call, (yield from _ask(call)), "stats").get("jobs") or [])


def worker_queue() -> Flow[list[Row]]:
    """Return the length and latency of the queue."""
    return list((yield from ask(Call("GET", "/api/worker/queue"), _reason)) or [])


def worker_pools() -> Flow[list[Row]]:
    """Return the worker processes that there are."""
    return list((yield from ask(Call("GET", "/api/worker/pools"), _reason)) or [])


def busy_workers() -> Flow[list[Row]]:
    """Return what the workers are doing."""
    return list((yield from ask(Call("GET", "/api/worker/busy"), _reason)) or [])


def list_storage(prefix: str = "") -> Flow[Row]:
    """Return folders and files (name, size in bytes) of the inbound bucket."""
    data = (yield from _ask(Call("GET", "/api/storage/list", query={"prefix": prefix}))).get("data") or {}
    return {"folders": data.get("folders") or [], "files": data.get("files") or []}


def get_settings() -> Flow[dict[str, str]]:
    """Return the settings by name; for an admin only. They hold secrets in clear: never log or pass them on."""
    rows = (yield from _ask(Call("GET", "/api/settings"))).get("settings") or []
    return {str(row["name"]): str(row.get("value") or "") for row in rows}


def update_settings(settings: Mapping[str, str]) -> Flow[None]:
    """Replace all settings: what is left out becomes empty, so give what ``get_settings`` gave, changed."""
    yield from _ask(Call("PUT", "/api/settings", json=dict(settings), repeatable=True))


def get_me() -> Flow[Row]:
    """Return the account in use: username and role."""
    return (yield from _ask(Call("GET", "/api/me")))


def update_me(changes: Mapping[str, Any]) -> Flow[Row]:
    """Change the account in use; the fields are not documented and passed on as they are."""
    return (yield from _ask(Call("PUT", "/api/me", json=dict(changes))))


def list_users(page: int = 1, count: int = PAGE) -> Flow[Page]:
    """Return one page of the accounts; for an admin only."""
    return _list("/api/users", "users", page, count)


def update_user(user_id: int, changes: Mapping[str, Any]) -> Flow[Row]:
    """Change an account, such as its role; for an admin only."""
    return (yield from _ask(Call("PUT", f"/api/users/{number(user_id)}", json=dict(changes))))


def register_user(username: str, password: str) -> Flow[Row]:
    """Make a guest. Only for a name that is known to be free: of one that exists the server dies."""
    _fits(username=username)
    call = Call("POST", "/api/register", json={"username": username, "password": password}, signed=False)
    return (yield from _ask(call))


# ------------------------------------------------------------------------------------------------------------


def all_rows(pages: Any, count: int = PAGE) -> Flow[list[Row]]:
    """Return all rows of a list; a row that slid to the next page meanwhile counts once."""
    rows: dict[Any, Row] = {}
    page = 1
    while True:
        some, total = yield from pages(page, count)
        rows.update((row.get("id") or str(row), row) for row in some)
        if page * count >= total or not some:
            return list(rows.values())
        page += 1


def number(value: object) -> int:
    """Return an id as the server counts them, from 1.

    :raises BadInputError: it is no such number: some of the server's endpoints end its process at one.
    """
    text = str(value)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise BadInputError(f"{text[:40]!r} is no id of Open Encoder's: give a whole number from 1 on")
    return int(text)


def _fits(**values: str) -> None:
    for name, value in values.items():
        if not value or len(value) > LONGEST or not value.isprintable():
            raise BadInputError(f"{name} is 1 to {LONGEST} printable characters, not {len(value)}: {value[:60]!r}")


def _list(path: str, key: str, page: int, count: int) -> Flow[Page]:
    if not (1 <= page <= 1_000_000 and 1 <= count <= 1_000_000):
        raise BadInputError(f"page {page} with {count} rows: the server's process ends at numbers that are no page")
    call = Call("GET", path, query={"page": str(page), "count": str(count)})
    body = yield from _ask(call)
    return list(body.get(key) or []), int(_part(call, body, "count"))


def _ask(call: Call) -> Flow[Row]:
    body = yield from ask(call, _reason)
    if not isinstance(body, dict):
        raise UnreachableError(f"{call} answered with a JSON {type(body).__name__} instead of an object")
    return body


def _reason(body: Any) -> str | None:
    """Find the server's own words: handlers say ``message``, the validation of requests says ``error``."""
    said = (body.get("message") or body.get("error")) if isinstance(body, dict) else None
    return str(said) if said else None


def _part(call: Call, body: Row, key: str) -> Any:
    """Return what lies below ``key``; an answer without it is no answer."""
    if body.get(key) is None:
        raise UnreachableError(f"{call} answered without {key}")
    return body[key]
