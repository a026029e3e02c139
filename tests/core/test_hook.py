"""From a connection to an answered flow, on a worker and in the triggerer."""

import asyncio
import gc
import json

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.sdk.execution_time import task_runner

from reelworks.core.errors import BadInputError, UnreachableError
from reelworks.core.flow import Call, ask
from reelworks.core.hook import _TRIGGERER_LINES, VideoServiceHook
from reelworks.core.session import Session, Token
from tests.connections import connect
from tests.loopback import answers, hangs, resets, serving
from tests.reap.airflow_edge import Airflow

GET = Call("GET", "/jobs/17")


class AcmeHook(VideoServiceHook):
    conn_name_attr = "conn_id"
    default_conn_name = "acme_default"
    conn_type = "acme"
    hook_name = "Acme"

    def session(self, connection):
        def sign_in():
            body = yield from ask(Call("POST", "/sign-in", json={"key": connection.password}, signed=False))
            return Token(body["token"])

        return Session(sign_in, lambda token: {"Authorization": token})

    def look(self, job_id):
        return ask(Call("GET", f"/jobs/{job_id}"))

    def cancel(self, job_id):
        return ask(Call("DELETE", f"/jobs/{job_id}"))

    def ping(self):
        yield from ask(Call("GET", "/me"))
        return "hello"


def acme(handler):
    """Sign in, and tell which token came."""
    heard = handler.heard
    body = {"token": "t-" + heard.json["key"]} if heard.path == "/sign-in" else heard.headers.get("authorization")
    answers(body)(handler)


@pytest.fixture
def server():
    with serving() as server:
        server.act = acme
        yield server


@pytest.fixture(params=["worker", "triggerer"])
def carry(request):
    """Carry flows with one hook and return what the last one found out."""
    if request.param == "worker":
        return lambda hook, *flows: [hook.answer(flow) for flow in flows][-1]

    async def all_of(hook, flows):
        return [await hook.aanswer(flow) for flow in flows][-1]

    return lambda hook, *flows: asyncio.run(all_of(hook, flows))


@pytest.fixture
def connected(monkeypatch, request):
    """Make the connection acme_default; each test's key is its own, so that no two share a token."""

    def make(**fields):
        connect(monkeypatch, "acme_default", **{"conn_type": "acme", "password": request.node.name, **fields})
        return AcmeHook()

    return make


def test_a_flow_is_answered_and_signed(carry, connected, server, request) -> None:
    hook = connected(host=server.url)

    assert carry(hook, ask(GET)) == f"t-{request.node.name}"
    assert server.asked == ["POST /sign-in", "GET /jobs/17"]


def test_nothing_is_read_when_a_hook_is_made() -> None:
    assert AcmeHook("nowhere").conn_id == "nowhere"


def test_hooks_on_one_connection_share_the_sign_in(carry, connected, server) -> None:
    connected(host=server.url)

    carry(AcmeHook(), ask(GET))
    carry(AcmeHook(), ask(GET))

    assert server.asked.count("POST /sign-in") == 1


def test_another_password_signs_in_anew(carry, connected, server) -> None:
    carry(connected(host=server.url), ask(GET))

    assert carry(connected(host=server.url, password="rotated"), ask(GET)) == "t-rotated"


def test_a_triggerers_waits_share_a_sign_in_and_a_client(connected, server) -> None:
    connected(host=server.url)

    async def crowd():
        await asyncio.gather(*(AcmeHook().aanswer(ask(GET)) for _ in range(30)))
        return len(_TRIGGERER_LINES)

    assert asyncio.run(crowd()) == 1
    assert server.asked.count("POST /sign-in") == 1
    assert server.asked.count("GET /jobs/17") == 30


def test_every_event_loop_has_a_client_of_its_own(connected, server) -> None:
    hook = connected(host=server.url)

    for _ in range(6):  # a loop may get its predecessor's id, and with it a client that is dead
        asyncio.run(hook.aanswer(ask(GET)))
        gc.collect()

    assert server.asked.count("GET /jobs/17") == 6
    assert len(_TRIGGERER_LINES) == 1


