"""Every kind of fault, seen by a real client; and whether the act was done."""

import time
from typing import Any

import httpx
import pytest
import requests

from tests.sandbox.caller import Caller, small_output
from tests.sandbox.process import SandboxProcess

BALANCE = "/v1/customer/wallet/balance"


@pytest.fixture(autouse=True)
def instant(sandbox: SandboxProcess) -> None:
    sandbox.settings(instant=True)


def names(caller: Caller) -> set[str]:
    listed = caller.get("", **{"pagination.limit": 100}).json()["data"]
    return {job["name"] for job in listed}


def create(caller: Caller, name: str) -> requests.Response:
    return caller.post("", {"name": name, "templateId": "video-transcoding@v0.2"})


def test_a_status_comes_instead_of_the_act_in_the_services_own_form(caller: Caller) -> None:
    caller.sandbox.faults({"kind": "status", "endpoint": "create_job", "status": 503, "retry_after": 2})

    answer = create(caller, "status instead")

    assert answer.status_code == 503
    assert answer.json()["code"] == 14
    assert answer.headers["Retry-After"] == "2"
    caller.sandbox.faults()
    assert "status instead" not in names(caller)


def test_a_status_can_come_after_the_act(caller: Caller) -> None:
    caller.sandbox.faults({"kind": "status_after", "endpoint": "create_job", "status": 500})

    assert create(caller, "status after").status_code == 500

    assert "status after" in names(caller)


def test_a_reset_before_the_act_leaves_nothing_done(caller: Caller) -> None:
    caller.sandbox.faults({"kind": "reset_before", "endpoint": "create_job"})

    # "Connection reset by peer", or "closed" when the reset came while the body was being sent.
    with pytest.raises(requests.ConnectionError, match=r"Connection aborted"):
        create(caller, "reset before")

    assert "reset before" not in names(caller)


def test_a_reset_after_the_act_leaves_it_done(caller: Caller) -> None:
    job_id = caller.draft("http://127.0.0.1:1/a.mp4")
    caller.sandbox.faults({"kind": "reset_after", "endpoint": "run_job"})

    with pytest.raises(requests.ConnectionError, match="reset"):
        caller.run(job_id)

    assert caller.job(job_id)["state"] != "JOB_STATE_NEW"
    assert job_id in {row["id"] for row in caller.sandbox.ledger()["jobs"]}
    with pytest.raises(httpx.NetworkError):
        httpx.post(f"{caller.base}/v1/customer/jobs/run/{job_id}", headers={"Authorization": caller.token})


def test_a_hang_lasts_and_then_cuts(caller: Caller) -> None:
    caller.sandbox.faults({"kind": "hang", "endpoint": "create_job", "seconds": 0.5})

    with pytest.raises(requests.ReadTimeout):
        caller.call("POST", "/v1/customer/jobs", json={"name": "hang", "templateId": "video-transcoding"}, timeout=0.2)
    began = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        create(caller, "hang and cut")
    assert 0.4 < time.monotonic() - began < 3

    assert not {"hang", "hang and cut"} & names(caller)


def test_a_hang_can_come_after_the_act(caller: Caller) -> None:
    caller.sandbox.faults({"kind": "hang_after", "endpoint": "create_job", "seconds": 30})

    with pytest.raises(requests.ReadTimeout):
        caller.call(
            "POST",
            "/v1/customer/jobs",
            json={"name": "hang after", "templateId": "video-transcoding"},
            timeout=0.3,
        )

    assert "hang after" in names(caller)


def test_a_slow_answer_is_whole(caller: Caller) -> None:
    caller.sandbox.faults({"kind": "slow", "endpoint": "get_balance", "seconds": 0.3})

    began = time.monotonic()

    assert caller.call("GET", BALANCE).json()["totalBalance"] == "18335"
    assert time.monotonic() - began >= 0.3


def test_a_truncated_answer_ends_too_early(caller: Caller) -> None:
    caller.sandbox.faults({"kind": "truncate", "endpoint": BALANCE})

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        caller.call("GET", BALANCE)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(caller.base + BALANCE, headers={"Authorization": caller.token})


def test_half_a_json_looks_whole_until_it_is_read(caller: Caller) -> None:
    caller.sandbox.faults({"kind": "broken_json", "endpoint": "get_balance"})

    answer = caller.call("GET", BALANCE)

    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_page_can_come_in_place_of_json_after_the_act(caller: Caller) -> None:
    caller.sandbox.faults({"kind": "content_type", "endpoint": "create_job"})

    answer = create(caller, "html page")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    caller.sandbox.faults()
    assert "html page" in names(caller)


def test_a_gateways_page_comes_instead_of_the_act_with_the_status_that_was_asked_for(caller: Caller) -> None:
    caller.sandbox.faults({"kind": "gateway", "endpoint": "create_job", "status": 404})

    answer = create(caller, "gateway page")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<h1>404" in answer.text
    caller.sandbox.faults()
    assert "gateway page" not in names(caller)


def test_a_download_can_be_cut_where_asked(caller: Caller) -> None:
    (link,) = caller.results(caller.finish("http://127.0.0.1:1/a.mp4", small_output())["id"]).values()
    whole = requests.get(link, timeout=9).content
    caller.sandbox.faults({"kind": "cut_download", "keep_bytes": 1000, "times": 1})

    assert caller.call("GET", BALANCE).status_code == 200
    answer = requests.get(link, stream=True, timeout=9)
    assert answer.raw.read(1000) == whole[:1000]
    with pytest.raises(Exception, match=r"IncompleteRead|Connection broken"):
        answer.raw.read(decode_content=True)

    rest = requests.get(link, headers={"Range": "bytes=1000-"}, timeout=9)
    assert whole[:1000] + rest.content == whole


def test_a_rule_counts_and_ends(caller: Caller) -> None:
    caller.sandbox.faults({"kind": "status", "endpoint": "get_balance", "after": 1, "times": 2})

    seen = [caller.call("GET", BALANCE).status_code for _ in range(5)]

    assert seen == [200, 503, 503, 200, 200]
    (rule,) = requests.get(f"{caller.base}/sandbox/faults", timeout=9).json()["rules"]
    assert (rule["matched"], rule["injected"]) == (5, 2)
    assert {"endpoint": "get_balance", "kind": "status", "count": 2} in [
        row | {"count": 2} for row in caller.sandbox.ledger()["faults"]
    ]


def test_a_seed_repeats_the_same_luck(caller: Caller) -> None:
    def luck(seed: int) -> list[int]:
        rule = {"kind": "status", "endpoint": "*", "probability": 0.5, "seed": seed, "method": "get"}
        caller.sandbox.faults(rule)
        return [caller.call("GET", BALANCE).status_code for _ in range(24)]

    first = luck(7)

    assert first == luck(7) != luck(8)
    assert set(first) == {200, 503}


def test_the_sandboxs_own_calls_are_never_faulted(caller: Caller) -> None:
    rules: list[dict[str, Any]] = [{"kind": "reset_before"}, {"kind": "reset_after"}]
    caller.sandbox.faults(*rules)

    assert len(requests.get(f"{caller.base}/sandbox/faults", timeout=9).json()["rules"]) == 2
    assert caller.sandbox.ledger()["service"] == "bytenite"


def test_requests_are_counted_by_endpoint(caller: Caller) -> None:
    def count() -> int:
        rows = caller.sandbox.ledger()["requests"]
        return sum(row["count"] for row in rows if (row["endpoint"], row["method"]) == ("get_balance", "GET"))

    before = count()
    caller.call("GET", BALANCE)
    caller.call("GET", "/v1/wallet/balance")

    assert count() == before + 2
