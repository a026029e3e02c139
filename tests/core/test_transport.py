"""Bytes that leave, on the worker's line and on the triggerer's: both must do the same."""

import asyncio
import io
import os
import socket
import time
import weakref

import pytest

from reelworks.core.errors import BadInputError, LostError, RefusedError, UnreachableError, VideoServiceError
from reelworks.core.flow import Call, Reply, Sleep, ask
from reelworks.core.session import Session, Token
from reelworks.core.transport import TriggererLine, WorkerLine, aanswer, answer
from tests.loopback import answers, babbles, hangs, resets, serving, stops_in_a_chunk, stops_in_the_middle

GET = Call("GET", "/jobs/17", timeout=5.0)
POST = Call("POST", "/jobs", json={"name": "a job"}, timeout=5.0)


class Worker:
    def __init__(self, base_url, allow_http=False):
        self.line = WorkerLine(base_url, allow_http)

    def carry(self, *flows):
        return [answer(flow, self.line.send) for flow in flows][-1]

    def send(self, call):
        return self.line.send(call)


class Triggerer:
    def __init__(self, base_url, allow_http=False):
        self.base_url, self.allow_http = base_url, allow_http
        TriggererLine(base_url, allow_http)

    def carry(self, *flows):
        return asyncio.run(self._carry(flows))

    async def _carry(self, flows):
        line = TriggererLine(self.base_url, self.allow_http)
        try:
            return [await aanswer(flow, line.send) for flow in flows][-1]
        finally:
            if line._client:
                await line._client.aclose()

    def send(self, call):
        def flow():
            return (yield call)

        return self.carry(flow())


@pytest.fixture(params=[Worker, Triggerer])
def kind(request):
    return request.param


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def line(kind, server):
    return kind(server.url)


def test_a_call_arrives_as_it_was_meant(line, server) -> None:
    call = Call(
        "PATCH", "/jobs/17", query={"pagination.limit": "5", "q": "a b&c"}, json={"name": "é"}, headers={"X-Own": "1"}
    )

    line.send(call)

    (heard,) = server.heard
    assert heard.method == "PATCH"
    assert heard.path in ("/jobs/17?pagination.limit=5&q=a+b%26c", "/jobs/17?pagination.limit=5&q=a%20b%26c")
    assert heard.json == {"name": "é"}
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["x-own"] == "1"


def test_an_empty_object_is_a_body_and_nothing_is_none(line, server) -> None:
    line.send(Call("POST", "/jobs/run/17", json={}))
    line.send(Call("GET", "/jobs/17"))

    assert [heard.body for heard in server.heard] == [b"{}", b""]


def test_a_reply_comes_back_with_its_headers_in_lower_case(line, server) -> None:
    server.act = answers({"id": 17}, 201, Retry_After="3")

    reply = line.send(POST)

    assert (reply.status, reply.body) == (201, b'{"id": 17}')
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["retry-after"] == "3"


@pytest.mark.parametrize("base", ["", "/", "/below/here", "/below/here/"])
def test_paths_lie_below_the_base_url(kind, server, base) -> None:
    kind(server.url + base).send(GET)

    assert server.asked == [f"GET {base.rstrip('/')}/jobs/17"]


@pytest.mark.parametrize("act", [resets, stops_in_the_middle, stops_in_a_chunk, babbles])
def test_a_line_that_breaks_is_no_answer(line, server, act) -> None:
    server.act = act

    with pytest.raises(UnreachableError, match=r"POST /jobs went unanswered \(\w+\)"):
        line.carry(ask(POST))
    assert server.asked == ["POST /jobs"]


@pytest.mark.parametrize("act", [resets, stops_in_the_middle])
def test_a_look_is_taken_again_over_a_line_that_broke(line, server, act) -> None:
    server.acts = [act, answers({}, 503, Retry_After="0"), answers({"id": "17"})]

    assert line.carry(ask(GET)) == {"id": "17"}
    assert server.asked == ["GET /jobs/17"] * 3


