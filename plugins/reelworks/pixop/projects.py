"""Find a project by what a person calls it."""

from __future__ import annotations

import difflib

from reelworks.core.errors import BadInputError
from reelworks.core.flow import Flow
from reelworks.pixop import api


def find_project(wanted: str) -> Flow[str]:
    """Return the id of the project with that id or name.

    :raises BadInputError: there is none, or several bear the name.
    """
    projects = yield from api.list_projects()
    if any(str(project["id"]) == wanted for project in projects):
        return wanted
    named = [str(project["id"]) for project in projects if project.get("name") == wanted]
    if len(named) > 1:
        raise BadInputError(
            f"{len(named)} projects at Pixop are called {wanted!r}: give the id, one of {_listed(named)}"
        )
    if not named:
        names = [str(project.get("name")) for project in projects]
        near = difflib.get_close_matches(wanted, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {_listed(names) if names else 'none yet'}"
        raise BadInputError(f"there is no project {wanted!r} at Pixop: {hint}")
    return named[0]


def _listed(words: list[str]) -> str:
    return ", ".join(words[:10]) + (" …" if len(words) > 10 else "")
