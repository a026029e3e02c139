"""The connection to ByteNite: what is sent under it, and what is kept to itself."""

import asyncio
import pickle

import pytest

from reelworks.bytenite import api
from reelworks.bytenite.hook import ByteNiteHook
from reelworks.core.errors import BadInputError, SignInRefusedError
from reelworks.core.flow import Call
from reelworks.core.jobs import Phase
from reelworks.core.trigger import load_hook
from tests.connections import connect
from tests.loopback import answers, serving

USER = {"user": {"id": "u1", "displayName": "Anna"}}


def bytenite(handler):
    """Give a token for every key; 401 without it; know one job."""
    heard = handler.heard
    if heard.path == "/v1/auth/access_token":
        act = answers({"token": f"t-{heard.json['apiKey']}", "expiresIn": "3600", "scope": ""})
    elif "authorization" not in heard.headers:
        act = answers({"message": "not authenticated"}, 401)
    elif heard.path == "/v1/auth/user":
        act = answers(USER)
    else:
        act = answers({"job": {"id": "17", "state": "JOB_STATE_COMPLETE"}})
    act(handler)


@pytest.fixture
def server():
    with serving() as server:
        server.act = bytenite
        yield server


@pytest.fixture
def connected(monkeypatch, server):
    def make(**fields):
        connect(monkeypatch, "bytenite_default", **{"host": server.url, **fields})
        return ByteNiteHook()

    return make


@pytest.fixture(params=["worker", "triggerer"])
def carry(request):
    if request.param == "worker":
        return lambda hook, flow: hook.answer(flow)
    return lambda hook, flow: asyncio.run(hook.aanswer(flow))


def sent(server):
    return [(f"{heard.method} {heard.path}", heard.headers.get("authorization")) for heard in server.heard]


def test_the_key_is_exchanged_and_the_bare_token_sent(carry, connected, server) -> None:
    carry(connected(password="key"), api.get_user())

    assert sent(server) == [("POST /v1/auth/access_token", None), ("GET /v1/auth/user", "t-key")]
    assert server.heard[0].json == {"apiKey": "key"}


def test_a_prefix_goes_before_the_token(carry, connected, server) -> None:
    carry(connected(password="key", extra={"token_prefix": "Bearer"}), api.get_user())

    assert sent(server)[-1] == ("GET /v1/auth/user", "Bearer t-key")


def test_a_ready_token_needs_no_sign_in(carry, connected, server) -> None:
    carry(connected(password=None, extra={"access_token": "ready"}), api.get_user())

    assert sent(server) == [("GET /v1/auth/user", "ready")]


def test_a_ready_token_that_has_expired_is_refused_after_one_more_try(carry, connected, server) -> None:
    server.act = answers({"message": "expired"}, 401)

    with pytest.raises(SignInRefusedError, match="answered 401") as refused:
        carry(connected(password=None, extra={"access_token": "5ec2e7"}), api.get_user())
    assert len(server.heard) == 2
    assert "5ec2e7" not in str(refused.value)


def test_a_key_is_preferred_to_a_ready_token(carry, connected, server) -> None:
    carry(connected(password="key", extra={"access_token": "ready"}), api.get_user())

    assert sent(server)[-1][1] == "t-key"


def test_a_connection_without_a_key_names_the_remedy(carry, connected, server) -> None:
    with pytest.raises(BadInputError, match="no API key: put it in the password, or a ready access_token"):
        carry(connected(password=None), api.get_user())
    assert server.heard == []


def test_a_wrong_key_is_tried_once_by_all_the_hooks_of_a_process(carry, connected, server) -> None:
    server.act = answers({"message": "unknown key"}, 401)

    for _ in range(3):
        connected(password="5ec2e7")
        with pytest.raises(SignInRefusedError, match=r"unknown key.*check the API key") as refused:
            carry(ByteNiteHook(), api.get_user())
        assert "5ec2e7" not in str(refused.value)
    assert len(server.heard) == 1


def test_a_token_that_is_taken_back_is_renewed_once(carry, connected, server) -> None:
    server.acts = [bytenite, answers({"message": "expired"}, 401)]

    assert carry(connected(password="key"), api.get_user()) == USER["user"]
    assert server.asked == ["POST /v1/auth/access_token", "GET /v1/auth/user"] * 2


def test_a_paid_call_is_not_sent_again_when_its_answer_is_lost(carry, connected, server) -> None:
    server.acts = [bytenite, answers({}, 503)]

    with pytest.raises(Exception, match="answered 503"):
        carry(connected(password="key"), api.run_job("17"))
    assert server.asked.count("POST /v1/customer/jobs/run/17") == 1


def test_an_upload_goes_to_its_link_without_the_token(carry, connected, server) -> None:
    with serving() as bucket:
        carry(connected(password="key"), iter_of(Call("PUT", f"{bucket.url}/up?sig=1", signed=False)))

        assert sent(bucket) == [("PUT /up?sig=1", None)]
    assert server.heard == []


def iter_of(call):
    yield call


def test_a_look_shows_the_job(carry, connected) -> None:
    hook = connected(password="key")

    job = carry(hook, hook.look("17"))

    assert (job.id, job.phase) == ("17", Phase.SUCCEEDED)


def test_a_cancel_of_a_job_that_is_over_sends_no_abort(carry, connected, server) -> None:
    hook = connected(password="key")

    carry(hook, hook.cancel("17"))

    assert server.asked == ["POST /v1/auth/access_token", "GET /v1/customer/jobs/17"]


@pytest.mark.parametrize(("user", "name"), [({"displayName": "Anna"}, "Anna"), ({"id": "u1", "displayName": ""}, "u1")])
def test_the_connection_test_says_whose_account_it_is(connected, server, user, name) -> None:
    server.acts = [bytenite, answers({"user": user})]

    assert connected(password="key").test_connection() == (True, f"signed in to ByteNite as {name}")


def test_the_trigger_finds_the_hook_by_its_path() -> None:
    hook = load_hook("reelworks.bytenite.hook.ByteNiteHook", "mine")

    assert type(hook) is ByteNiteHook
    assert hook.conn_id == "mine"


def test_the_default_host_is_bytenites_own_over_https(monkeypatch) -> None:
    connect(monkeypatch, "bytenite_default", password="key")
    hook = ByteNiteHook()

    assert hook._address(hook.get_connection("bytenite_default")) == ("https://api.bytenite.com", False)


def test_no_secret_travels_with_a_hook(connected) -> None:
    assert b"5ec2e7" not in pickle.dumps(vars(connected(password="5ec2e7")), protocol=0)
