"""Accounts: tokens and what is wrong with them, teams, secrets, the password."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.sandbox.pixop.client import Client, refusal
from tests.sandbox.process import SandboxProcess

TOKEN = "/accounts/v1/token"
USER = [
    *("id", "name", "email", "emailConfirmed", "authSignatureMethod", "authSignaturePublicKey"),
    *("authSignaturePublicKeyId", "banned", "bannedReason", "bannedDate", "apiRequestSignatureSecret"),
    *("apiRequestSignatureMethod", "dateCreated", "timeLastUpdated"),
]


def test_a_token_is_a_signed_jwt_of_fifteen_minutes(client: Client) -> None:
    answer = client.token_for(client.basic)
    user = client.get("/accounts/v1/account")["user"]

    assert list(answer.json()) == ["userId", "teamId", "jwtToken"]
    claims = jwt.decode(answer.json()["jwtToken"], user["authSignaturePublicKey"], [user["authSignatureMethod"]])
    assert (claims["sub"], claims["teamId"]) == (answer.json()["userId"], client.info["team_id"])
    assert 900 <= claims["exp"] - claims["iat"] <= 901
    assert claims["nbf"] == claims["iat"]


def test_a_token_is_for_the_team_that_was_chosen(client: Client) -> None:
    other = client.info["other_team_id"]
    client.create_project("first team's")

    found = Client(client.sandbox).sign_in(other).call("POST", TOKEN).json()

    assert [found["team"]["id"], found["otherTeams"][0]["id"]] == [other, client.info["team_id"]]
    stranger = Client(client.sandbox).sign_in(other)
    assert all(
        stranger.call("GET", f"/videos/v1/project/{row['id']}").status_code == 404
        for row in client.get("/videos/v1/projects", page_size=100)["_embedded"]["projects"]
    )
    assert refusal(client.token_for(client.basic, "no-such-team")) == (401, "AuthException")


@pytest.mark.parametrize("basic", [("nobody@example.com", "x"), None, ("", ""), ("a:b", "\u00e9")])
def test_wrong_credentials_are_refused(client: Client, basic: tuple[str, str] | None) -> None:
    if basic:
        basic = (basic[0].encode().decode("latin-1"), basic[1].encode().decode("latin-1"))
    assert refusal(client.token_for(basic)) == (401, "AuthException")


@pytest.mark.parametrize("header", ["Basic", "Basic ", "Basic !!!", "Basic /w==", "Digest x", "Bearer x"])
def test_a_header_that_is_no_basic_gives_no_token(client: Client, header: str) -> None:
    assert refusal(client.call("GET", TOKEN, headers={"Authorization": header})) == (401, "AuthException")


def test_validation_tells_the_user_with_the_documents_spelling(client: Client) -> None:
    found = client.call("POST", TOKEN).json()

    assert list(found) == ["user", "team", "otherTeams"]
    assert [name.replace("Sethod", "Method") for name in found["user"]] == USER
    assert "apiRequestSignatureSethod" in found["user"]
    assert list(found["team"]) == ["id", "name", "dateCreated", "timeLastUpdated"]
    client.settings(misspelt_method=False)
    assert list(client.call("POST", TOKEN).json()["user"]) == USER


def test_the_account_is_told_with_its_secrets(client: Client) -> None:
    found = client.get("/accounts/v1/account")

    assert list(found) == ["user", "team"]
    assert list(found["user"]) == USER
    assert time.strptime(found["user"]["dateCreated"], "%Y-%m-%d %H:%M:%S")


FLAWS: list[tuple[dict[str, Any], str]] = [
    ({"token_flaw": "eternal"}, "EternalJWTTokenException"),
    ({"token_flaw": "inconsistent"}, "InconsistentJWTClaimsException"),
    ({"token_flaw": "corrupt"}, "InvalidJWTTokenFoundException"),
    ({"token_starts_in": 60}, "PrematureJWTTokenException"),
]


@pytest.mark.parametrize(("settings", "exception"), FLAWS)
def test_a_flawed_token_is_refused_by_every_service(client: Client, settings: dict[str, Any], exception: str) -> None:
    client.settings(**settings)
    client.sign_in()

    for method, path in [("POST", TOKEN), ("GET", "/videos/v1/videos"), ("GET", "/media/v1/download/original/x")]:
        assert refusal(client.call(method, path)) == (401, exception)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic eDp5", "Token abc"])
def test_without_a_bearer_there_is_no_token(client: Client, header: str) -> None:
    answer = client.call("GET", "/videos/v1/projects", headers={"Authorization": header})
    assert refusal(answer) == (401, "NoJWTTokenFoundException")


@pytest.mark.parametrize("token", ["x", "a.b.c", "e30.e30.e30", "..", "\u00ff"])
def test_what_is_no_token_is_invalid(client: Client, token: str) -> None:
    answer = client.call("POST", TOKEN, headers={"Authorization": f"Bearer {token}".encode()})
    assert refusal(answer) == (401, "InvalidJWTTokenFoundException")


def test_a_token_signed_by_a_stranger_is_invalid(client: Client) -> None:
    kept = jwt.decode(client.token, options={"verify_signature": False})
    key_id = jwt.get_unverified_header(client.token)["kid"]
    for forged in (
        jwt.encode(kept, "k" * 32, "HS256", {"kid": key_id}),
        jwt.encode(kept, "", "none", {"kid": key_id}),
    ):
        answer = client.call("POST", TOKEN, headers={"Authorization": f"Bearer {forged}"})
        assert refusal(answer) == (401, "InvalidJWTTokenFoundException")


def test_a_token_expires_by_its_time_and_by_order(client: Client) -> None:
    client.settings(token_lifetime=0.01)
    short = client.sign_in().token
    expires = jwt.decode(short, options={"verify_signature": False})["exp"]
    time.sleep(max(0.0, expires - time.time()))
    assert refusal(client.call("POST", TOKEN)) == (401, "ExpiredJWTTokenException")

    client.settings(token_lifetime=900)
    client.sign_in()
    assert client.call("POST", TOKEN).status_code == 200
    client.settings(expire_tokens=True)
    assert refusal(client.call("POST", TOKEN)) == (401, "ExpiredJWTTokenException")
    assert client.sign_in().call("POST", TOKEN).status_code == 200


def test_a_premature_token_becomes_good(client: Client) -> None:
    client.settings(token_starts_in=0.5)
    client.sign_in()
    assert refusal(client.call("POST", TOKEN)) == (401, "PrematureJWTTokenException")
    starts = jwt.decode(client.token, options={"verify_signature": False})["nbf"]
    time.sleep(max(0.0, starts - time.time() + 0.01))
    assert client.call("POST", TOKEN).status_code == 200


def test_a_banned_user_can_do_nothing(client: Client) -> None:
    client.settings(banned=True)

    assert refusal(client.call("GET", "/videos/v1/videos")) == (401, "UserBannedException")
    assert refusal(client.token_for(client.basic)) == (401, "UserBannedException")


def test_the_service_may_fail_to_check(client: Client) -> None:
    client.settings(auth_exception=True)
    assert refusal(client.call("POST", TOKEN)) == (401, "AuthException")


@pytest.mark.parametrize("sign_in", ["bearer", "basic"])
def test_two_gets_renew_secrets(client: Client, sign_in: str) -> None:
    more: dict[str, Any] = {"headers": {"Authorization": None}, "auth": client.basic} if sign_in == "basic" else {}
    before = client.get("/accounts/v1/account")["user"]

    auth = client.call("GET", "/accounts/v1/generate-auth-secret", **more).json()["user"]
    signature = client.call("GET", "/accounts/v1/generate-signature-secret", **more).json()["user"]

    assert auth["authSignaturePublicKeyId"] != before["authSignaturePublicKeyId"]
    assert auth["apiRequestSignatureSecret"] == before["apiRequestSignatureSecret"]
    assert signature["authSignaturePublicKey"] == auth["authSignaturePublicKey"] != before["authSignaturePublicKey"]
    assert signature["apiRequestSignatureSecret"] != before["apiRequestSignatureSecret"]
    # The token from before is good still, unless a new key is to end it.
    assert client.call("POST", TOKEN).status_code == 200
    client.settings(new_secret_voids_tokens=True)
    assert refusal(client.call("POST", TOKEN)) == (401, "InvalidJWTTokenFoundException")
    assert client.sign_in().call("POST", TOKEN).status_code == 200


@pytest.mark.parametrize("sent", [{}, {"newPassword": ""}, {"newPassword": 7}, {"newPassword": None}])
def test_a_password_that_is_none_is_refused(client: Client, sent: dict[str, Any]) -> None:
    answer = client.call("POST", "/accounts/v1/update-password", sent)
    assert refusal(answer) == (400, "BadRequestException")
    assert client.token_for(client.basic).status_code == 200


def test_a_new_password_holds_over_a_kill(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path / "state", "--only=pixop", "--token-lifetime=60") as sandbox:
        client = Client(sandbox)
        old, new = client.basic, (client.basic[0], "gr\u00fcn: a new one")
        answer = client.call("POST", "/accounts/v1/update-password", {"newPassword": new[1]})
        assert answer.json()["user"]["email"] == old[0]
        assert refusal(client.token_for(old)) == (401, "AuthException")
        info = json.loads((sandbox.state_dir / "sandbox.json").read_text())
        assert info["pixop"] == sandbox.info["pixop"] | {"password": new[1]}

        sandbox.kill()
        sandbox.start()

        assert client.call("POST", TOKEN).status_code == 200
        encoded = (new[0], new[1].encode().decode("latin-1"))
        assert refusal(client.token_for(old)) == (401, "AuthException")
        assert client.token_for(encoded).status_code == 200
        assert sandbox.info["pixop"]["password"] == new[1]
        assert client.settings()["token_lifetime"] == 60
        assert client.ledger()["signIns"] == 2
