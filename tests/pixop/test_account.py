"""Signing in to Pixop: how long a token is used, and what each 401 leads to."""

import base64
import json
from typing import Any

import pytest

from reelworks.core.errors import BusyError, SignInRefusedError, UnreachableError
from reelworks.core.flow import Reply
from reelworks.core.session import Session
from reelworks.pixop import api
from reelworks.pixop.account import LIFETIME, basic, bearer, lifetime, sign_in
from reelworks.pixop.door import HOPELESS, PASSING, WHILE, expired
from tests.conversation import Clock, Talk, reply

NOW = 1_000_000.0
PROJECTS = reply({"_embedded": {"projects": []}})
MADE = reply({"videoId": "v1"})


def jwt(**claims: Any) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + ".c2ln"


def token(seconds: float = 900, value: str | None = None) -> Reply:
    return reply({"userId": "u1", "teamId": "t1", "jwtToken": value or jwt(iat=NOW, exp=NOW + seconds)})


def refused(name: str, status: int = 401) -> Reply:
    return reply({"exception": name, "errorMessage": "no"}, status)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


def session(clock: Clock) -> Session:
    return Session(lambda: sign_in("a@b.c", "pa:ss"), bearer, expired, clock)


def test_email_and_password_are_sent_as_utf_8_and_the_team_is_asked_for() -> None:
    talk = Talk([token()])

    got = talk.hear(sign_in("jo@exämple.org", "pä:ss", "team-7"))

    [call] = talk.calls
    scheme, _, pair = call.headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair).decode()) == ("Basic", "jo@exämple.org:pä:ss")
    assert (str(call), call.query, call.signed) == ("GET /accounts/v1/token", {"team-id": "team-7"}, False)
    assert got.lifetime == 900.0


def test_a_token_tells_its_life_by_the_servers_clock_alone() -> None:
    assert lifetime(jwt(iat=5, exp=125), NOW) == 120.0
    assert lifetime(jwt(nbf=5, exp=65), NOW) == 60.0
    assert lifetime(jwt(exp=NOW + 30), NOW) == 30.0


@pytest.mark.parametrize(
    "value",
    [
        *("", "opaque", "a.b.c", "e30.W10.x", jwt(), jwt(iat=1), jwt(iat=9, exp=9), jwt(exp="soon"), jwt(exp=None)),
        *(jwt(iat=0, exp=float("inf")), jwt(iat=0, exp=float("nan")), jwt(iat={}, exp=1)),
    ],
)
def test_a_token_that_cannot_be_read_is_used_for_less_than_the_document_says(value: str) -> None:
    assert lifetime(value, NOW) == LIFETIME < 900


def test_an_answer_without_a_token_is_no_answer() -> None:
    with pytest.raises(UnreachableError, match="without jwtToken"):
        Talk([reply({"userId": "u1"})]).hear(sign_in("a", "b"))


def test_a_401_at_the_sign_in_names_the_fields_to_check_and_no_secret() -> None:
    with pytest.raises(SignInRefusedError, match=r"check the connection's login.*password") as error:
        Talk([refused("AuthException")]).hear(sign_in("a@b.c", "5ec2e7"))
    assert "5ec2e7" not in str(error.value)
    assert basic("a@b.c", "5ec2e7")["Authorization"].partition(" ")[2] not in str(error.value)


def test_a_banned_user_is_not_told_to_check_the_password() -> None:
    with pytest.raises(SignInRefusedError, match="suspended") as error:
        Talk([refused("UserBannedException")]).hear(sign_in("a@b.c", "x"))
    assert "password" not in str(error.value)


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_team_that_is_not_ones_own_is_named(status: int) -> None:
    with pytest.raises(SignInRefusedError, match="team_id 'team-7'"):
        Talk([refused("TeamException", status)]).hear(sign_in("a@b.c", "x", "team-7"))


@pytest.mark.parametrize(
    "name", ["ExpiredJWTTokenException", "InvalidJWTTokenFoundException", "NoJWTTokenFoundException"]
)
def test_a_token_that_is_no_good_any_more_is_replaced_once(name: str, clock: Clock) -> None:
    new = jwt(iat=NOW, exp=NOW + 901)
    talk = Talk([token(), refused(name), token(value=new), MADE], clock)

    assert talk.hear(session(clock).carry(api.create_video("v"))) == "v1"
    assert talk.calls[-1].headers["Authorization"] == f"Bearer {new}"

    again = Talk([token(), refused(name), token(), refused(name)], clock)
    with pytest.raises(SignInRefusedError, match="although the sign-in is new"):
        again.hear(session(clock).carry(api.create_video("v")))


@pytest.mark.parametrize("name", sorted(HOPELESS))
def test_what_no_sign_in_cures_leads_to_none(name: str, clock: Clock) -> None:
    shared = session(clock)
    talk = Talk([token(), refused(f"com.pixop.{name}")], clock)

    with pytest.raises(SignInRefusedError, match=name):
        talk.hear(shared.carry(api.list_projects()))
    with pytest.raises(SignInRefusedError, match=name):
        Talk([refused(name)], clock).hear(shared.carry(api.list_projects()))  # with the same token


@pytest.mark.parametrize("name", sorted(PASSING))
def test_what_passes_is_waited_for_with_the_same_token_even_by_a_create(
    name: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    talk = Talk([token(), refused(name), refused(name), MADE], clock)

    assert talk.hear(session(clock).carry(api.create_video("v"))) == "v1"
    assert talk.sleeps == [WHILE, WHILE]
    assert talk.asked.count("GET /accounts/v1/token") == 1
    assert name in caplog.text


def test_clocks_that_stay_apart_are_named_in_the_end(clock: Clock) -> None:
    talk = Talk([token()] + [refused("PrematureJWTTokenException")] * 4, clock)

    with pytest.raises(BusyError, match="clocks"):
        talk.hear(session(clock).carry(api.create_video("v")))


def test_a_token_is_replaced_before_it_ends(clock: Clock) -> None:
    shared = session(clock)
    Talk([token(), PROJECTS], clock).hear(shared.carry(api.list_projects()))
    clock.now += 839
    Talk([PROJECTS], clock).hear(shared.carry(api.list_projects()))
    clock.now += 2
    Talk([token(), PROJECTS], clock).hear(shared.carry(api.list_projects()))


@pytest.mark.parametrize("answer", [Reply(401, {}, b""), reply(["what"], 401), reply({"exception": None}, 401)])
def test_a_401_in_other_words_is_about_the_token(answer: Reply) -> None:
    assert expired(answer)
    assert not expired(refused("UserBannedException", 403))
