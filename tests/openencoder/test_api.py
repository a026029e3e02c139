"""Each endpoint, fed with what a real server answered."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from reelworks.core.errors import BadInputError, BusyError, LostError, RefusedError, UnreachableError
from reelworks.core.flow import Flow, Reply
from reelworks.core.jobs import Phase
from reelworks.openencoder import api
from tests.conversation import Talk, reply
from tests.openencoder.recorded import recorded

PRESET = {"name": "tiny", "description": "tiny preset", "output": "tiny.mp4", "data": "{}", "active": True}


def test_a_created_job_is_known_by_its_id() -> None:
    talk = Talk([recorded("job on an unconfigured store: create")])

    assert talk.hear(api.create_job("p", "s3:///a.mp4", "s3:///out/")) == "2"
    [call] = talk.calls
    assert (call.method, call.path) == ("POST", "/api/jobs")
    assert call.json == {"preset": "p", "source": "s3:///a.mp4", "dest": "s3:///out/"}
    assert not call.repeatable


def test_id_0_is_a_failure() -> None:
    with pytest.raises(BadInputError, match="id 0"):
        Talk([recorded("jobs: create, source over 128 characters")]).hear(api.create_job("p", "s", "d"))


@pytest.mark.parametrize("field", [0, 1, 2])
def test_what_does_not_fit_the_servers_columns_is_not_sent(field: int) -> None:
    given = ["p", "s", "d"]
    given[field] = "x" * 129

    with pytest.raises(BadInputError, match="1 to 128"):
        Talk().hear(api.create_job(*given))


def test_a_job_is_found_inside_its_wrapping() -> None:
    job = Talk([recorded("jobs: get, completed")]).hear(api.get_job("3"))

    assert (job.id, job.phase, job.state, job.name) == ("3", Phase.SUCCEEDED, "completed", "s3:///dst/a/")


def test_progress_is_told_only_while_encoding() -> None:
    encoding = Talk([recorded("the encoding job after 7 s (progress moves every 5 s)")]).hear(api.get_job("6"))
    completed = Talk([recorded("jobs: get, completed")]).hear(api.get_job("3"))

    assert encoding.percent == 3.89
    assert encoding.motion
    assert "0.342x" in encoding.motion
    assert completed.percent is None


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        ("queued", Phase.WAITING),
        ("restarting", Phase.WAITING),
        ("downloading", Phase.RUNNING),
        ("probing", Phase.RUNNING),
        ("encoding", Phase.RUNNING),
        ("uploading", Phase.RUNNING),
        ("completed", Phase.SUCCEEDED),
        ("error", Phase.FAILED),
        ("cancelled", Phase.CANCELLED),
        ("something new", Phase.RUNNING),
        ("", Phase.RUNNING),
    ],
)
def test_only_completed_is_success(state: str, phase: Phase) -> None:
    assert api.as_job({"id": 1, "status": state, "destination": "d"}).phase is phase


def test_an_empty_state_is_a_job_that_is_not_there() -> None:
    with pytest.raises(LostError, match="no such job"):
        Talk([recorded("jobs: status of an unknown id")]).hear(api.job_state("99999"))


def test_the_server_says_that_it_does_not_know_a_job() -> None:
    with pytest.raises(LostError, match="Job does not exist"):
        Talk([recorded("jobs: get non-numeric id")]).hear(api.get_job("17"))


LISTS: list[tuple[str, Callable[..., Flow[Any]], int]] = [
    ("jobs: list page=0", api.list_jobs, 1),
    ("presets: list", api.list_presets, 5),
    ("presets: count=2", api.list_presets, 2),
]


@pytest.mark.parametrize(("label", "flow", "rows"), LISTS)
def test_lists_give_rows_and_their_total(label: str, flow: Callable[..., Flow[Any]], rows: int) -> None:
    some, total = Talk([recorded(label)]).hear(flow())

    assert len(some) == rows
    assert total >= rows


@pytest.mark.parametrize("flow", [api.list_jobs, api.list_presets, api.list_users])
@pytest.mark.parametrize(("page", "count"), [(0, 10), (-1, 10), (1, 0), (1, -1), (2**63 - 1, 10)])
def test_a_page_that_ends_the_server_is_not_asked_for(flow: Callable[..., Flow[Any]], page: int, count: int) -> None:
    with pytest.raises(BadInputError):
        Talk().hear(flow(page, count))


@pytest.mark.parametrize("name", ["abc", "", "0", "-1", "1/../../presets/9", "1?x", "٣", " 1"])
@pytest.mark.parametrize(
    "flow", [api.get_job, api.job_state, api.cancel_job, api.restart_job, api.get_preset, api.delete_machine]
)
def test_an_id_that_is_no_number_is_not_sent(flow: Callable[..., Flow[Any]], name: str) -> None:
    with pytest.raises(BadInputError, match="no id"):
        Talk().hear(flow(name))


def test_all_rows_turns_pages_until_the_total_and_counts_a_sliding_row_once() -> None:
    def page(*ids: int) -> Reply:
        return reply({"count": 5, "items": [{"id": number} for number in ids]})

    rows = Talk([page(5, 4), page(4, 3), page(2)]).hear(api.all_rows(api.list_jobs, 2))

    assert [row["id"] for row in rows] == [5, 4, 3, 2]


def test_a_presets_reply_comes_wrapped_after_a_create_and_bare_after_an_update() -> None:
    assert Talk([recorded("presets: create ok")]).hear(api.create_preset(PRESET))["id"] == 6
    assert Talk([recorded("presets: update ok (PUT)")]).hear(api.update_preset(6, PRESET))["id"] == 6


@pytest.mark.parametrize("field", ["name", "description", "output"])
def test_a_preset_that_does_not_fit_ends_the_server_and_is_not_sent(field: str) -> None:
    for flow in (api.create_preset(PRESET | {field: "x" * 129}), api.update_preset(6, PRESET | {field: ""})):
        with pytest.raises(BadInputError, match=field):
            Talk().hear(flow)


def test_machines_come_in_lists() -> None:
    made = Talk([recorded("machines: create two")]).hear(api.create_machines("digitalocean", "s-1vcpu-1gb", 2))
    there = Talk([recorded("machines: list")]).hear(api.list_machines())

    assert [row["id"] for row in made] == [154372952, 154372953]
    assert {row["size_slug"] for row in there} == {"s-1vcpu-1gb"}
    assert Talk([recorded("machines: sizes")]).hear(api.machine_sizes())[0]["price_hourly"] == 0.00744
    assert Talk([recorded("machines: pricing")]).hear(api.machine_pricing())["count"] == 3
    assert Talk([recorded("machines: vpc")]).hear(api.machine_networks())[0]["id"] == "v-1"


@pytest.mark.parametrize("flow", [api.machine_regions, api.list_machines, api.machine_sizes, api.machine_networks])
def test_null_is_an_empty_list(flow: Callable[[], Flow[Any]]) -> None:
    assert Talk([reply({"regions": None, "machines": None, "sizes": None, "vpcs": None})]).hear(flow()) == []


@pytest.mark.parametrize(
    "label", ["machines, nothing configured: GET /api/machines", "machines: list, guest", "settings: guest"]
)
def test_a_401_without_the_challenge_is_a_refusal_in_the_servers_words(label: str) -> None:
    answer = recorded(label)
    assert isinstance(answer, Reply)
    with pytest.raises(RefusedError, match=json.loads(answer.body)["message"]):
        Talk([answer]).hear(api.list_machines())


def test_the_servers_words_are_found_under_either_key() -> None:
    with pytest.raises(RefusedError, match="failed on the 'max' tag"):
        Talk([recorded("machines: create, count 11")]).hear(api.create_machines("digitalocean", "s", 11))


def test_workers_and_stats_are_read() -> None:
    assert Talk([recorded("stats")]).hear(api.get_stats())[0] == {"status": "queued", "count": 0}
    assert Talk([recorded("worker pools")]).hear(api.worker_pools())[0]["job_names"] == ["encode"]
    assert Talk([recorded("worker busy")]).hear(api.busy_workers()) == []
    assert Talk([recorded("storage list")]).hear(api.list_storage("src/"))["files"][0]["size"] == 31463
    assert Talk([recorded("health")]).hear(api.get_health())["workers"] == 1


def test_settings_are_read_by_name() -> None:
    assert Talk([recorded("settings as shipped")]).hear(api.get_settings())["S3_INBOUND_BUCKET"] == "inbound"


def test_a_web_page_is_no_answer() -> None:
    page = Reply(200, {"content-type": "text/html; charset=utf-8"}, b"<!doctype html>")
    with pytest.raises(UnreachableError, match="text/html instead of JSON"):
        Talk([page]).hear(api.create_job("p", "s", "d"))


def test_an_empty_500_is_a_request_for_patience() -> None:
    with pytest.raises(BusyError):
        Talk([recorded("postgres down: status")] * 4).hear(api.job_state("43"))


@pytest.mark.parametrize("label", ["jobs: list with a trailing slash", "jobs: POST with a trailing slash"])
def test_a_redirect_is_a_refusal(label: str) -> None:
    with pytest.raises(RefusedError):
        Talk([recorded(label)]).hear(api.create_job("p", "s", "d"))