def test_a_service_that_hangs_is_given_up_after_the_calls_timeout(line, server) -> None:
    server.act = hangs
    begun = time.monotonic()

    with pytest.raises(UnreachableError):
        line.carry(ask(Call("POST", "/jobs", json={}, timeout=0.2)))
    assert time.monotonic() - begun < 3
    assert server.asked == ["POST /jobs"]


def test_nobody_there_is_no_answer(kind) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(UnreachableError):
        kind(f"http://127.0.0.1:{port}").carry(ask(POST))


def test_a_post_is_sent_once_even_when_its_kept_connection_has_died(line, server) -> None:
    server.acts = [answers({}), resets]

    with pytest.raises(UnreachableError):
        line.carry(ask(POST), ask(POST))
    assert server.asked == ["POST /jobs", "POST /jobs"]


def test_a_web_page_is_no_answer(line, server) -> None:
    server.act = answers(b"<html>welcome</html>", kind="text/html")

    with pytest.raises(UnreachableError, match="text/html instead of JSON"):
        line.carry(ask(POST))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("call", [GET, POST])
def test_a_redirect_is_not_followed(line, server, status, call) -> None:
    with serving() as elsewhere:
        server.act = answers({}, status, Location=elsewhere.url + "/jobs")

        with pytest.raises(RefusedError, match=f"answered {status}"):
            line.carry(ask(call))
        assert elsewhere.heard == []
        assert len(server.heard) == 1


def test_an_error_status_comes_through(line, server) -> None:
    server.act = answers({"message": "no"}, 404)

    with pytest.raises(LostError):
        line.carry(ask(GET))


def token_session():
    def sign_in():
        return Token("5ec2e7")
        yield

    return Session(sign_in, lambda token: {"Authorization": token})


