"""Signing in: one token for all, renewed in time, never in a loop."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from reelworks.core.errors import BusyError, LostError, SignInRefusedError, UnreachableError
from reelworks.core.flow import REPEATS, Call, Sleep, ask
from reelworks.core.session import GRUDGE, MARGIN, Session, Token, shared_session
from reelworks.core.transport import aanswer, answer
from tests.conversation import Clock, Talk, reply

SIGN_IN = Call("POST", "/sign-in", signed=False)
LOOK = Call("GET", "/jobs/17")


def signed(call, token):
    return Call(call.method, call.path, headers={"Authorization": token})


class Service:
    """Gives tokens t1, t2 …, each good for ``lifetime`` seconds."""

    def __init__(self, clock, lifetime=3600.0):
        self.clock, self.lifetime, self.given = clock, lifetime, 0
        self.session = Session(self.sign_in, lambda token: {"Authorization": token}, clock=clock)

    def sign_in(self):
        yield from ask(SIGN_IN)
        self.given += 1
        return Token(f"t{self.given}", self.lifetime)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def service(clock):
    return Service(clock)


def look_twice(after):
    first = yield from ask(LOOK)
    yield Sleep(after)
    return first, (yield from ask(LOOK))


def test_the_first_signed_call_signs_in(service, clock) -> None:
    talk = Talk([reply({}), reply("found")], clock)

    assert talk.hear(service.session.carry(ask(LOOK))) == "found"
    assert talk.calls == [SIGN_IN, signed(LOOK, "t1")]


def test_a_call_keeps_its_own_headers(service, clock) -> None:
    talk = Talk([reply({}), reply()], clock)

    talk.hear(service.session.carry(ask(Call("GET", "/x", headers={"Accept": "text/plain"}))))

    assert talk.calls[1].headers == {"Accept": "text/plain", "Authorization": "t1"}


def test_an_unsigned_call_needs_no_sign_in(service, clock) -> None:
    talk = Talk([reply()], clock)

    talk.hear(service.session.carry(ask(Call("PUT", "https://elsewhere.example/up", signed=False))))

    assert "Authorization" not in talk.calls[0].headers


def test_the_token_is_never_put_on_a_whole_url(service, clock) -> None:
    talk = Talk([reply()], clock)

    talk.hear(service.session.carry(ask(Call("GET", "https://elsewhere.example/jobs"))))

    assert talk.calls == [Call("GET", "https://elsewhere.example/jobs")]


def test_a_token_is_kept_while_it_is_good(service, clock) -> None:
    talk = Talk([reply({}), reply(1), reply(2)], clock)

    talk.hear(service.session.carry(look_twice(3600 - MARGIN - 1)))

    assert talk.calls == [SIGN_IN, signed(LOOK, "t1"), signed(LOOK, "t1")]


@pytest.mark.parametrize(("lifetime", "after"), [(3600.0, 3600 - MARGIN), (100.0, 90.0)])
def test_a_token_is_renewed_before_it_expires(clock, lifetime, after) -> None:
    service = Service(clock, lifetime)
    talk = Talk([reply({}), reply(1), reply({}), reply(2)], clock)

    assert talk.hear(service.session.carry(look_twice(after))) == (1, 2)
    assert talk.calls == [SIGN_IN, signed(LOOK, "t1"), SIGN_IN, signed(LOOK, "t2")]


def test_a_token_without_a_lifetime_is_kept(clock) -> None:
    service = Service(clock, lifetime=None)
    talk = Talk([reply({}), reply(1), reply(2)], clock)

    talk.hear(service.session.carry(look_twice(1e9)))

    assert service.given == 1


@pytest.mark.parametrize("lifetime", [0.0, -5.0, 1.0])
def test_a_token_that_is_stale_when_it_arrives_is_used_once_and_not_asked_for_again_and_again(clock, lifetime) -> None:
    service = Service(clock, lifetime)

    def slow(call):
        clock.now += 2.0
        return reply({})

    talk = Talk([slow, reply("found")], clock)

    assert talk.hear(service.session.carry(ask(LOOK))) == "found"
    assert service.given == 1


def test_a_401_renews_the_token_and_the_call_is_sent_again(service, clock) -> None:
    talk = Talk([reply({}), reply(status=401), reply({}), reply("found")], clock)

    assert talk.hear(service.session.carry(ask(LOOK))) == "found"
    assert talk.calls == [SIGN_IN, signed(LOOK, "t1"), SIGN_IN, signed(LOOK, "t2")]


def test_a_second_401_ends_it(service, clock) -> None:
    talk = Talk([reply({}), reply(status=401), reply({}), reply(status=401)], clock)

    with pytest.raises(SignInRefusedError, match="GET /jobs/17 answered 401"):
        talk.hear(service.session.carry(ask(LOOK)))


def test_a_401_that_another_has_renewed_since_costs_no_sign_in(service, clock) -> None:
    mine = service.session.carry(ask(LOOK))
    assert next(mine) == SIGN_IN
    assert mine.send(reply({})) == signed(LOOK, "t1")
    Talk([reply(status=401), reply({}), reply()], clock).hear(service.session.carry(ask(LOOK)))

    assert mine.send(reply(status=401)) == signed(LOOK, "t2")
    assert service.given == 2


def test_what_counts_as_expired_is_the_services_word(clock) -> None:
    session = Session(
        lambda: (yield from Service(clock).sign_in()),
        lambda token: {},
        expired=lambda answer: answer.status == 401 and b"expired" in answer.body,
        clock=clock,
    )
    talk = Talk([reply({}), reply("banned", 401)], clock)

    with pytest.raises(Exception, match="answered 401"):
        talk.hear(session.carry(ask(LOOK)))
    assert len(talk.calls) == 2


def test_the_errors_of_a_call_reach_the_flow_that_made_it(service, clock) -> None:
    def forgiving():
        try:
            yield from ask(Call("POST", "/run"))
        except UnreachableError:
            return "looked for it"

    talk = Talk([reply({}), UnreachableError("reset")], clock)

    assert talk.hear(service.session.carry(forgiving())) == "looked for it"


def test_a_refused_sign_in_is_not_tried_again_within_its_grudge(clock) -> None:
    asked = []

    def refused():
        asked.append(clock())
        raise SignInRefusedError("wrong key")
        yield

    session = Session(refused, lambda token: {}, clock=clock)
    for pause in (0, GRUDGE - 1, 1):
        clock.now += pause
        with pytest.raises(SignInRefusedError, match="wrong key"):
            Talk([], clock).hear(session.carry(ask(LOOK)))

    assert asked == [1000.0, 1000.0 + GRUDGE]


@pytest.mark.parametrize("line", [UnreachableError("reset"), reply(status=503), reply(status=404)])
def test_an_unanswered_sign_in_is_an_unanswered_call_and_bears_no_grudge(service, clock, line) -> None:
    with pytest.raises((UnreachableError, BusyError)):
        Talk([line], clock).hear(service.session.carry(ask(Call("POST", "/run"))))

    assert Talk([line, reply({}), reply("found")], clock).hear(service.session.carry(ask(LOOK))) == "found"


def test_a_sign_in_that_is_not_found_is_not_taken_for_the_loss_of_the_job(service, clock) -> None:
    with pytest.raises(UnreachableError, match="POST /sign-in answered 404"):
        Talk([reply(status=404)] * REPEATS, clock).hear(service.session.carry(ask(LOOK)))


def test_whoever_comes_during_a_sign_in_waits_for_it(service, clock) -> None:
    first, second = service.session.carry(ask(LOOK)), service.session.carry(ask(LOOK))
    assert next(first) == SIGN_IN
    assert isinstance(next(second), Sleep)

    assert first.send(reply({})) == signed(LOOK, "t1")
    assert second.send(None) == signed(LOOK, "t1")
    assert service.given == 1


def test_waiting_for_a_slow_sign_in_gets_lazier_up_to_a_second(service) -> None:
    first, second = service.session.carry(ask(LOOK)), service.session.carry(ask(LOOK))
    next(first)

    pauses = [next(second).seconds, *(second.send(None).seconds for _ in range(9))]

    assert pauses == sorted(pauses)
    assert pauses[0] < 0.1
    assert pauses[-1] == 1.0


def test_a_flow_that_is_dropped_in_mid_sign_in_leaves_the_gate_open(service, clock) -> None:
    dropped = service.session.carry(ask(LOOK))
    assert next(dropped) == SIGN_IN
    dropped.close()

    assert Talk([reply({}), reply("found")], clock).hear(service.session.carry(ask(LOOK))) == "found"


def test_a_coroutine_that_is_cancelled_in_mid_sign_in_leaves_the_gate_open(service) -> None:
    async def hang(call):
        await asyncio.sleep(60)

    async def send(call):
        return reply({})

    async def story():
        task = asyncio.create_task(aanswer(service.session.carry(ask(LOOK)), hang))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await asyncio.wait_for(aanswer(service.session.carry(ask(LOOK)), send), 2)

    assert asyncio.run(story()) == {}


def test_a_flow_that_is_dropped_is_closed() -> None:
    closed = []

    def flow():
        try:
            yield Sleep(1)
        finally:
            closed.append(True)

    carried = Service(Clock()).session.carry(flow())
    next(carried)
    carried.close()

    assert closed == [True]


def test_many_threads_share_one_sign_in() -> None:
    service, crowd = Service(time.time), 16
    start = threading.Barrier(crowd)

    def send(call):
        time.sleep(0.01)
        return reply(call.headers.get("Authorization"))

    def work(_):
        start.wait()
        return answer(service.session.carry(ask(LOOK)), send)

    with ThreadPoolExecutor(crowd) as pool:
        answers = list(pool.map(work, range(crowd)))

    assert answers == ["t1"] * crowd
    assert service.given == 1


def test_many_coroutines_share_one_sign_in() -> None:
    service = Service(time.time)

    async def send(call):
        await asyncio.sleep(0.01)
        return reply(call.headers.get("Authorization"))

    async def crowd():
        return await asyncio.gather(*(aanswer(service.session.carry(ask(LOOK)), send) for _ in range(200)))

    assert asyncio.run(crowd()) == ["t1"] * 200
    assert service.given == 1


def test_many_threads_that_meet_a_401_renew_once() -> None:
    service, crowd = Service(time.time), 16
    start = threading.Barrier(crowd)

    def send(call):
        time.sleep(0.01)
        return reply(status=401) if call.headers.get("Authorization") == "t1" else reply("found")

    def work(_):
        start.wait()
        return answer(service.session.carry(ask(LOOK)), send)

    with ThreadPoolExecutor(crowd) as pool:
        assert list(pool.map(work, range(crowd))) == ["found"] * crowd
    assert service.given == 2


def test_a_process_has_one_session_for_the_same_credentials() -> None:
    def make():
        return Session(lambda: iter(()), lambda token: {})

    one = shared_session(("acme", "https://a", "key 1"), make)

    assert shared_session(("acme", "https://a", "key 1"), make) is one
    assert shared_session(("acme", "https://a", "key 2"), make) is not one
    assert shared_session(("acme", "https://b", "key 1"), make) is not one


def test_a_token_is_not_in_its_repr() -> None:
    assert "5ec2e7" not in repr(Token("5ec2e7", 60.0))


def test_a_missing_thing_is_the_flows_business(service, clock) -> None:
    with pytest.raises(LostError):
        Talk([reply({}), reply(status=404)], clock).hear(service.session.carry(ask(LOOK)))