@pytest.mark.parametrize(
    ("fields", "base"),
    [
        ({"host": "api.acme.example"}, "https://api.acme.example"),
        ({"host": "api.acme.example", "schema": "http", "extra": {"allow_http": True}}, "http://api.acme.example"),
        ({"host": "api.acme.example", "port": 8443}, "https://api.acme.example:8443"),
        ({"host": "https://acme.example/below/"}, "https://acme.example/below/"),
        ({"host": "https://acme.example/below", "port": 8443}, "https://acme.example:8443/below"),
        ({"host": "http://localhost:9000"}, "http://localhost:9000"),
    ],
)
def test_the_address_is_what_the_connection_says(connected, fields, base) -> None:
    hook = connected(**fields)

    assert hook._address(hook.get_connection("acme_default"))[0] == base


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"host": ""}, "has no host"),
        ({"host": "http://acme.example"}, "use https"),
        ({"host": "http://acme.example", "extra": {"allow_http": "yes"}}, "use https"),
        ({"host": "acme.example", "conn_type": "http"}, "is of type 'http': it has to be 'acme'"),
        ({"host": "ftp://acme.example"}, "correct the connection's host"),
    ],
)
def test_a_connection_that_cannot_work_is_refused_with_the_remedy(carry, connected, fields, complaint) -> None:
    with pytest.raises(BadInputError, match=complaint) as refused:
        carry(connected(**fields), ask(GET))
    assert "test_a_connection" not in str(refused.value)


def test_a_missing_connection_is_named_with_the_remedy(carry, monkeypatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_ACME_DEFAULT", raising=False)

    with pytest.raises(BadInputError, match=r"'acme_default' cannot be read: .* AIRFLOW_CONN_ACME_DEFAULT"):
        carry(AcmeHook(), ask(GET))


@pytest.fixture
def airflow(monkeypatch):
    """The line to a supervisor that knows of no connection; those of the environment are found without it."""
    airflow = Airflow()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", airflow, raising=False)
    return airflow


def test_a_connection_that_airflow_does_not_know_is_named_with_the_remedy(carry, airflow) -> None:
    with pytest.raises(BadInputError, match=r"'acme_nowhere' cannot be read: .* AIRFLOW_CONN_ACME_NOWHERE"):
        carry(AcmeHook("acme_nowhere"), ask(GET))


@pytest.mark.parametrize("line", [AirflowRuntimeError, BrokenPipeError, EOFError])
def test_an_airflow_that_does_not_answer_is_not_taken_for_a_missing_connection(carry, airflow, line) -> None:
    airflow.silent_at, airflow.silence = 1, line

    with pytest.raises(UnreachableError, match=r"does not say whether there is a connection 'acme_nowhere' \(\w+\)$"):
        carry(AcmeHook("acme_nowhere"), ask(GET))


def test_nor_is_one_that_answers_again_when_it_is_asked_why(carry, airflow) -> None:
    airflow.connections["acme_nowhere"] = "acme"
    airflow.silent_at, airflow.heard_at = 1, 2

    with pytest.raises(UnreachableError, match=r"does not say whether there is a connection 'acme_nowhere'"):
        carry(AcmeHook("acme_nowhere"), ask(GET))


def test_a_wait_that_is_cancelled_lets_the_next_one_sign_in(connected, server) -> None:
    hook = connected(host=server.url)
    server.acts = [hangs]

    async def story():
        cancelled = asyncio.create_task(hook.aanswer(ask(GET)))
        while not server.asked:  # noqa: ASYNC110, another thread writes it
            await asyncio.sleep(0.01)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert server.asked == ["POST /sign-in"]
        await asyncio.wait_for(hook.aanswer(ask(GET)), 20)

    asyncio.run(story())
    assert server.asked == ["POST /sign-in", "POST /sign-in", "GET /jobs/17"]


def test_the_connection_test_says_who_answered(connected, server) -> None:
    assert connected(host=server.url).test_connection() == (True, "hello")


def test_the_connection_test_says_what_is_wrong_without_the_secret(connected, server) -> None:
    server.act = answers({}, 403)

    good, said = connected(host=server.url, password="5ec2e7").test_connection()

    assert not good
    assert "POST /sign-in answered 403" in said
    assert "5ec2e7" not in said


def test_the_connection_test_of_an_address_where_nobody_answers_says_what_to_check(connected):
    good, said = connected(host="http://127.0.0.1:1").test_connection()

    assert not good
    assert said.endswith("is http://127.0.0.1:1 the right address (the connection's host), and does it run?")


def test_errors_on_the_line_come_through(carry, connected, server) -> None:
    server.act = resets

    with pytest.raises(UnreachableError) as lost:
        carry(connected(host=server.url, password="5ec2e7"), ask(Call("POST", "/jobs")))
    assert "5ec2e7" not in repr(lost.value)


def test_what_a_connection_keeps_secret_is_nowhere_in_the_hook(connected, server) -> None:
    hook = connected(host=server.url, password="5ec2e7")
    hook.answer(ask(GET))

    assert "5ec2e7" not in json.dumps({name: repr(value) for name, value in vars(hook).items()})
