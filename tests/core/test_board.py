"""Many waits, one list."""

import asyncio
import heapq
import itertools
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import pytest

from reelworks.core.board import OFTENER, Board, board_of
from reelworks.core.errors import LostError, SignInRefusedError, UnreachableError
from reelworks.core.flow import Call, Flow, Reply, Sleep, Step, ask
from reelworks.core.jobs import Job, Phase, wait_for_job
from reelworks.core.session import Session
from reelworks.core.transport import aanswer
from tests.conversation import Clock, Talk, reply

INTERVAL = 0.2


class Service:
    """Jobs that are over at a time of their own; counts what it is asked."""

    def __init__(self, hidden: tuple[str, ...] = ()) -> None:
        self.over: set[str] = set()
        self.hidden = hidden
        self.lists = self.looks = 0
        self.wanted: list[tuple[str, ...]] = []
        self.failure: Exception | None = None
        self.known: set[str] = set()

    async def send(self, call: Call) -> Reply:
        await asyncio.sleep(0.005)
        return self.answered(call)

    def answered(self, call: Call) -> Reply:
        if call.path == "/look":
            self.looks += 1
            return reply()
        self.lists += 1
        if isinstance(self.failure, LostError):
            return reply(status=404)
        if self.failure:
            raise self.failure
        return reply()

    def look_at_all(self, wanted: Any) -> Any:
        self.wanted.append(tuple(wanted))
        yield from ask(Call("POST", "/list"))
        return {job_id: self.job(job_id) for job_id in {*wanted, *self.known} if job_id not in self.hidden}

    def look(self, job_id: str) -> Any:
        yield from ask(Call("POST", "/look"))
        return self.job(job_id)

    def job(self, job_id: str) -> Job:
        return Job(job_id, Phase.SUCCEEDED if job_id in self.over else Phase.RUNNING, "state")

    async def wait(self, board: Board, job_id: str, interval: float = INTERVAL) -> Job:
        def look() -> Flow[Job]:
            return board.look(job_id, interval, self.look_at_all, self.look)

        flow = wait_for_job(look, interval=interval / OFTENER, deadline=1e12)
        return await aanswer(flow, self.send)


class Simulation(Service):
    """Carries waits on a clock of its own, so that hours pass at once; each call takes LATENCY seconds."""

    LATENCY = 0.1

    def __init__(self, ends: dict[str, float], hidden: tuple[str, ...] = ()) -> None:
        super().__init__(hidden)
        self.now = 0.0
        self.ends = ends
        self.fails_until = float("inf")
        self.board = Board(lambda: self.now)

    def job(self, job_id: str) -> Job:
        return Job(job_id, Phase.SUCCEEDED if self.now >= self.ends[job_id] else Phase.RUNNING, "state")

    def run(self, waits: Iterable[tuple[str, float, float]]) -> dict[str, float]:
        """Let waits begin (job, interval, start); return how many seconds after its end each has heard of it."""
        order = itertools.count()
        agenda: list[tuple[float, int, str, Flow[Job], Step | None]] = [
            (start, next(order), job, self._flow(job, interval), None) for job, interval, start in waits
        ]
        heapq.heapify(agenda)
        heard = dict[str, float]()
        while agenda:
            self.now, _, job, flow, call = heapq.heappop(agenda)
            if self.now >= self.fails_until:
                self.failure = None
            try:
                step = self._step(flow, call)
            except StopIteration:
                heard[job] = self.now - self.ends[job]
                continue
            pause = step.seconds if isinstance(step, Sleep) else self.LATENCY
            heapq.heappush(agenda, (self.now + pause, next(order), job, flow, step))
        return heard

    def _step(self, flow: Flow[Job], before: Step | None) -> Step:
        if not isinstance(before, Call):
            return flow.send(None)
        try:
            answer = self.answered(before)
        except UnreachableError as error:
            return flow.throw(error)
        return flow.send(answer)

    def _flow(self, job: str, interval: float) -> Flow[Job]:
        def look() -> Any:
            return self.board.look(job, interval, self.look_at_all, self.look)

        return wait_for_job(look, interval=interval / OFTENER, deadline=1e12, clock=lambda: self.now)


def story(coroutine: Any) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 20))


def test_two_hundred_waits_share_the_lists_of_each_interval() -> None:
    service, board = Service(), Board()
    interval = 1.0  # on a busy machine, too, all of them have come before it is over

    async def play() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        waits = [asyncio.create_task(service.wait(board, str(number), interval)) for number in range(200)]
        for wait in waits:
            await asyncio.sleep(0.001)  # they come one after the other
            assert not wait.done()
        await asyncio.sleep(4 * interval)
        service.over = {str(number) for number in range(200)}
        await asyncio.gather(*waits)
        return loop.time() - began

    took = story(play())

    assert service.lists <= OFTENER * took / interval + 1
    assert service.looks <= 1  # the first list was asked for before the others came
    assert max(map(len, service.wanted)) == 200


def test_a_job_that_the_list_does_not_show_is_looked_at_by_itself() -> None:
    service, board = Service(hidden=("7",)), Board()
    service.known = {"7", "8"}
    service.over = {"7", "8"}

    async def play() -> None:
        await asyncio.gather(service.wait(board, "7"), service.wait(board, "8"))

    story(play())

    assert (service.lists, service.looks) == (1, 1)


