"""Finding, cancelling, restarting and looking at jobs of a server that forgets nothing and watches nothing."""

from typing import Any

import pytest

from reelworks.core.errors import BadInputError, LostError, UnreachableError
from reelworks.core.flow import Call, Reply
from reelworks.openencoder import jobs
from reelworks.openencoder.jobs import cancel_job, find_job, look_at_all, newest_id, restart_job
from tests.conversation import Clock, Talk, reply

MISSING = reply({"message": "Job does not exist", "status": 404}, 404)


class Server:
    """Answers by its rows; ``after_cancel`` are the states that a worker writes over a cancel, one for each look."""

    def __init__(self, **states: str) -> None:
        self.rows = {int(name[1:]): state for name, state in states.items()}
        self.after_cancel: list[str] = []
        self.not_found: dict[str, int] = {}
        """How often the next looks at a job, or cancels of one, find it not there, although it is."""
        self.cancelled: list[int] = []
        self.restarted: list[int] = []
        self.dest = "s3:///out/"

    def __call__(self, call: Call) -> Reply:
        parts = call.path.strip("/").split("/")
        if len(parts) == 2:
            return self._page(call)
        number = int(parts[2])
        what = parts[3] if parts[3:] else "look"
        if self.not_found.get(what):
            self.not_found[what] -= 1
            return MISSING
        if parts[-1] == "cancel":
            self.cancelled.append(number)
            self.rows[number] = "cancelled"
        if parts[-1] == "restart":
            self.restarted.append(number)
        if parts[-1] == "status":
            return reply({"job_status": self.rows.get(number, ""), "status": 200})
        if call.method == "POST":
            return reply({"status": 200})
        if number not in self.rows:
            return MISSING
        if self.cancelled and self.after_cancel:
            self.rows[number] = self.after_cancel.pop(0)
        return reply({"job": self._row(number), "status": 200})

    def _row(self, number: int) -> dict[str, Any]:
        return {"id": number, "status": self.rows[number], "destination": self.dest, "progress": 5}

    def _page(self, call: Call) -> Reply:
        assert call.query
        page, count = int(call.query["page"]), int(call.query["count"])
        ids = sorted(self.rows, reverse=True)[(page - 1) * count : page * count]
        return reply({"count": len(self.rows), "items": [self._row(number) for number in ids]})


class Endless(Talk):
    """Every call is answered by the server."""

    def __init__(self, server: Server, clock: Clock | None = None) -> None:
        super().__init__((), clock)
        self.server = server

    def _line(self, step: Any) -> Any:
        return self.server(step) if isinstance(step, Call) else super()._line(step)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def cancel(server: Server, clock: Clock, watch: float = 5.0) -> Any:
    return Endless(server, clock).hear(cancel_job("7", watch, clock))


def test_a_cancelled_job_is_watched_for_as_long_as_is_said(clock: Clock) -> None:
    server, began = Server(j7="encoding"), clock.now

    assert cancel(server, clock).state == "cancelled"
    assert server.cancelled == [7]
    assert clock.now - began >= 5.0


def test_a_job_that_a_worker_brings_back_is_cancelled_again(clock: Clock) -> None:
    server = Server(j7="downloading")
    server.after_cancel = ["cancelled", "probing", "cancelled", "encoding"]

    assert cancel(server, clock).state == "cancelled"
    assert server.cancelled == [7, 7, 7]


def test_a_job_that_never_stays_cancelled_is_told_of(clock: Clock) -> None:
    server = Server(j7="downloading")
    server.after_cancel = ["encoding"] * 100

    with pytest.raises(UnreachableError, match="went on each time"):  # another try may do better
        cancel(server, clock)


@pytest.mark.parametrize("state", ["completed", "error"])
def test_a_job_that_ended_by_itself_keeps_its_state(clock: Clock, state: str) -> None:
    server = Server(j7=state)

    assert cancel(server, clock).state == state
    assert server.cancelled == []


def test_a_cancelled_job_that_gets_done_all_the_same_is_done(clock: Clock) -> None:
    server = Server(j7="uploading")
    server.after_cancel = ["completed"]

    assert cancel(server, clock).state == "completed"
    assert server.cancelled == [7]