def test_a_netrc_entry_does_not_take_the_tokens_place(line, server, monkeypatch, tmp_path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login anna password wrong\n")
    monkeypatch.setenv("NETRC", os.fspath(netrc))

    line.carry(token_session().carry(ask(GET)))

    assert server.heard[0].headers["authorization"] == "5ec2e7"


def test_a_user_in_the_address_does_not_take_the_tokens_place(kind, server) -> None:
    line = kind(server.url.replace("http://", "http://anna:wrong@"))

    line.carry(token_session().carry(ask(GET)))

    assert server.heard[0].headers["authorization"] == "5ec2e7"


def test_an_upload_link_on_another_host_gets_no_token(line, server) -> None:
    with serving() as elsewhere:
        line.carry(token_session().carry(ask(Call("GET", elsewhere.url + "/up?sig=1"))))

        assert elsewhere.asked == ["GET /up?sig=1"]
        assert "authorization" not in elsewhere.heard[0].headers
        assert server.heard == []


@pytest.mark.parametrize("url", ["http://api.example", "http://10.0.0.7:8080", "http://localhost.example"])
def test_plain_http_stays_on_this_machine(kind, url) -> None:
    with pytest.raises(BadInputError, match="use https"):
        kind(url)
    assert kind(url, allow_http=True)


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1", "https://api.example"])
def test_loopback_and_https_are_fine(kind, url) -> None:
    assert kind(url)


@pytest.mark.parametrize("url", ["ftp://api.example", "api.example", "https://", "file:///etc/passwd", "http://[::1"])
def test_what_is_no_http_address_is_refused(kind, url) -> None:
    with pytest.raises(BadInputError, match="correct the connection's host"):
        kind(url)


def test_a_plain_link_to_another_machine_is_refused_and_its_query_is_not_told(line) -> None:
    with pytest.raises(BadInputError, match="use https") as refused:
        line.carry(ask(Call("GET", "http://anna:pa55@bucket.example/up?sig=5ec2e7", signed=False)))
    assert "5ec2e7" not in str(refused.value)
    assert "pa55" not in str(refused.value)


def test_a_presigned_query_is_not_told_when_nobody_answers(line, server) -> None:
    server.act = resets

    with pytest.raises(UnreachableError) as lost:
        line.carry(ask(Call("PUT", server.url + "/up?sig=5ec2e7", signed=False)))
    told = f"{lost.value!r} {lost.value.__cause__!r}"
    assert "5ec2e7" not in told
    assert lost.value.__suppress_context__


@pytest.mark.parametrize("header", ["two\nlines", "“quoted”"])
def test_a_token_that_fits_no_header_is_bad_input_and_not_told(line, server, header) -> None:
    with pytest.raises(BadInputError, match="header") as refused:
        line.send(Call("GET", "/jobs", headers={"Authorization": f"5ec2e7{header}"}))
    assert "5ec2e7" not in str(refused.value)
    assert server.heard == []


def test_an_id_that_fits_no_url_is_no_accident_of_the_library(line, server) -> None:
    server.act = answers({}, 404)

    with pytest.raises(VideoServiceError):
        line.carry(ask(Call("POST", "/jobs/17\x00")))


def test_a_worker_sends_a_files_bytes_as_they_are(server) -> None:
    content = os.urandom(3_000_000)

    Worker(server.url).carry(ask(Call("PUT", "/up", body=io.BytesIO(content), headers={"Content-Type": "video/mp4"})))

    (heard,) = server.heard
    assert heard.body == content
    assert heard.headers["content-length"] == "3000000"
    assert heard.headers["content-type"] == "video/mp4"


def test_the_triggerer_refuses_to_read_a_file(server) -> None:
    with pytest.raises(TypeError, match="from a worker"):
        Triggerer(server.url).send(Call("PUT", "/up", body=io.BytesIO(b"film")))
    assert server.heard == []


def test_calls_share_a_connection(line, server) -> None:
    ports = []

    def act(handler):
        ports.append(handler.client_address[1])
        answers({})(handler)

    server.act = act
    line.carry(ask(GET), ask(GET), ask(GET))

    assert len(set(ports)) == 1


def test_a_worker_sleeps_as_long_as_the_flow_says() -> None:
    slept = []

    def flow():
        yield Sleep(3.5)
        return "woke"

    assert answer(flow(), WorkerLine("https://a.example").send, slept.append) == "woke"
    assert slept == [3.5]


def test_a_flow_in_the_triggerer_does_not_hold_up_the_others() -> None:
    async def nobody(call):
        raise AssertionError

    def sleeper():
        yield Sleep(0.2)

    async def crowd():
        await asyncio.gather(*(aanswer(sleeper(), nobody) for _ in range(50)))

    begun = time.monotonic()
    asyncio.run(crowd())

    assert time.monotonic() - begun < 2


class Stopped(BaseException):
    """What a signal handler raises in the middle of anything."""


def test_a_flow_is_closed_however_its_carrier_ends() -> None:
    closed = []

    def flow():
        try:
            yield GET
        finally:
            closed.append(True)

    def stop(call):
        raise Stopped

    with pytest.raises(Stopped):
        answer(flow(), stop)
    assert closed == [True]


class Remarkable(Reply):
    """An answer of which it can be told whether anybody still has it."""

    __slots__ = ("__weakref__",)


@pytest.mark.parametrize("carry", [answer, lambda flow, send: asyncio.run(aanswer(flow, _later(send)))])
def test_an_answer_that_has_been_read_is_not_kept_while_the_flow_sleeps(carry) -> None:
    """Each of a thousand waits would keep the last list that it asked for."""
    sent = []

    def send(call):
        reply = Remarkable(200, {"content-type": "application/json"}, b"{}")
        sent.append(weakref.ref(reply))
        return reply

    def flow():
        yield from ask(GET)
        yield Sleep(0)
        return [reply() for reply in sent]

    assert carry(token_session().carry(flow()), send) == [None]


def _later(send):
    async def later(call):
        return send(call)

    return later
