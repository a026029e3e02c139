"""Tokens, roles, users."""

import time

import jwt
import pytest
import requests

from tests.sandbox.openencoder.client import Client

CHALLENGE = "JWT realm=openencoder"


def claims(client: Client) -> dict[str, object]:
    token = client.headers["Authorization"].removeprefix("Bearer ")
    return dict(jwt.decode(token, options={"verify_signature": False}))


def test_the_claims_of_a_token(client: Client) -> None:
    found = claims(client)
    token = client.headers["Authorization"].removeprefix("Bearer ")
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert found["exp"] - found["orig_iat"] == 3600  # type: ignore[operator]
    assert (found["id"], found["role"], set(found)) == ("admin", "admin", {"exp", "id", "orig_iat", "role"})


@pytest.mark.parametrize("place", ["header", "query", "cookie"])
def test_a_token_is_taken_from_header_query_or_cookie(client: Client, place: str) -> None:
    token = client.headers["Authorization"].removeprefix("Bearer ")
    headers = {"header": client.headers, "query": {}, "cookie": {"Cookie": f"jwt={token}"}}[place]
    query = f"?token={token}" if place == "query" else ""
    assert client.call("GET", f"/me{query}", headers=headers).json() == {
        "role": "admin",
        "status": 200,
        "username": "admin",
    }


def test_a_token_ends_after_its_lifetime_and_can_be_refreshed_for_a_while(client: Client) -> None:
    client.settings(token_lifetime=1, refresh_lifetime=3)
    client.sign_in("admin", client.info["password"])
    time.sleep(2.05)
    answer = client.call("GET", "/jobs")
    assert (answer.status_code, answer.json()["message"]) == (401, "Token is expired")
    assert answer.headers["www-authenticate"] == CHALLENGE
    fresh = client.call("GET", "/refresh-token").json()
    assert set(fresh) == {"code", "expire", "token"}
    renewed = {"Authorization": "Bearer " + fresh["token"]}
    assert client.call("GET", "/me", headers=renewed).status_code == 200
    time.sleep(2)
    # The old one is too old by now; the new one began anew.
    answer = client.call("GET", "/refresh-token")
    assert (answer.status_code, answer.json()["message"]) == (401, "token is expired")
    assert client.call("GET", "/refresh-token", headers=renewed).status_code == 200


def test_every_token_can_be_voided(client: Client) -> None:
    client.settings(expire_tokens=True)
    answer = client.call("GET", "/jobs")
    assert (answer.status_code, answer.json()["message"]) == (401, "signature is invalid")
    client.sign_in("admin", client.info["password"])
    assert client.get("/me")["role"] == "admin"


def test_a_token_of_another_algorithm_is_refused(client: Client) -> None:
    for algorithm, key in (("none", None), ("HS512", "k" * 64)):
        token = jwt.encode(claims(client), key, algorithm)
        answer = client.call("GET", "/jobs", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["message"]) == (401, "invalid signing algorithm")


def test_the_operator_may_do_all_but_administer(client: Client) -> None:
    operator = Client(client.sandbox).sign_in(**client.info["operator"])
    assert operator.get("/machines") == {"machines": []}
    assert operator.call("POST", "/jobs/99999/cancel").status_code == 200
    for method, path in (("GET", "/settings"), ("PUT", "/settings"), ("GET", "/users"), ("PUT", "/users/1")):
        answer = operator.call(method, path, {})
        assert (answer.status_code, answer.json()) == (401, {"message": "unauthorized"})
        assert "www-authenticate" not in answer.headers


def test_a_guest_may_only_look(guest: Client) -> None:
    for path in ("/jobs", "/presets", "/stats", "/storage/list", "/worker/pools", "/me"):
        assert guest.call("GET", path).status_code == 200
    for path in ("/jobs", "/jobs/1/cancel", "/jobs/1/restart", "/presets", "/machines"):
        answer = guest.call("POST", path, {})
        assert (answer.status_code, answer.json()) == (401, {"message": "unauthorized"})


def test_an_admin_can_raise_a_guest(client: Client, guest: Client) -> None:
    newest = client.get("/users")["users"][0]
    assert newest["role"] == "guest"
    answer = client.call("PUT", f"/users/{newest['id']}", {"role": "operator", "active": True})
    assert answer.json() == newest | {"role": "operator", "active": True}
    # The role is in the token, so it changes with the next one.
    assert guest.call("POST", "/jobs/99999/cancel").status_code == 401
    guest.sign_in(newest["username"], "baz")
    assert guest.call("POST", "/jobs/99999/cancel").status_code == 200


def test_the_admin_may_have_to_change_the_password_first(client: Client) -> None:
    client.settings(force_password_reset=True)
    password = client.info["password"]
    login = {"username": "admin", "password": password}
    answer = requests.post(f"{client.base}/api/login", json=login, timeout=9)
    assert (answer.status_code, answer.json()["message"]) == (401, "require password reset")
    change = {"username": "admin", "current_password": password, "new_password": password}
    assert client.call("POST", "/update-password", change).json() == {"message": "user updated", "user": "admin"}
    assert client.sign_in("admin", password).get("/me")["username"] == "admin"


def test_a_login_that_does_not_say_it_is_json_is_a_form(client: Client) -> None:
    body = f'{{"username": "admin", "password": "{client.info["password"]}"}}'
    answer = requests.post(f"{client.base}/api/login", data=body, timeout=9)
    assert (answer.status_code, answer.json()["message"]) == (401, "missing Username or Password")
