import re
from typing import Any

import pytest
import requests

from tests.sandbox.caller import BUCKET, DOCUMENT_PARAMS, Caller, small_output
from tests.sandbox.process import SandboxProcess

S3_PLACE = {
    "dataSourceDescriptor": "s3",
    "params": {
        "@type": "type.googleapis.com/bytenite.data_source.S3DataSource",
        "name": "some/folder",
        "bucket_name": "outbox",
        "cloud_region": "us-east-1",
        "access_key": "access-key-in-clear",
        "secretKey": "secret-key-in-clear",
    },
}


@pytest.fixture(autouse=True)
def instant(sandbox: SandboxProcess) -> None:
    sandbox.settings(instant=True)


def test_a_name_under_four_characters_is_refused(caller: Caller) -> None:
    refused = caller.post("", {"name": "abc", "templateId": "video-transcoding@v0.2"})

    assert refused.status_code == 400
    assert refused.json()["code"] == 3


def test_setting_one_place_leaves_the_other(caller: Caller) -> None:
    job_id = caller.create()
    source = {"dataSourceDescriptor": "url", "params": {"url": "http://127.0.0.1:1/a.mp4"}}

    caller.post(f"/datasource/{job_id}", {"dataSource": source})
    job = caller.post(f"/datasource/{job_id}", {"dataDestination": BUCKET}).json()["job"]

    assert job["dataSource"]["params"]["url"] == "http://127.0.0.1:1/a.mp4"
    assert job["dataDestination"] == BUCKET


def test_storage_credentials_never_come_back_and_are_not_logged(caller: Caller) -> None:
    job_id = caller.create()

    answer = caller.post(f"/datasource/{job_id}", {"dataSource": S3_PLACE, "dataDestination": S3_PLACE})

    assert answer.json()["job"]["dataDestination"]["params"]["bucketName"] == "outbox"
    seen = answer.text + caller.get(f"/{job_id}").text + caller.get("").text
    log = (caller.sandbox.state_dir / "sandbox.log").read_text()
    assert "in-clear" not in seen + log


def test_a_job_runs_once_and_is_paid_once(caller: Caller) -> None:
    before = int(caller.call("GET", "/v1/customer/wallet/balance").json()["totalBalance"])
    job_id = caller.draft("http://127.0.0.1:1/a.mp4")
    estimate = caller.get(f"/estimation/{job_id}").json()["estimation"]["totalEstimation"]

    assert caller.run(job_id).json()["ok"] is True
    again = caller.run(job_id)

    assert again.status_code == 400
    assert again.json()["ok"] is False
    assert again.json()["error"]["code"] == "3"
    job = caller.wait(job_id)
    assert job["state"] == "JOB_STATE_COMPLETE"
    assert job["paymentAmount"] == estimate != "0"
    after = int(caller.call("GET", "/v1/customer/wallet/balance").json()["totalBalance"])
    assert before - after == int(estimate)
    (row,) = [row for row in caller.sandbox.ledger()["jobs"] if row["id"] == job_id]
    assert (row["amount"], row["state"], row["instant"]) == (estimate, "JOB_STATE_COMPLETE", True)
    assert row["progress"] == 100


def test_a_refusal_can_hide_in_a_200(caller: Caller) -> None:
    caller.sandbox.settings(refusal_status=200)

    answer = caller.run(caller.create())

    assert answer.status_code == 200
    assert answer.json()["ok"] is False


def test_an_incomplete_job_does_not_run_and_costs_nothing(caller: Caller) -> None:
    empty = caller.create()
    half = caller.create()
    caller.post(f"/params/{half}", DOCUMENT_PARAMS)

    assert caller.run(empty).status_code == 400
    assert "dataSource" in caller.run(half).json()["message"]
    assert caller.get(f"/estimation/{empty}").status_code == 400
    assert not {empty, half} & {row["id"] for row in caller.sandbox.ledger()["jobs"]}


def test_an_empty_wallet_runs_nothing(caller: Caller) -> None:
    caller.sandbox.settings(balance=2)
    job_id = caller.draft("http://127.0.0.1:1/a.mp4")

    refused = caller.run(job_id)

    assert refused.status_code == 400
    assert "insufficient balance" in refused.json()["message"]
    assert caller.job(job_id)["state"] == "JOB_STATE_NEW"


def test_a_running_job_shows_its_states_and_can_be_aborted(caller: Caller) -> None:
    caller.sandbox.settings(job_seconds=30)
    job_id = caller.draft("http://127.0.0.1:1/a.mp4")
    caller.run(job_id)
    assert caller.job(job_id)["state"] in ("JOB_STATE_PARTITIONING", "JOB_STATE_RUNNING")
    assert job_id in caller.sandbox.ledger()["unfinished"]

    assert caller.post(f"/{job_id}/abort").json()["ok"] is True

    assert caller.job(job_id)["state"] == "JOB_STATE_ABORTED"
    assert caller.sandbox.ledger()["unfinished"] == []
    assert caller.post(f"/{job_id}/abort").status_code == 400


def test_aborting_a_draft_deletes_it(caller: Caller) -> None:
    job_id = caller.create()

    assert caller.post(f"/{job_id}/abort").json()["ok"] is True

    assert caller.get(f"/{job_id}").status_code == 404


def test_a_deleted_job_is_gone_but_stays_paid(caller: Caller) -> None:
    caller.sandbox.settings(job_seconds=30)
    job_id = caller.draft("http://127.0.0.1:1/a.mp4")
    caller.run(job_id)

    assert caller.call("DELETE", f"/v1/customer/jobs/{job_id}").json()["ok"] is True

    assert caller.get(f"/{job_id}").status_code == 404
    assert caller.get(f"/{job_id}/results").status_code == 404
    (row,) = [row for row in caller.sandbox.ledger()["jobs"] if row["id"] == job_id]
    assert (row["deleted"], row["state"]) == (True, "JOB_STATE_ABORTED")


