import time

import requests

from tests.sandbox.caller import Caller
from tests.sandbox.process import SandboxProcess

TOKEN = "/v1/auth/access_token"
USER = "/v1/auth/user"


def test_the_key_is_exchanged_for_a_token_with_a_lifetime_in_text(caller: Caller) -> None:
    key = caller.sandbox.info["bytenite"]["api_key"]

    answer = requests.post(caller.base + TOKEN, json={"apiKey": key}, timeout=9).json()

    assert answer["expiresIn"] == "3600"
    assert isinstance(answer["scope"], str)


def test_a_wrong_key_and_a_missing_key_are_refused(caller: Caller) -> None:
    assert requests.post(caller.base + TOKEN, json={"apiKey": "wrong"}, timeout=9).status_code == 401
    assert requests.post(caller.base + TOKEN, json={}, timeout=9).status_code == 400


def test_the_token_is_taken_raw_and_nothing_goes_without(caller: Caller) -> None:
    assert caller.call("GET", USER).status_code == 200
    assert caller.call("GET", USER, headers={"Authorization": f"Bearer {caller.token}"}).status_code == 200
    refused = requests.get(caller.base + USER, timeout=9)
    assert refused.status_code == 401
    assert refused.json()["code"] == 16
    assert caller.call("GET", USER, headers={"Authorization": caller.token[:-2] + "xx"}).status_code == 401
    assert caller.call("GET", USER, headers={"Authorization": "a.b.c"}).status_code == 401
    key = caller.sandbox.info["bytenite"]["api_key"]
    assert caller.call("GET", USER, headers={"Authorization": key}).status_code == 401


def test_a_token_dies_after_its_lifetime(sandbox: SandboxProcess) -> None:
    sandbox.settings(token_lifetime=0.4)
    caller = Caller(sandbox)
    assert caller.call("GET", USER).status_code == 200

    time.sleep(0.5)

    assert caller.call("GET", USER).status_code == 401
    assert caller.post("", {"name": 5}).status_code == 401


def test_sign_out_voids_one_token_and_an_order_voids_all(sandbox: SandboxProcess) -> None:
    first, second = Caller(sandbox), Caller(sandbox)

    assert first.call("POST", "/v1/auth/signout", json={}).json()["ok"] is True

    assert first.call("GET", USER).status_code == 401
    assert second.call("GET", USER).status_code == 200
    sandbox.settings(expire_tokens=True)
    assert second.call("GET", USER).status_code == 401
    assert Caller(sandbox).call("GET", USER).status_code == 200


def test_sign_ins_are_counted(sandbox: SandboxProcess) -> None:
    before = sandbox.ledger()["signIns"]

    Caller(sandbox)
    Caller(sandbox)

    assert sandbox.ledger()["signIns"] == before + 2
