"""ByteNite's endpoints, generation 1 (2023): one function each, in the service's language.

Contract: ByteNite's API documentation of 2023 and its guide "Encode a Video From URL". Every function is a flow; it
raises what ``ask`` raises, and RefusedError where the service says ``ok: false``. Numbers come as strings and unset
fields as null; both are passed on as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, NamedTuple

from reelworks.core.errors import BadOutputError, RefusedError, SignInRefusedError, UnreachableError
from reelworks.core.flow import Call, Flow, ask, deliver
from reelworks.core.jobs import Job, Phase
from reelworks.core.redact import redact
from reelworks.core.session import Token

HOST = "https://api.bytenite.com"
TEMPLATE = "video-transcoding@v0.2"
JOBS = "/v1/customer/jobs"
PAGE = 100
SHORTEST_NAME = 4
NEW = "JOB_STATE_NEW"

PHASES = {
    NEW: Phase.WAITING,
    "JOB_STATE_PARTITIONING": Phase.RUNNING,
    "JOB_STATE_COMPLETE": Phase.SUCCEEDED,
    "JOB_STATE_FAILED": Phase.FAILED,
}
ENDINGS = {
    "FAIL": Phase.FAILED,
    "ERROR": Phase.FAILED,
    "ABORT": Phase.CANCELLED,
    "CANCEL": Phase.CANCELLED,
}
"""The full list of states is not public; a state with such a word in it is over, any other unknown one goes on."""


class Page(NamedTuple):
    """Some job objects, whether more follow, and how many there are in all, if that is told."""

    rows: list[dict[str, Any]]
    more: bool
    total: int | None


def sign_in(api_key: str) -> Flow[Token]:
    """Exchange the API key for an access token; there is no refresh.

    :raises SignInRefusedError: the key is unknown, revoked or expired.
    """
    call = Call(
        "POST", "/v1/auth/access_token", json={"apiKey": api_key}, signed=False, repeatable=True
    )  # a second token does no harm
    try:
        body = yield from _ask(call)
    except RefusedError as error:
        raise SignInRefusedError(f"{error}: check the API key in the connection's password") from None
    lifetime = str(body.get("expiresIn") or "")
    return Token(_part(call, body, "token"), float(lifetime) if lifetime.isdigit() else 3600.0)


def sign_out() -> Flow[None]:
    """Invalidate the token in use."""
    yield from _ask(Call("POST", "/v1/auth/signout", json={}))


def get_user() -> Flow[dict[str, Any]]:
    """Return the account: id, displayName, email and more."""
    call = Call("GET", "/v1/auth/user")
    return dict(_part(call, (yield from _ask(call)), "user"))


def get_balance() -> Flow[dict[str, Any]]:
    """Return accountId, totalBalance and availableBalance (numeric strings, ByteChips)."""
    call = Call("GET", "/v1/customer/wallet/balance")
    body = yield from _ask(call)
    _part(call, body, "availableBalance")
    return dict(body)


def create_job(name: str, template_id: str = TEMPLATE) -> Flow[str]:
    """Create a draft, which costs nothing, and return its id. ``name`` has at least 4 characters."""
    call = Call("POST", JOBS, json={"name": name, "templateId": template_id})
    body = yield from _ask(call)
    return str(_part(call, body, "job", "id"))


def set_data(
    job_id: str, *, source: Mapping[str, Any] | None = None, destination: Mapping[str, Any] | None = None
) -> Flow[dict[str, Any]]:
    """Set where the job reads and writes; return the job as the service has it then.

    For a ``file`` source the answer's ``dataSource.params.tempUrl`` is where the bytes go.
    """
    data = {"dataSource": source, "dataDestination": destination}
    body = {name: dict(value) for name, value in data.items() if value is not None}
    call = Call("POST", f"{JOBS}/datasource/{job_id}", json=body, repeatable=True)
    return dict(_part(call, (yield from _ask(call)), "job"))


def set_params(job_id: str, params: Mapping[str, Any]) -> Flow[dict[str, Any]]:
    """Set the encoding parameters: ``{"data": {...}, "preset": ...}``; the document's prose swaps this and run."""
    call = Call("POST", f"{JOBS}/params/{job_id}", json=dict(params), repeatable=True)
    return dict(_part(call, (yield from _ask(call)), "job"))


def run_job(job_id: str) -> Flow[None]:
    """Start the job. This is the call that costs money."""
    yield from _ask(Call("POST", f"{JOBS}/run/{job_id}", json={}))


def upload(temp_url: str, body: IO[bytes], file_name: str) -> Flow[None]:
    """Put a file's raw bytes to the temporary link of a ``file`` source; the link is its own permission."""
    plain = file_name.encode("ascii", "replace").decode()
    safe = "".join(sign if sign.isprintable() and sign not in '"\\' else "_" for sign in plain)
    headers = {"Content-Disposition": f'attachment; filename="{safe}"', "Content-Type": "application/octet-stream"}
    yield from deliver(Call("PUT", temp_url, body=body, headers=headers, signed=False, timeout=600.0))


def upload_link(job: dict[str, Any]) -> str:
    """Return where the bytes of a ``file`` source go, from what ``set_data`` returned."""
    params = (job.get("dataSource") or {}).get("params") or {}
    link = params.get("tempUrl") or params.get("temp_url")
    if not link:
        raise UnreachableError(f"ByteNite gave no upload link for job {job.get('id')}")
    return str(link)