def test_a_job_told_to_fail_says_why(caller: Caller) -> None:
    caller.sandbox.settings(fail_next=1, fail_message="out of luck")

    failed = caller.finish("http://127.0.0.1:1/a.mp4")
    next_one = caller.finish("http://127.0.0.1:1/a.mp4")

    assert (failed["state"], failed["errorMessage"]) == ("JOB_STATE_FAILED", "out of luck")
    assert next_one["state"] == "JOB_STATE_COMPLETE"


def test_a_job_told_to_fail_late_lists_what_it_has_made(caller: Caller) -> None:
    caller.sandbox.settings(fail_next=1, fail_late=True)

    failed = caller.finish("http://127.0.0.1:1/a.mp4")

    assert failed["state"] == "JOB_STATE_FAILED"
    (result,) = caller.get(f"/{failed['id']}/results").json()["results"]
    assert requests.get(result["link"], timeout=20).ok


def test_lists_come_in_pages_with_numbers_as_text(caller: Caller) -> None:
    made = [caller.create(f"page {number}") for number in range(5)]

    first = caller.get("", **{"pagination.limit": 2, "pagination.offset": 0}).json()
    second = caller.get("", **{"pagination.limit": 2, "pagination.offset": 2}).json()

    assert [job["id"] for job in first["data"] + second["data"]] == made[:0:-1]
    assert first["pagination"]["hasPrevious"] is False
    assert second["pagination"]["hasPrevious"] is True
    assert first["pagination"]["hasNext"] is True
    assert isinstance(first["pagination"]["total"], str)
    ordered = caller.get("", orderBy="createdAt asc", **{"pagination.limit": 100}).json()["data"]
    moments = [job["createdAt"].rstrip("Z") for job in ordered]
    assert moments == sorted(moments)
    assert caller.get("", orderBy="rank").status_code == 400
    assert caller.get("", **{"pagination.limit": "-1"}).status_code == 400


def test_the_filter_takes_names_and_pages_in_its_body(caller: Caller) -> None:
    wanted = caller.create("a name of its own")
    caller.create("some other name")

    body = {"filters": {"name": "a name of its own"}, "pagination": {"limit": "5", "offset": "0"}}
    found = caller.post("/filter", body).json()

    assert [job["id"] for job in found["data"]] == [wanted]
    assert caller.post("/filter", {"filters": {"colour": "red"}}).status_code == 400


def test_templates_are_listed(caller: Caller) -> None:
    assert caller.get("/templates").json()["data"][0]["id"] == "video-transcoding@v0.2"


def test_a_job_can_be_renamed(caller: Caller) -> None:
    job_id = caller.create()

    renamed = caller.call("PATCH", f"/v1/customer/jobs/{job_id}/jobname", json={"name": "another name"})

    assert renamed.json()["job"]["name"] == "another name"


@pytest.mark.parametrize(("kind", "status", "body"), [("null", 200, None), ("empty", 200, []), ("404", 404, 5)])
def test_results_before_the_end_are_missing_in_three_ways(caller: Caller, kind: str, status: int, body: Any) -> None:
    caller.sandbox.settings(results_before_done=kind)

    answer = caller.get(f"/{caller.create()}/results")

    assert answer.status_code == status
    assert answer.json()["results" if status == 200 else "code"] == body


@pytest.mark.parametrize(("kind", "status", "body"), [("null", 200, None), ("empty", 200, []), ("404", 404, 5)])
def test_results_can_be_missing_for_a_while_after_the_end(caller: Caller, kind: str, status: int, body: Any) -> None:
    caller.sandbox.settings(instant=True, results_before_done=kind, results_late=600)
    job = caller.finish("http://127.0.0.1:1/a.mp4", small_output())

    answer = caller.get(f"/{job['id']}/results")

    assert job["state"] == "JOB_STATE_COMPLETE"
    assert answer.status_code == status
    assert answer.json()["results" if status == 200 else "code"] == body
    caller.sandbox.settings(results_late=0)
    assert len(caller.results(job["id"])) == 1


def test_the_second_generations_spelling_is_understood(caller: Caller) -> None:
    job_id = caller.create()
    path = f"/v1/customer/jobs/{job_id}"
    source = {"dataSourceDescriptor": "url", "params": {"url": "http://127.0.0.1:1/a.mp4"}}

    assert caller.call("PATCH", f"{path}/datasource", json={"dataSource": source}).status_code == 200
    assert caller.call("PATCH", f"{path}/params", json=DOCUMENT_PARAMS).status_code == 200
    assert caller.call("POST", f"{path}/run", json={"config": {"isTestJob": True}}).json()["ok"] is True


def test_everything_may_come_with_the_creation(caller: Caller) -> None:
    source = {"dataSourceDescriptor": "url", "params": {"url": "http://127.0.0.1:1/a.mp4"}}
    body = {"name": "all at once", "templateId": "video-transcoding@v0.2", "params": DOCUMENT_PARAMS}

    job_id = caller.post("", {**body, "data_source": source, "dataDestination": BUCKET}).json()["job"]["id"]

    assert caller.run(job_id).json()["ok"] is True
    assert len(caller.results(caller.wait(job_id)["id"])) == 2


def test_times_have_as_many_digits_as_they_need(caller: Caller) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", caller.job(caller.create())["createdAt"])


def test_results_can_have_hostile_names(caller: Caller) -> None:
    caller.sandbox.settings(result_names="hostile")
    job = caller.finish("http://127.0.0.1:1/a.mp4", small_output(), small_output())

    assert list(caller.results(job["id"])) == ["../../x", "/etc/passwd"]
