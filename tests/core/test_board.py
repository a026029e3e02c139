"""Many waits, one list."""

import asyncio
from typing import Any

import pytest

from reelworks.core.board import Board, board_of
from reelworks.core.errors import LostError, SignInRefusedError, UnreachableError
from reelworks.core.flow import Call, Reply, ask
from reelworks.core.jobs import Job, Phase, wait_for_job
from reelworks.core.transport import aanswer
from tests.conversation import reply

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
        if call.path == "/list":
            self.lists += 1
            if isinstance(self.failure, LostError):
                return reply(status=404)
            if self.failure:
                raise self.failure
        else:
            self.looks += 1
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
        flow = wait_for_job(
            lambda: board.look(job_id, interval, self.look_at_all, self.look), interval=interval, deadline=1e12
        )
        return await aanswer(flow, self.send)


def story(coroutine: Any) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 20))


def test_two_hundred_waits_share_one_list_for_each_interval() -> None:
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

    assert service.lists <= took / interval + 1
    assert service.looks <= 1  # the first list was asked for before the others came
    assert max(map(len, service.wanted)) == 200


def test_nobody_hears_later_than_an_interval_after() -> None:
    service, board = Service(), Board()

    async def play() -> list[float]:
        loop = asyncio.get_running_loop()
        waits = []
        for number in range(20):
            waits.append(asyncio.create_task(service.wait(board, str(number))))
            await asyncio.sleep(INTERVAL / 7)
        service.over = {str(number) for number in range(20)}
        since = loop.time()
        heard: list[float] = []
        for wait in waits:
            wait.add_done_callback(lambda _: heard.append(loop.time() - since))
        await asyncio.gather(*waits)
        await asyncio.sleep(0)
        return heard

    assert max(story(play())) < 1.5 * INTERVAL


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
    service, board = Service(), Board()
    service.failure = failure

    async def play() -> list[Any]:
        waits = [asyncio.create_task(service.wait(board, str(number))) for number in range(50)]
        await asyncio.sleep(INTERVAL / 2)
        assert service.lists == 1
        service.failure, service.over = None, {str(number) for number in range(50)}
        return await asyncio.gather(*waits)

    assert len(story(play())) == 50
    assert service.lists <= 3


def test_what_no_wait_can_mend_ends_the_wait_that_met_it() -> None:
    service, board = Service(), Board()
    service.failure = SignInRefusedError("wrong password")

    with pytest.raises(SignInRefusedError):
        story(service.wait(board, "1"))


def test_waits_of_different_intervals_share_a_board() -> None:
    service, board = Service(), Board()

    async def play() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        waits = [
            asyncio.create_task(service.wait(board, "quick", 0.1)),
            asyncio.create_task(service.wait(board, "slow", 5.0)),
        ]
        await asyncio.sleep(0.5)
        service.over = {"quick"}
        await waits[0]
        waits[1].cancel()
        return loop.time() - began

    assert story(play()) < 1.0
    assert 4 <= service.lists <= 8


def test_a_process_has_one_board_for_a_connection() -> None:
    assert board_of("hook", "a") is board_of("hook", "a")
    assert board_of("hook", "a") is not board_of("hook", "b")