def complete_upload(job_id: str) -> Flow[None]:
    """Tell that the upload is finished."""
    yield from _ask(Call("POST", f"{JOBS}/uploadcompleted/{job_id}", json={}, repeatable=True))


def read_job(job_id: str) -> Flow[dict[str, Any]]:
    """Return the job object, with every key the service gives it."""
    call = Call("GET", f"{JOBS}/{job_id}")
    body = yield from _ask(call)
    _part(call, body, "job", "id")
    return dict(body["job"])


def get_job(job_id: str) -> Flow[Job]:
    """Return what one look at the job shows."""
    return as_job((yield from read_job(job_id)))


def get_results(job_id: str) -> Flow[dict[str, str]]:
    """Return the outputs' links by name; empty before completion. The links die, the order means nothing.

    :raises BadOutputError: two outputs have the same name, so that one would be taken for the other.
    """
    call = Call("GET", f"{JOBS}/{job_id}/results")
    rows = (yield from _ask(call)).get("results") or []
    links = {str(row.get("name") or ""): str(row.get("link") or "") for row in rows}
    if len(links) != len(rows):
        raise BadOutputError(f"{call} names {len(rows)} results, but only {len(links)} of them differently")
    return links if all(name and link for name, link in links.items()) else {}  # a row without its link is not ready


def estimate_job(job_id: str) -> Flow[str]:
    """Return what the job would cost (numeric string, ByteChips)."""
    call = Call("GET", f"{JOBS}/estimation/{job_id}")
    return str(_part(call, (yield from _ask(call)), "estimation", "totalEstimation"))


def list_jobs(offset: int = 0, limit: int = PAGE, order_by: str | None = None) -> Flow[Page]:
    """Return one page of job objects."""
    query = {"pagination.limit": str(limit), "pagination.offset": str(offset)}
    call = Call("GET", JOBS, query={**query, **({"orderBy": order_by} if order_by else {})})
    return _page((yield from _ask(call)))


def filter_jobs(filters: Mapping[str, Any], offset: int = 0, limit: int = PAGE) -> Flow[Page]:
    """Return one page of the jobs that match; the filters' fields are not public and passed on as they are."""
    body = {**filters, "pagination": {"limit": limit, "offset": offset}}
    return _page((yield from _ask(Call("POST", f"{JOBS}/filter", json=body, repeatable=True))))


def all_jobs() -> Flow[list[dict[str, Any]]]:
    """Return every job object of the account, page by page."""
    page = yield from list_jobs()
    rows = page.rows
    while page.more and page.rows:
        page = yield from list_jobs(offset=len(rows))
        rows += page.rows
    return rows


def list_templates() -> Flow[list[dict[str, Any]]]:
    """Return the application templates: id, name and more."""
    body = yield from _ask(Call("GET", f"{JOBS}/templates"))
    return list(body.get("data") or [])


def rename_job(job_id: str, name: str) -> Flow[None]:
    """Give the job another name."""
    yield from _ask(Call("PATCH", f"{JOBS}/{job_id}/jobname", json={"name": name}, repeatable=True))


def abort_job(job_id: str) -> Flow[None]:
    """Stop a running job; one that was not started is deleted."""
    yield from _ask(Call("POST", f"{JOBS}/{job_id}/abort", json={}))


def delete_job(job_id: str) -> Flow[None]:
    """Delete the job."""
    yield from _ask(Call("DELETE", f"{JOBS}/{job_id}"))


def as_job(data: Mapping[str, Any]) -> Job:
    """Read a job object."""
    state = str(data.get("state") or "")
    # A state we have never heard of is not success: keep looking until the deadline.
    ending = next((phase for word, phase in ENDINGS.items() if word in state), Phase.RUNNING)
    amount = data.get("paymentAmount")
    return Job(
        id=str(data["id"]),
        phase=PHASES.get(state, ending),
        state=state,
        name=str(data.get("name") or ""),
        error=redact(str(data.get("errorMessage") or "")),
        amount=str(amount) if amount is not None else None,
    )


def _ask(call: Call) -> Flow[Any]:
    body = (yield from ask(call, _reason)) or {}
    if isinstance(body, dict) and body.get("ok") is False:
        raise RefusedError(f"{call} answered ok: false: {redact(_reason(body) or 'no reason given')}", 200)
    if not isinstance(body, dict):
        raise UnreachableError(f"{call} answered with a JSON {type(body).__name__} instead of an object")
    return body


def _reason(body: Any) -> str | None:
    """Find the service's own words in an error body; its gateway and its API shape them differently."""
    if not isinstance(body, dict):
        return None
    error = body.get("error")
    nested = error.get("message") or error.get("description") if isinstance(error, dict) else error
    said = body.get("message") or nested
    return str(said) if said else None


def _part(call: Call, body: Any, *keys: str) -> Any:
    """Return what lies below ``keys``; an answer without it is no answer."""
    for key in keys:
        if not isinstance(body, dict) or body.get(key) is None:
            raise UnreachableError(f"{call} answered without {'.'.join(keys)}")
        body = body[key]
    return body


def _page(body: dict[str, Any]) -> Page:
    told = body.get("pagination") or {}
    total = str(told.get("total") or "")
    return Page(list(body.get("data") or []), bool(told.get("hasNext")), int(total) if total.isdigit() else None)
