"""Pages of jobs: ordering, filters, and the paging fields that only this service has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.bytenite.jobs import Job
from sandbox.bytenite.replies import RefusedError

DEFAULT_LIMIT, MAX_LIMIT = 10, 100
ORDERS = {
    "createdat": lambda job: job.created_at,
    "startedat": lambda job: job.started_at or 0.0,
    "completedat": lambda job: job.completed_at or 0.0,
    "name": lambda job: job.name,
    "state": lambda job: job.state,
}
FILTERS = frozenset({"name", "state", "states", "ids", "templateId"})


@dataclass(frozen=True)
class Page:
    """Which part of a list is wanted, in what order."""

    limit: int = DEFAULT_LIMIT
    offset: int = 0
    order: str = "createdAt desc"


def page_of_query(query: Mapping[str, str]) -> Page:
    """Read `pagination.limit`, `pagination.offset`, `orderBy`; bare `limit` and `offset` mean nothing here."""
    return Page(
        limit=_number(query.get("pagination.limit"), "pagination.limit") or DEFAULT_LIMIT,
        offset=_number(query.get("pagination.offset"), "pagination.offset"),
        order=query.get("orderBy") or "createdAt desc",
    )


def page_of_body(body: dict[str, Any]) -> Page:
    """Read the same from a filter's body."""
    pagination = body.get("pagination") or {}
    order = body.get("orderBy") or "createdAt desc"
    if not isinstance(pagination, dict) or not isinstance(order, str):
        raise RefusedError(400, "pagination must be an object and orderBy a text")
    return Page(
        limit=_number(pagination.get("limit"), "pagination.limit") or DEFAULT_LIMIT,
        offset=_number(pagination.get("offset"), "pagination.offset"),
        order=order,
    )


def _number(value: object, label: str) -> int:
    # 64-bit integers are strings in proto-JSON, but numbers are taken too.
    if value in (None, ""):
        return 0
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,15}", str(value)):
        raise RefusedError(400, f"{label} must be a whole number, not negative")
    return int(str(value))


def page(jobs: list[Job], wanted: Page) -> dict[str, Any]:
    """Return one page in the list's shape."""
    field, _, direction = wanted.order.strip().partition(" ")
    key = ORDERS.get(field.replace("_", "").lower())
    if key is None or direction.strip().lower() not in ("", "asc", "desc"):
        raise RefusedError(400, f"orderBy {wanted.order[:40]!r} is not known")
    ordered = sorted(jobs, key=key, reverse=direction.strip().lower() == "desc")
    end = wanted.offset + min(wanted.limit, MAX_LIMIT)
    return {
        "pagination": {
            "total": str(len(ordered)),
            "offset": str(wanted.offset),
            "hasPrevious": wanted.offset > 0,
            "hasNext": end < len(ordered),
        },
        "data": [job.as_reply() for job in ordered[wanted.offset : end]],
    }


def filtered(jobs: list[Job], body: dict[str, Any]) -> list[Job]:
    """Return the jobs that pass; the names of the filters are ours, the service's were never published."""
    given = body.get("filters") or body.get("filter") or {}
    if not isinstance(given, dict) or not given.keys() <= FILTERS:
        raise RefusedError(400, f"filters must be an object with some of {', '.join(sorted(FILTERS))}")
    states = _texts(given.get("states") or given.get("state") or [])
    ids = _texts(given.get("ids") or [])
    name, template = _texts(given.get("name") or []), _texts(given.get("templateId") or [])
    return [
        job
        for job in jobs
        if (not states or job.state in states)
        and (not ids or job.id in ids)
        and (not name or job.name in name)
        and (not template or job.template_id in template)
    ]


def _texts(value: object) -> list[str]:
    texts = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]
    if len(texts) != (len(value) if isinstance(value, list) else 1):
        raise RefusedError(400, "filters must be texts or lists of texts")
    return texts
