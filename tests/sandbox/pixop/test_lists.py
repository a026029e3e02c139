"""Projects, and the pages of projects and videos."""

from typing import Any

import pytest
import requests

from tests.sandbox.pixop.client import Client, refusal

PROJECT = ["id", "name", "teamId", "dateCreated", "timeLastUpdated"]


@pytest.fixture
def project(client: Client) -> str:
    return client.create_project("pages")


def videos(client: Client, **query: Any) -> dict[str, Any]:
    return dict(client.get("/videos/v1/videos", **query))


def ids(page: dict[str, Any]) -> list[str]:
    return [row["id"] for row in page["_embedded"]["videos"]]


def follow(client: Client, link: dict[str, str]) -> dict[str, Any]:
    return dict(requests.get(link["href"], headers={"Authorization": f"Bearer {client.token}"}, timeout=20).json())


def test_a_project_is_made_renamed_and_deleted(client: Client) -> None:
    made = client.call("PUT", "/videos/v1/project", {"name": "Ünïted \U0001f3ac"}).json()["project"]
    path = f"/videos/v1/project/{made['id']}"

    assert list(made) == PROJECT
    assert made["teamId"] == client.info["team_id"]
    assert client.get(path)["project"] == made
    assert client.call("POST", path, {"name": "new"}).json()["project"]["name"] == "new"
    assert client.get(path)["project"]["name"] == "new"
    deleted = client.call("DELETE", path)
    assert (deleted.status_code, deleted.content) == (200, b"")
    assert refusal(client.call("GET", path)) == (404, "NotFoundException")
    assert refusal(client.call("DELETE", path)) == (404, "NotFoundException")


def test_put_makes_another_project_of_the_same_name_each_time(client: Client) -> None:
    first, second = client.create_project("twice"), client.create_project("twice")

    assert first != second
    assert {first, second} <= {row["id"] for row in client.ledger()["projects"] if row["name"] == "twice"}


def test_a_project_with_videos_cannot_be_deleted(client: Client, project: str) -> None:
    video = client.create(projectId=project)

    answer = client.call("DELETE", f"/videos/v1/project/{project}")

    assert refusal(answer) == (400, "BadRequestException")
    assert client.delete(video) == [video]
    assert client.call("DELETE", f"/videos/v1/project/{project}").status_code == 200


@pytest.mark.parametrize("sent", [{}, {"name": ""}, {"name": "  "}, {"name": 7}, {"name": "x" * 1025}, {"name": None}])
def test_a_project_needs_a_name(client: Client, project: str, sent: dict[str, Any]) -> None:
    assert refusal(client.call("PUT", "/videos/v1/project", sent)) == (400, "BadRequestException")
    assert refusal(client.call("POST", f"/videos/v1/project/{project}", sent)) == (400, "BadRequestException")


def test_pages_are_linked_in_the_documents_words(client: Client, project: str) -> None:
    made = [client.create(f"page {number}", projectId=project) for number in range(5)]

    first = videos(client, project_id=project, page_size=2)
    second = follow(client, first["_links"]["next"])
    third = follow(client, second["_links"]["next"])

    assert ids(first) + ids(second) + ids(third) == made
    assert (first["pageSize"], first["page"], third["page"]) == ("2", "1", "3")
    assert set(first["_links"]) == {"self", "first", "last", "next"}
    assert set(second["_links"]) == {"self", "first", "last", "next", "previous"}
    assert set(third["_links"]) == {"self", "first", "last", "previous"}
    assert follow(client, third["_links"]["previous"]) == second == follow(client, second["_links"]["self"])
    assert follow(client, third["_links"]["first"]) == first
    assert follow(client, first["_links"]["last"]) == third
    row = first["_embedded"]["videos"][0]
    assert list(row) == [
        *("_links", "id", "parentId", "projectId", "name", "filename", "dateCreated", "timeLastUpdated"),
    ]
    assert follow(client, row["_links"]["self"])["video"]["name"] == "page 0"


def test_pages_can_have_the_sdks_form(client: Client, project: str) -> None:
    for number in range(3):
        client.create(f"sdk {number}", projectId=project)
    client.settings(string_pages=False)

    page = videos(client, project_id=project, page=2, page_size=1)

    assert (page["pageSize"], page["page"], page["_embedded"]["totalFound"]) == (1, 2, 3)
    assert set(page["_links"]) == {"self", "first", "last", "next", "prev"}


def test_projects_are_listed_with_a_page_that_is_a_number(client: Client, project: str) -> None:
    page = client.get("/videos/v1/projects", page_size=1)
    last = follow(client, page["_links"]["last"])

    assert (page["pageSize"], page["page"]) == ("1", 1)
    (row,) = last["_embedded"]["projects"]
    assert row["id"] == project
    assert list(row) == ["_links", "id", "name", "dateCreated", "timeLastUpdated"]
    assert follow(client, row["_links"]["self"])["project"]["id"] == project


def test_ten_are_on_a_page_unless_asked_and_never_more_than_the_largest(client: Client, project: str) -> None:
    for number in range(11):
        client.create(f"ten {number}", projectId=project)
    client.settings(largest_page=5)

    assert len(ids(videos(client, project_id=project))) == 5
    client.settings(largest_page=100)
    assert len(ids(videos(client, project_id=project))) == 10
    huge = videos(client, project_id=project, page_size=999999999)
    assert (len(ids(huge)), huge["pageSize"]) == (11, "100")


def test_a_page_far_beyond_the_last_is_empty(client: Client, project: str) -> None:
    client.create(projectId=project)

    page = videos(client, project_id=project, page=999999999)

    assert ids(page) == []
    assert "next" not in page["_links"]
    assert len(ids(follow(client, page["_links"]["previous"]))) == 1


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=x", "page-size=0", "page=1e3", "page=%C2%B2", "page=" + "9" * 30]
)
def test_a_page_that_is_no_number_is_refused(client: Client, query: str) -> None:
    for what in ("videos", "projects"):
        assert refusal(client.call("GET", f"/videos/v1/{what}?{query}")) == (400, "BadRequestException")


def test_an_unknown_filter_value_finds_nothing(client: Client) -> None:
    assert ids(videos(client, project_id="no-such")) == []
    assert ids(videos(client, parent_id="../..")) == []