def test_a_job_that_is_not_there_is_not_cancelled(clock: Clock) -> None:
    server = Server()

    assert cancel(server, clock) is None
    assert server.cancelled == []


@pytest.mark.parametrize("what", ["look", "cancel"])
def test_a_single_404_lets_no_job_run_on(clock: Clock, what: str) -> None:
    server = Server(j7="encoding")
    server.not_found = {what: 1}

    assert cancel(server, clock).state == "cancelled"
    assert server.cancelled == [7]


def test_a_job_that_is_cancelled_already_is_watched_too(clock: Clock) -> None:
    server, began = Server(j7="cancelled"), clock.now

    cancel(server, clock)

    assert server.cancelled == []
    assert clock.now - began >= 5.0


def test_a_cancel_that_stays_unanswered_is_an_error(clock: Clock) -> None:
    talk = Talk([UnreachableError("reset")] * 4 * jobs.ROUNDS, clock)

    with pytest.raises(UnreachableError):
        talk.hear(cancel_job("7", 5.0, clock))


@pytest.mark.parametrize("state", ["completed", "error", "cancelled"])
def test_a_job_that_is_over_is_restarted(state: str) -> None:
    server = Server(j7=state)

    assert Endless(server).hear(restart_job("7")) == state
    assert server.restarted == [7]


@pytest.mark.parametrize("state", ["queued", "encoding"])
def test_a_job_that_is_not_over_is_restarted_only_on_demand(state: str) -> None:
    server = Server(j7=state)
    with pytest.raises(BadInputError, match="even_if_running"):
        Endless(server).hear(restart_job("7"))
    assert server.restarted == []

    Endless(server).hear(restart_job("7", even_if_running=True))
    assert server.restarted == [7]


def test_a_job_that_is_not_there_is_not_restarted() -> None:
    server = Server()
    with pytest.raises(LostError):
        Endless(server).hear(restart_job("7"))
    assert server.restarted == []


def test_a_job_is_found_by_where_it_writes() -> None:
    server = Server(**{f"j{number}": "completed" for number in range(1, 250)})
    assert Endless(server).hear(find_job("elsewhere/")) is None
    assert Endless(server).hear(find_job("s3:///out/", after=248)) == "249"
    assert Endless(server).hear(newest_id()) == 249
    assert Endless(Server()).hear(newest_id()) == 0


def test_a_search_ends_where_the_jobs_are_older_than_the_intent() -> None:
    talk = Endless(Server(**{f"j{number}": "completed" for number in range(1, 1000)}))

    assert talk.hear(find_job("elsewhere/", after=980)) is None
    assert len(talk.calls) == 1


def test_of_two_jobs_to_one_place_the_further_one_is_kept_and_the_other_cancelled(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "WATCH", 0.0)
    server = Server(j3="completed", j7="queued", j8="encoding")

    assert Endless(server, clock).hear(find_job("s3:///out/", after=3)) == "8"
    assert server.cancelled == [7]


def test_one_list_shows_all_that_is_in_flight() -> None:
    server = Server(**{f"j{number}": "queued" for number in range(1, 1001)})
    talk = Endless(server)

    shown = talk.hear(look_at_all([str(number) for number in range(801, 1001)]))

    assert len(talk.calls) == 1
    assert {str(number) for number in range(801, 1001)} <= set(shown)


def test_further_pages_are_not_turned_for_one_old_job_and_end_at_three_for_many() -> None:
    server = Server(**{f"j{number}": "completed" for number in range(1, 1001)})
    one, many = Endless(server), Endless(server)

    one.hear(look_at_all(["5"]))
    many.hear(look_at_all([str(number) for number in range(1, 11)]))

    assert len(one.calls) == 1
    assert len(many.calls) == 3


def test_a_waiting_job_stands_still_only_when_nothing_ahead_of_it_moves() -> None:
    server = Server(j1="encoding", j2="queued", j3="completed", j4="queued")
    first = Endless(server).hear(look_at_all(["4"]))
    again = Endless(server).hear(look_at_all(["4"]))
    server.rows[2] = "downloading"
    moved = Endless(server).hear(look_at_all(["4"]))

    assert first["4"].motion == again["4"].motion != moved["4"].motion
    assert first["3"].motion is None