def test_a_wait_that_is_over_or_gone_is_not_asked_for_any_more() -> None:
    service, board = Service(), Board()
    service.over = {"over"}

    async def play() -> None:
        gone = asyncio.create_task(service.wait(board, "gone"))
        await service.wait(board, "over")
        gone.cancel()
        stays = asyncio.create_task(service.wait(board, "stays"))
        await asyncio.sleep(5 * INTERVAL)
        stays.cancel()

    story(play())

    assert service.wanted[-1] == ("stays",)


def test_a_wait_that_is_cancelled_while_it_asks_lets_another_ask() -> None:
    service, board = Service(), Board()

    async def hang(call: Call) -> Reply:
        await asyncio.sleep(60)
        return reply()

    async def play() -> Job:
        asking = asyncio.create_task(aanswer(board.look("1", INTERVAL, service.look_at_all, service.look), hang))
        await asyncio.sleep(0.01)
        service.over = {"2"}
        other = asyncio.create_task(service.wait(board, "2"))
        await asyncio.sleep(0.01)
        asking.cancel()
        return await other

    assert story(play()).phase is Phase.SUCCEEDED


@pytest.mark.parametrize("failure", [UnreachableError("reset"), LostError("404")])
def test_a_list_that_fails_fails_one_look_of_each_wait_and_is_not_asked_for_by_all(failure: Exception) -> None:
    service = Simulation({str(number): 20.0 for number in range(50)})
    service.failure, service.fails_until = failure, 10.0

    heard = service.run((job, 15.0, 0.0) for job in service.ends)

    assert len(heard) == 50
    assert service.lists <= OFTENER * (service.now / 15.0 + 2)
    assert service.looks == 0


def test_what_no_wait_can_mend_ends_the_wait_that_met_it() -> None:
    service, board = Service(), Board()
    service.failure = SignInRefusedError("wrong password")

    with pytest.raises(SignInRefusedError):
        story(service.wait(board, "1"))


def test_a_wait_that_is_alone_has_one_list_in_an_interval() -> None:
    service = Simulation({"1": 147.0})

    heard = service.run([("1", 15.0, 0.0)])

    assert heard["1"] <= 15.0 + 2 * service.LATENCY
    assert service.lists == 11


def test_two_waits_hear_oftener_and_ask_no_more_than_if_each_looked_for_itself() -> None:
    service = Simulation({"1": 300.0, "2": 300.0})

    heard = service.run([("1", 15.0, 0.0), ("2", 15.0, 4.0)])

    assert max(heard.values()) <= 7.5 + 2 * service.LATENCY
    assert service.lists <= 2 * 300 / 15 + 2


def test_of_a_thousand_waits_each_hears_within_a_part_of_the_interval_at_a_few_lists() -> None:
    ends = {str(number): 100.0 + number / 3 for number in range(1000)}
    service = Simulation(ends)

    heard = service.run((job, 15.0, number / 40) for number, job in enumerate(ends))

    assert max(heard.values()) <= 15.0 / OFTENER + 3 * service.LATENCY
    assert service.lists <= OFTENER * (service.now / 15.0 + 2)
    assert service.looks <= 1


def test_one_impatient_wait_has_the_others_hear_sooner_but_pays_for_itself() -> None:
    service = Simulation({"quick": 100.0, "slow": 100.0})

    service.run([("quick", 1.0, 0.0), ("slow", 60.0, 0.0)])

    assert service.lists <= 100 + 100 / 60 + 3


def test_jobs_that_no_list_shows_are_looked_at_once_in_an_interval() -> None:
    hidden = tuple(str(number) for number in range(10))
    service = Simulation(dict.fromkeys((*hidden, "shown"), 300.0), hidden)

    heard = service.run((job, 15.0, 0.0) for job in service.ends)

    assert service.looks <= 10 * (300 / 15 + 2)
    assert max(heard.values()) <= 1.5 * 15.0


def slept_before_a_look(board: Board, clock: Clock, within: float = 60.0, status: int = 200) -> list[float]:
    talk = Talk([reply(status=status)], clock)
    with suppress(LostError):
        talk.hear(board.look_singly("1", 15.0, Service().look, within))
    return talk.sleeps


def test_single_looks_are_an_interval_apart_or_as_far_as_there_is_time() -> None:
    clock = Clock()
    board = Board(clock)

    assert slept_before_a_look(board, clock) == [0.0]
    assert slept_before_a_look(board, clock) == [15.0]
    assert slept_before_a_look(board, clock, within=4.0) == [4.0]


def test_a_job_that_is_said_to_be_gone_is_looked_at_again_at_once() -> None:
    clock = Clock()
    board = Board(clock)

    assert slept_before_a_look(board, clock) == [0.0]
    assert slept_before_a_look(board, clock, status=404) == [15.0]
    assert slept_before_a_look(board, clock) == [0.0]


def test_an_interval_of_nothing_is_borne() -> None:
    service = Simulation({"1": 1.0})

    assert service.run([("1", 0.0, 0.0)])["1"] < 1.0


def test_a_session_has_one_board() -> None:
    one, other = (Session(lambda: iter(()), lambda token: {}) for _ in range(2))

    assert board_of(one) is board_of(one)
    assert board_of(one) is not board_of(other)
