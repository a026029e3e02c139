"""What all of Pixop's endpoints have in common: their paths, how they are asked, what they say, how they list."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from reelworks.core import flow
from reelworks.core.errors import BadInputError, UnreachableError
from reelworks.core.flow import Call, Flow, Sleep
from reelworks.pixop.door import TurnedAwayError

Row: TypeAlias = dict[str, Any]

PAGE = 100
ROUNDS = 4
"""How often a call that was turned away at the door, so that nothing was done, is sent before its caller hears."""

ACCOUNTS, VIDEOS, MEDIA = "/accounts/v1", "/videos/v1", "/media/v1"
PATHS = {
    "token": f"{ACCOUNTS}/token",
    "account": f"{ACCOUNTS}/account",
    "generate auth secret": f"{ACCOUNTS}/generate-auth-secret",
    "generate signature secret": f"{ACCOUNTS}/generate-signature-secret",
    "update password": f"{ACCOUNTS}/update-password",
    "projects": f"{VIDEOS}/projects",
    "new project": f"{VIDEOS}/project",
    "project": f"{VIDEOS}/project/{{id}}",
    "videos": f"{VIDEOS}/videos",
    "new video": f"{VIDEOS}/video",
    "video": f"{VIDEOS}/video/{{id}}",
    "process": f"{VIDEOS}/process-video/{{id}}",
    "processing": f"{VIDEOS}/check-process-video-progress/{{id}}",
    "ingest": f"{VIDEOS}/check-ingest-video-progress/{{id}}",
    "upload": f"{MEDIA}/upload/{{id}}",
    "light upload": f"{MEDIA}/upload/light/{{id}}",
    "original": f"{MEDIA}/download/original/{{id}}",
    "processed": f"{MEDIA}/download/processed/{{id}}",
}
"""Every path there is, below the host. URLs that the service hands out are not followed: they may lead anywhere."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~=-]*")
_JSON = {"Accept": "application/json", "Content-Type": "application/json"}


def path_of(what: str, thing_id: str) -> str:
    """Return the path of one thing.

    :raises BadInputError: no id of the service: it would change the path.
    """
    if not _ID.fullmatch(str(thing_id)):
        raise BadInputError(f"{thing_id!r} is no id of a video or project of Pixop's")
    return PATHS[what].format(id=thing_id)


def ask(call: Call) -> Flow[Any]:
    """Send ``call`` and return the JSON of its answer; raises what core's ``ask`` does.

    One that was turned away at the door is sent again even if it creates something: nothing was done.
    """
    call = replace(call, headers={**_JSON, **call.headers})
    for _ in range(ROUNDS - 1):
        try:
            return (yield from flow.ask(call, said))
        except TurnedAwayError as error:
            yield Sleep(flow.pause(1, error))
    return (yield from flow.ask(call, said))


def said(body: Any) -> str | None:
    """Find the service's words in an error body: ``{"exception", "errorMessage"}``."""
    if not isinstance(body, dict):
        return None
    return ": ".join(str(body[key]) for key in ("exception", "errorMessage") if body.get(key)) or None


def part(call: Call, body: Any, *keys: str) -> Any:
    """Return what lies below ``keys``; an answer without it is no answer."""
    for key in keys:
        if not isinstance(body, dict) or body.get(key) is None:
            raise UnreachableError(f"{call} answered without {'.'.join(keys)}")
        body = body[key]
    return body


def all_rows(what: str, query: Mapping[str, str]) -> Flow[list[Row]]:
    """Return the rows of all pages of a list.

    Each is counted once, as rows slide from page to page. A page that brings nothing new is the last, whatever it
    says: a list has an end.
    """
    rows: dict[str, Row] = {}
    for page in itertools.count(1):
        call = Call("GET", PATHS[what], query={**query, "page": str(page), "page-size": str(PAGE)})
        body = yield from ask(call)
        new = {str(row["id"]): row for row in _rows(call, body, what)}
        fresh = new.keys() - rows.keys()
        rows.update(new)
        if not fresh or not (body.get("_links") or {}).get("next"):
            break
    return list(rows.values())


def _rows(call: Call, body: Any, what: str) -> list[Row]:
    """Return a page's rows. HAL may leave out what is empty; but an answer with none of its parts is no answer."""
    if not isinstance(body, dict) or not {"_embedded", "_links", "page"} & body.keys():
        raise UnreachableError(f"{call} answered without a list")
    embedded = body.get("_embedded")
    return list(embedded.get(what) or []) if isinstance(embedded, dict) else []
