"""Signing in to a server that dies of a wrong name."""

import pytest

from reelworks.core.errors import (
    BadInputError,
    BusyError,
    RefusedError,
    SignInRefusedError,
    SignInUnansweredError,
    UnreachableError,
)
from reelworks.core.flow import REPEATS, Reply
from reelworks.core.session import GRUDGE, Session
from reelworks.openencoder import api
from reelworks.openencoder.account import SignIn, bearer, expired, log_in, register
from tests.conversation import Clock, Talk, reply
from tests.openencoder.recorded import recorded

HEALTH = recorded("health")
# Claims of a token that lives an hour; the server's clock is far from ours.
JWT = "e30.eyJleHAiOjE3OTUyMzM2NDEsIm9yaWdfaWF0IjoxNzk1MjMwMDQxfQ.c2ln"
TOKEN = reply({"code": 200, "expire": "1999-01-01T00:00:00Z", "token": JWT})
DEAD = UnreachableError("POST /api/login went unanswered")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def session(clock: Clock) -> Session:
    return Session(SignIn("admin", "adminpw", clock), bearer, expired, clock)


def asked(talk: Talk) -> list[str]:
    return [call.removeprefix("GET ").removeprefix("POST ") for call in talk.asked]


def test_a_login_gives_a_token_for_as_long_as_its_claims_say() -> None:
    talk = Talk([HEALTH, TOKEN])

    assert talk.hear(log_in("admin", "adminpw")).lifetime == 3600.0
    assert talk.calls[1].json == {"username": "admin", "password": "adminpw"}
    assert not talk.calls[1].repeatable


def test_a_token_that_cannot_be_read_lives_an_hour() -> None:
    assert Talk([HEALTH, recorded("login: ok")]).hear(log_in("a", "b")).lifetime == 3600.0


def test_nobody_is_logged_in_at_a_server_that_is_away() -> None:
    with pytest.raises(UnreachableError):
        Talk([UnreachableError("refused")] * 4).hear(log_in("admin", "adminpw"))
    with pytest.raises(BusyError):
        Talk([recorded("postgres down: health")] * 4).hear(log_in("admin", "adminpw"))


@pytest.mark.parametrize("label", ["login: wrong password", "login: shipped admin, before its forced password reset"])
def test_a_refused_login_says_what_to_check(label: str) -> None:
    with pytest.raises(SignInRefusedError, match="check the connection's login and password"):
        Talk([HEALTH, recorded(label)]).hear(log_in("admin", "no"))


def test_a_server_that_is_gone_after_the_login_died_of_the_name() -> None:
    talk = Talk([HEALTH, recorded("login: UNKNOWN USER"), UnreachableError("refused")])

    with pytest.raises(SignInRefusedError, match="unknown user logs in"):
        talk.hear(log_in("nobody", "x"))
    assert asked(talk) == ["/api/health", "/api/login", "/api/health"]


def test_an_unanswered_login_at_a_server_that_is_there_is_not_repeated_for_a_while(clock: Clock) -> None:
    shared = session(clock)
    talk = Talk([HEALTH, DEAD, HEALTH], clock)
    with pytest.raises(SignInUnansweredError):
        talk.hear(shared.carry(api.create_job("p", "s", "d")))

    with pytest.raises(UnreachableError):
        Talk([], clock).hear(shared.carry(api.create_job("p", "s", "d")))

    clock.now += GRUDGE
    Talk([HEALTH, TOKEN, reply({"machines": []})], clock).hear(shared.carry(api.list_machines()))


WEB_PAGE = Reply(200, {"content-type": "text/html"}, b"<h1>Welcome</h1>")
CUT = Reply(200, {"content-type": "application/json"}, b'{"code": 200, "tok')
BAD_GATEWAY = reply(None, 502)


@pytest.mark.parametrize("useless", [BAD_GATEWAY, CUT, WEB_PAGE, reply({"code": 200})])
def test_a_login_that_was_answered_did_not_kill_the_server_and_is_repeated(useless: Reply) -> None:
    talk = Talk([HEALTH, useless, useless, TOKEN])

    assert talk.hear(log_in("admin", "adminpw")).value == JWT
    assert asked(talk) == ["/api/health", *["/api/login"] * 3]
    assert len(talk.sleeps) == 2


@pytest.mark.parametrize(("useless", "error"), [(BAD_GATEWAY, BusyError), (CUT, UnreachableError)])
def test_a_login_is_not_repeated_for_ever(useless: Reply, error: type[Exception]) -> None:
    talk = Talk([HEALTH, *[useless] * REPEATS])

    with pytest.raises(error):
        talk.hear(log_in("admin", "adminpw"))


def test_a_login_without_an_answer_after_one_that_had_one_is_not_repeated() -> None:
    with pytest.raises(SignInUnansweredError):
        Talk([HEALTH, BAD_GATEWAY, DEAD, HEALTH]).hear(log_in("admin", "adminpw"))


