"""One operator for each call about Pixop's projects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reelworks.core.errors import BadInputError, LostError
from reelworks.core.flow import Flow
from reelworks.core.jobs import sure_look
from reelworks.pixop import api
from reelworks.pixop.steps import PixopStepOperator, compact

if TYPE_CHECKING:
    from airflow.sdk import Context


class PixopProjectStepOperator(PixopStepOperator):
    """A step on a project that is there."""

    template_fields: Sequence[str] = ("project_id", "conn_id")

    def __init__(self, *, project_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.project_id = project_id


class PixopCreateProjectOperator(PixopStepOperator):
    """Creates a project and returns its id. A retry finds the one it made; another of that name is no hindrance."""

    template_fields = ("name", "conn_id")

    def __init__(self, *, name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name

    def step(self, context: Context) -> str:
        """Create it, or find the one an earlier try created."""
        if not self.name.strip():
            raise BadInputError("a project needs a name")
        return self.created_once(context, self.name, api.list_projects, lambda: _created(self.name))


class PixopGetProjectOperator(PixopProjectStepOperator):
    """Returns a project: ``{"id", "name", "team_id", "created", "updated"}``; an unknown one fails."""

    def step(self, context: Context) -> dict[str, Any]:
        """Ask for it."""
        row = self.service.answer(sure_look(lambda: api.get_project(self.project_id)))
        return compact(row, id="id", name="name", team_id="teamId", created="dateCreated", updated="timeLastUpdated")


class PixopListProjectsOperator(PixopStepOperator):
    """Returns all projects, of all pages: a list of ``{"id", "name", "created", "updated"}``."""

    def step(self, context: Context) -> list[dict[str, Any]]:
        """Turn the pages."""
        rows = self.service.answer(api.list_projects())
        return [compact(row, id="id", name="name", created="dateCreated", updated="timeLastUpdated") for row in rows]


class PixopUpdateProjectOperator(PixopProjectStepOperator):
    """Gives a project another name; returns its id."""

    template_fields = ("project_id", "name", "conn_id")

    def __init__(self, *, name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name

    def step(self, context: Context) -> str:
        """Rename it; doing so twice does no harm."""
        if not self.name.strip():
            raise BadInputError("a project needs a name")
        return str(self.service.answer(api.update_project(self.project_id, self.name))["id"])


class PixopDeleteProjectOperator(PixopProjectStepOperator):
    """Deletes a project that has no videos; one that has fails, and is left as it is. One that is gone is no error."""

    def step(self, context: Context) -> None:
        """Delete it."""
        try:
            self.service.answer(api.delete_project(self.project_id))
        except LostError as error:
            self.log.info("%s: there is nothing to delete", error)


def _created(name: str) -> Flow[str]:
    return str((yield from api.create_project(name))["id"])
