"""Pixop's endpoints: what is sent, and what is made of the answers."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from reelworks.core.errors import BadInputError, BusyError, LostError, RefusedError, UnreachableError
from reelworks.core.flow import Call, Flow, Reply
from reelworks.core.jobs import Phase
from reelworks.pixop import accounts, api
from reelworks.pixop.calls import PAGE
from tests.conversation import Talk, reply

PROJECT, VIDEO, USER = {"project": {"id": "p1"}}, {"video": {"id": "v1"}}, {"user": {"id": "u1"}}
ALL: list[tuple[Flow[Any], str, Any, Any]] = [
    (accounts.validate_token(), "POST /accounts/v1/token", None, USER),
    (accounts.get_account(), "GET /accounts/v1/account", None, USER),
    (accounts.generate_auth_secret(), "GET /accounts/v1/generate-auth-secret", None, USER),
    (accounts.generate_signature_secret(), "GET /accounts/v1/generate-signature-secret", None, USER),
    (accounts.update_password("new"), "POST /accounts/v1/update-password", {"newPassword": "new"}, USER),
    (api.get_project("p1"), "GET /videos/v1/project/p1", None, PROJECT),
    (api.create_project("n"), "PUT /videos/v1/project", {"name": "n"}, PROJECT),
    (api.update_project("p1", "n"), "POST /videos/v1/project/p1", {"name": "n"}, PROJECT),
    (api.get_video("v1"), "GET /videos/v1/video/v1", None, VIDEO),
    (api.create_video("n", "p1"), "PUT /videos/v1/video", {"name": "n", "projectId": "p1"}, {"videoId": "v1"}),
    (api.create_video(), "PUT /videos/v1/video", {}, {"videoId": "v1"}),
    (api.process_video("v1", {"a": 1}), "POST /videos/v1/process-video/v1", {"a": 1}, {"processedVideoId": "v2"}),
    (api.delete_video("v1"), "DELETE /videos/v1/video/v1", None, {"deletedVideos": []}),
    (api.check_ingest("v1"), "GET /videos/v1/check-ingest-video-progress/v1", None, {}),
    (api.check_processing("v1"), "GET /videos/v1/check-process-video-progress/v1", None, {}),
]


@pytest.mark.parametrize(("flow", "asked", "body", "answer"), ALL, ids=[row[1] for row in ALL])
def test_each_endpoint_is_asked_as_the_document_says(flow: Flow[Any], asked: str, body: Any, answer: Any) -> None:
    talk = Talk([reply(answer)])

    talk.hear(flow)

    assert talk.asked == [asked]
    assert talk.calls[0].json == body
    assert talk.calls[0].headers == {"Accept": "application/json", "Content-Type": "application/json"}


def test_a_deleted_project_answers_with_nothing() -> None:
    talk = Talk([Reply(200)])

    assert talk.hear(api.delete_project("p1")) is None
    assert talk.asked == ["DELETE /videos/v1/project/p1"]


def test_the_paths_of_the_media_service_are_those_of_the_document() -> None:
    assert [
        api.upload_path("v"),
        api.upload_path("v", light=True),
        api.download_path("v"),
        api.download_path("v", True),
    ] == [
        "/media/v1/upload/v",
        "/media/v1/upload/light/v",
        "/media/v1/download/processed/v",
        "/media/v1/download/original/v",
    ]


@pytest.mark.parametrize(
    "flow",
    [
        lambda: api.create_video("n"),
        lambda: api.create_project("n"),
        lambda: api.process_video("v1", {}),
        lambda: api.delete_video("v1"),
        accounts.generate_auth_secret,
        accounts.generate_signature_secret,
        lambda: accounts.update_password("new"),
    ],
)
@pytest.mark.parametrize("lost", [UnreachableError("lost"), reply({}, 503)])
def test_what_changes_something_is_sent_once(flow: Callable[[], Flow[Any]], lost: Reply | Exception) -> None:
    with pytest.raises((UnreachableError, BusyError)):
        Talk([lost]).hear(flow())


def test_a_look_is_repeated_while_it_goes_unanswered() -> None:
    assert Talk([UnreachableError("lost"), reply({}, 500), reply(VIDEO)]).hear(api.get_video("v1")) == {"id": "v1"}


@pytest.mark.parametrize("name", ["", "a/b", "..", "../x", "a?b", "a#b", "a b", "/p", "a%2fb", "é"])
@pytest.mark.parametrize("flow", [api.get_video, api.delete_video, api.check_ingest, api.get_project, api.upload_path])
def test_what_is_no_id_is_not_sent(flow: Callable[[str], Any], name: str) -> None:
    with pytest.raises(BadInputError, match="no id"):
        Talk().hear(flow(name))


def test_errors_are_told_in_the_services_words() -> None:
    answer = reply({"exception": "BadRequestException", "errorMessage": "no such codec"}, 400)
    with pytest.raises(RefusedError, match="answered 400: BadRequestException: no such codec"):
        Talk([answer]).hear(api.process_video("v1", {}))
    gone = reply({"exception": "NotFoundException", "errorMessage": "no such video"}, 404)
    with pytest.raises(LostError, match="NotFoundException: no such video"):
        Talk([gone]).hear(api.get_video("v1"))
    with pytest.raises(BusyError, match="no reason given"):
        Talk([Reply(503, {"content-type": "text/html"}, b"<html>")]).hear(api.create_video("v"))


def page(number: Any, *ids: str, more: bool = True) -> Reply:
    links: dict[str, Any] = {"self": {"href": "x"}, "prev": {"href": "x"}, **({"next": {"href": "y"}} if more else {})}
    rows = [{"id": each} for each in ids]
    return reply({"pageSize": str(PAGE), "page": number, "_links": links, "_embedded": {"videos": rows}})


def test_a_list_is_read_to_the_page_that_names_no_next_one() -> None:
    talk = Talk([page("1", "a", "b"), page(2, "b", "c"), page("3", "d", more=False)])

    rows = talk.hear(api.list_videos("p1", "v1"))

    assert [row["id"] for row in rows] == ["a", "b", "c", "d"]
    queries = [call.query or {} for call in talk.calls]
    assert [query["page"] for query in queries] == ["1", "2", "3"]
    assert {(query["project-id"], query["parent-id"]) for query in queries} == {("p1", "v1")}


def test_a_server_that_always_names_a_next_page_is_not_asked_for_ever() -> None:
    assert len(Talk(lambda call: page(1, "a", "b")).hear(api.list_videos())) == 2
    assert Talk([page(1)]).hear(api.list_videos()) == []


@pytest.mark.parametrize("body", [{}, {"videos": []}, []])
def test_a_list_without_its_rows_is_no_empty_list(body: Any) -> None:
    with pytest.raises(UnreachableError):
        Talk([reply(body)]).hear(api.list_videos())


@pytest.mark.parametrize("body", [{"_embedded": {}}, {"_embedded": {"videos": None}}, {"_links": {}}, {"page": "1"}])
def test_an_empty_list_may_leave_its_rows_out(body: Any) -> None:
    assert Talk([reply(body)]).hear(api.list_videos()) == []


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        ({"processingStatus": "DONE"}, Phase.SUCCEEDED),
        ({"processingStatus": "Done", "processingProgressPercent": None}, Phase.SUCCEEDED),
        ({"processingStatus": "ERROR"}, Phase.FAILED),
        ({"processingStatus": "failed"}, Phase.FAILED),
        ({"processingStatus": "IN_PROGRESS"}, Phase.RUNNING),
        ({"processingStatus": "DONE-ish"}, Phase.RUNNING),
        ({"processingStatus": None}, Phase.WAITING),
        ({}, Phase.WAITING),
        (None, Phase.WAITING),
        ("DONE", Phase.WAITING),
    ],
)
def test_only_a_known_success_succeeds(state: Any, phase: Phase) -> None:
    answer = reply({"videoId": "v1", "projectId": "p", "processingState": state})

    assert Talk([answer]).hear(api.check_processing("v1")).phase is phase


def test_an_ingest_is_read_under_its_own_key() -> None:
    answer = reply({"ingestionState": {"ingestionStatus": "DONE"}, "processingState": {"processingStatus": "ERROR"}})

    assert Talk([answer]).hear(api.check_ingest("v1")).phase is Phase.SUCCEEDED


@pytest.mark.parametrize(
    ("told", "percent"), [(12.5, 12.5), ("40", 40.0), (None, None), ("soon", None), (-1, 0.0), (101, 100.0)]
)
def test_the_progress_may_be_anything(told: Any, percent: float | None) -> None:
    state = {"processingStatus": "X", "processingProgressPercent": told}

    assert Talk([reply({"processingState": state})]).hear(api.check_processing("v1")).percent == percent


def test_what_is_shown_of_an_account_holds_no_secret() -> None:
    user = {
        "id": "u1",
        "name": "Anna",
        "email": "a@b.c",
        "apiRequestSignatureSecret": "5ec2e7",
        "authSignaturePublicKey": "5ec2e7",
        "banned": False,
    }
    shown = accounts.public_account({"user": user, "team": {"id": "t", "name": "Team"}})

    assert (shown["name"], shown["team"], shown["banned"]) == ("Anna", "Team", False)
    assert "5ec2e7" not in json.dumps(shown)


def test_a_call_shows_no_password() -> None:
    talk = Talk([reply(USER)])
    talk.hear(accounts.update_password("5ec2e7"))

    call: Call = talk.calls[0]
    assert "5ec2e7" not in f"{call} {call!r}"
