"""Endpoints: projects. PUT creates, POST updates."""

from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse

from sandbox.pixop.accounts import moment
from sandbox.pixop.calls import Call, Endpoint
from sandbox.pixop.errors import bad_request
from sandbox.pixop.pages import Page, read_page, show_page
from sandbox.pixop.records import Project

ROOT = "/videos/v1"


async def get_project(call: Call) -> Response:
    """Return a project."""
    return _answer(call.project())


async def list_projects(call: Call) -> Response:
    """Return a page of the team's projects, oldest first."""
    settings = call.context.settings
    rows = [project for project in call.context.projects.alive() if project.team_id == call.identity.team_id]
    number, size = read_page(call.request.query_params, largest=settings.largest_page)
    page = Page(rows, number, size, call.url(f"{ROOT}/projects"), {})

    def show(project: Project) -> dict[str, Any]:
        link = {"self": {"href": call.url(f"{ROOT}/project/{project.id}")}}
        return {"_links": link} | {name: value for name, value in shown(project).items() if name != "teamId"}

    return JSONResponse(show_page(page, "projects", show, string_pages=settings.string_pages))


async def create_project(call: Call) -> Response:
    """Make a project; names need not differ."""
    project = Project(name=await call.name(), team_id=call.identity.team_id)
    return _answer(call.context.projects.save(project))


async def update_project(call: Call) -> Response:
    """Give a project another name."""
    project = call.project()
    project.name = await call.name()
    return _answer(call.context.projects.touch(project))


async def delete_project(call: Call) -> Response:
    """Delete a project without videos; the answer is empty."""
    project = call.project()
    if any(video.project_id == project.id for video in call.context.videos.alive()):
        raise bad_request("the project has videos, which must be deleted first")
    project.deleted = True
    call.context.projects.touch(project)
    return Response(status_code=200)


def shown(project: Project) -> dict[str, Any]:
    """Return a project as the API shows it."""
    return {
        "id": project.id,
        "name": project.name,
        "teamId": project.team_id,
        "dateCreated": moment(project.created),
        "timeLastUpdated": moment(project.updated),
    }


def _answer(project: Project) -> Response:
    return JSONResponse({"project": shown(project)})


ENDPOINTS = (
    Endpoint("GET", f"{ROOT}/project/{{id}}", get_project),
    Endpoint("GET", f"{ROOT}/projects", list_projects),
    Endpoint("PUT", f"{ROOT}/project", create_project),
    Endpoint("POST", f"{ROOT}/project/{{id}}", update_project),
    Endpoint("DELETE", f"{ROOT}/project/{{id}}", delete_project),
)