def test_even_a_look_that_is_repeated_logs_in_once(clock: Clock) -> None:
    talk = Talk([HEALTH, DEAD, HEALTH], clock)

    with pytest.raises(UnreachableError):
        talk.hear(session(clock).carry(api.list_machines()))
    assert asked(talk).count("/api/login") == 1


def test_a_token_is_renewed_before_it_expires_and_without_end(clock: Clock) -> None:
    shared = session(clock)
    Talk([HEALTH, TOKEN, reply({"machines": []})], clock).hear(shared.carry(api.list_machines()))
    for _ in range(5):
        clock.now += 3550
        talk = Talk([TOKEN, reply({"machines": []})], clock)
        talk.hear(shared.carry(api.list_machines()))
        assert asked(talk) == ["/api/refresh-token", "/api/machines"]
        assert talk.calls[0].headers == {"Authorization": f"Bearer {JWT}"}


def test_after_an_hour_without_a_call_only_a_login_helps(clock: Clock) -> None:
    shared = session(clock)
    Talk([HEALTH, TOKEN, reply({"machines": []})], clock).hear(shared.carry(api.list_machines()))
    clock.now += 3601
    talk = Talk([HEALTH, TOKEN, reply({"machines": []})], clock)

    talk.hear(shared.carry(api.list_machines()))

    assert asked(talk)[:2] == ["/api/health", "/api/login"]


def test_a_server_with_a_new_signing_key_is_logged_in_to_again(clock: Clock) -> None:
    shared = session(clock)
    Talk([HEALTH, TOKEN, reply({"machines": []})], clock).hear(shared.carry(api.list_machines()))
    other_key = recorded("token signed with another key")
    talk = Talk([other_key, other_key, HEALTH, TOKEN, reply({"machines": []})], clock)

    talk.hear(shared.carry(api.list_machines()))

    assert asked(talk) == ["/api/machines", "/api/refresh-token", "/api/health", "/api/login", "/api/machines"]


@pytest.mark.parametrize(
    ("label", "about_the_token"),
    [
        ("no token", True),
        ("expired token", True),
        ("garbage token", True),
        ("token signed with another key", True),
        ("settings: guest", False),
        ("machines: list, guest", False),
        ("machines, nothing configured: GET /api/machines", False),
        ("token with an unknown role", False),
    ],
)
def test_only_a_401_with_the_challenge_is_cured_by_signing_in(label: str, about_the_token: bool) -> None:
    answer = recorded(label)
    assert isinstance(answer, Reply)
    assert expired(answer) is about_the_token


def test_what_one_may_not_do_is_refused_without_another_login(clock: Clock) -> None:
    talk = Talk([HEALTH, TOKEN, recorded("machines: list, guest")], clock)

    with pytest.raises(RefusedError, match="unauthorized"):
        talk.hear(session(clock).carry(api.list_machines()))


USERS = reply({"code": 200, "count": 2, "users": [{"id": 1, "username": "admin"}, {"id": 2, "username": "Bob@x.org"}]})


@pytest.mark.parametrize("name", ["admin", "bob@x.org", " ADMIN "])
def test_a_name_that_is_taken_is_not_registered(name: str) -> None:
    talk = Talk([USERS])
    with pytest.raises(BadInputError, match="there is a user"):
        talk.hear(register(name, "pw"))


def test_a_name_on_the_second_page_is_taken_too() -> None:
    first = reply({"code": 200, "count": 101, "users": [{"id": n, "username": f"u{n}"} for n in range(100)]})
    second = reply({"code": 200, "count": 101, "users": [{"id": 101, "username": "last"}]})
    with pytest.raises(BadInputError, match="there is a user"):
        Talk([first, second]).hear(register("last", "pw"))


def test_who_may_not_list_users_registers_nobody() -> None:
    with pytest.raises(RefusedError, match="only an admin can see"):
        Talk([recorded("settings: guest")]).hear(register("new", "pw"))


@pytest.mark.parametrize(
    ("name", "password"), [("", "pw"), ("  ", "pw"), ("new", ""), ("x" * 129, "pw"), ("a\0b", "pw")]
)
def test_a_user_without_a_good_name_and_password_is_not_sent(name: str, password: str) -> None:
    with pytest.raises(BadInputError):
        Talk([USERS] if name.strip() and password else []).hear(register(name, password))


def test_a_free_name_is_registered_after_it_was_noted() -> None:
    noted: list[bool] = []
    talk = Talk([USERS, reply({"message": "user created", "user": "new"})])

    talk.hear(register("new", "pw", lambda: noted.append(True)))

    assert noted == [True]
    assert asked(talk) == ["/api/users", "/api/register"]
