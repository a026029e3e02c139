"""Answers too long to be held: opened by a hook, signed like any other, read by any thread."""

import io
import json
import threading

import pytest

from reelworks.core.errors import UnreachableError
from reelworks.core.flow import Call, ask
from reelworks.core.hook import VideoServiceHook
from reelworks.core.session import Session, Token
from tests.connections import connect
from tests.loopback import answers, resets, serving

FILM = Call("GET", "/film", timeout=5.0)
LONG = bytes(range(256)) * 4096


class AcmeHook(VideoServiceHook):
    conn_name_attr = "conn_id"
    default_conn_name = "acme_default"
    conn_type = "acme"
    hook_name = "Acme"

    def session(self, connection):
        def sign_in():
            body = yield from ask(Call("POST", "/sign-in", json={"key": connection.password}, signed=False))
            return Token(body["token"], 600.0)

        return Session(sign_in, lambda token: {"Authorization": token})

    def look(self, job_id):
        return ask(Call("GET", f"/jobs/{job_id}"))

    def cancel(self, job_id):
        return ask(Call("DELETE", f"/jobs/{job_id}"))

    def ping(self):
        return ask(Call("GET", "/me"))


def token_office(wanted):
    """Give out t-1, t-2, …; only the token ``wanted`` opens anything else, and what does is a long answer."""
    given = []

    def act(handler):
        if handler.heard.path == "/sign-in":
            given.append(handler)
            answers({"token": f"t-{len(given)}"})(handler)
        elif handler.heard.headers.get("authorization") == wanted:
            answers(LONG, kind="video/mp4")(handler)
        else:
            answers({"message": "expired"}, 401)(handler)

    return act


@pytest.fixture
def server():
    with serving() as server:
        server.act = token_office("t-1")
        yield server


@pytest.fixture
def hook(monkeypatch, request, server):
    connect(monkeypatch, "acme_default", conn_type="acme", host=server.url, password=request.node.name)
    return AcmeHook()


def test_a_stream_is_signed_and_read_by_its_caller(hook, server) -> None:
    with hook.stream(FILM) as answer:
        first = answer.raw.read(1000)
        rest = answer.raw.read()

    assert first + rest == LONG
    assert server.asked == ["POST /sign-in", "GET /film"]


def test_a_stream_signs_in_once_more_after_a_401(hook, server) -> None:
    server.act = token_office("t-2")

    with hook.stream(FILM) as answer:
        assert answer.raw.read() == LONG

    assert server.asked == ["POST /sign-in", "GET /film", "POST /sign-in", "GET /film"]


def test_what_a_refused_stream_says_has_been_read(hook, server) -> None:
    server.acts = [answers({"message": "busy"}, 503)]

    with hook.stream(Call("GET", "/film", signed=False)) as answer:
        assert (answer.status_code, json.loads(answer.content)) == (503, {"message": "busy"})


def test_a_stream_that_nobody_answers_says_so(hook, server) -> None:
    server.act = resets

    with (
        pytest.raises(UnreachableError, match="GET /film went unanswered"),
        hook.stream(Call("GET", "/film", signed=False)),
    ):
        pass


def test_a_whole_url_is_streamed_without_the_token(hook, server) -> None:
    hook.answer(ask(Call("GET", "/sign-in")))  # so that there is a token to be lost

    with hook.stream(Call("GET", f"{server.url}/elsewhere")) as answer:
        assert answer.status_code == 401

    assert "authorization" not in server.heard[-1].headers


def test_eight_threads_stream_at_once_after_one_sign_in(hook, server) -> None:
    got = []

    def read():
        with hook.stream(FILM) as answer:
            got.append(answer.raw.read() == LONG)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert got == [True] * 8
    assert server.asked.count("POST /sign-in") == 1


def test_a_long_call_may_begin_with_a_new_token(hook, server) -> None:
    server.acts = [answers({"token": "t-1"}), answers({"me": 1})]
    hook.answer(hook.ping())

    hook.sign_in_anew()
    hook.answer(ask(Call("GET", "/sign-in")))

    assert [heard.path for heard in server.heard] == ["/sign-in", "/me", "/sign-in", "/sign-in"]


class Chunks:
    """A body in pieces, as a long upload is."""

    len = len(LONG)

    def __iter__(self):
        return iter(memoryview(LONG)[at : at + 100_000] for at in range(0, len(LONG), 100_000))


class Half(Chunks):
    def __iter__(self):
        yield LONG[:100_000]
        raise UnreachableError("the source has dried up")


@pytest.mark.parametrize("make", [Chunks, lambda: io.BytesIO(LONG)], ids=["chunks", "file"])
def test_a_body_is_sent_from_its_beginning_again_after_a_401(hook, server, make) -> None:
    server.act = token_office("t-2")

    with hook.stream(Call("POST", "/film", body=make())):
        pass

    assert [heard.body == LONG for heard in server.heard if heard.path == "/film"] == [True, True]


def test_chunks_are_sent_with_their_length_told_beforehand(hook, server) -> None:
    with hook.stream(Call("POST", "/film", body=Chunks())):
        pass

    assert server.heard[-1].body == LONG
    assert server.heard[-1].headers["content-length"] == str(len(LONG))
    assert "transfer-encoding" not in server.heard[-1].headers


def test_a_source_that_dries_up_ends_the_call(hook, server) -> None:
    with pytest.raises(UnreachableError, match="dried up"), hook.stream(Call("POST", "/film", body=Half())):
        pass
