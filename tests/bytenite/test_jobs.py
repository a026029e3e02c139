"""What takes more than one call, against a small model of ByteNite that loses calls and answers."""

import pytest

from reelworks.bytenite import api
from reelworks.bytenite.jobs import (
    PAUSES,
    WORTH_A_LIST,
    cancel_job,
    find_job,
    look_at_all,
    run_once,
    start_job,
    wait_for_results,
)
from reelworks.core.errors import BusyError, RefusedError, UnreachableError
from reelworks.core.jobs import Phase
from tests.conversation import Talk, reply

LOST = UnreachableError("the connection was reset")


class ByteNite:
    """Keeps jobs, counts runs, and has trouble with the calls whose verb is in ``trouble``.

    "deaf": the call never arrives. "mute": it is done and the answer is lost. Anything else is the answer.
    """

    def __init__(self, **states):
        self.jobs = {id: {"id": id, "name": "a-job", "state": f"JOB_STATE_{state}"} for id, state in states.items()}
        self.trouble = {}
        self.runs = 0
        self.asked = []
        self.slept = 0.0

    def hear(self, flow):
        talk = Talk(self._line)
        try:
            return talk.hear(flow)
        finally:
            self.slept += sum(talk.sleeps)

    def _line(self, call):
        verb, job_id = self._read(call)
        self.asked.append(f"{verb} {job_id}".strip())
        assert len(self.asked) < 100, "asked for ever"
        trouble = self.trouble.get(verb) or []
        now = trouble.pop(0) if trouble else None
        if now == "deaf":
            return LOST
        if now not in (None, "mute"):
            return now
        answer = getattr(self, f"_{verb}")(job_id)
        return LOST if now == "mute" else answer

    def _read(self, call):
        rest = call.path.removeprefix("/v1/customer/jobs").strip("/").split("/")
        if call.method == "GET":
            return ("list", "") if rest == [""] else ("results" if rest[-1] == "results" else "look", rest[0])
        return (rest[1], rest[0]) if rest[-1] == "abort" else (rest[0], rest[1])

    def _list(self, _):
        return reply({"data": list(self.jobs.values()), "pagination": {"hasNext": False}})

    def _look(self, job_id):
        return reply({"job": self.jobs[job_id]}) if job_id in self.jobs else reply({"message": "no such job"}, 404)

    def _datasource(self, job_id):
        return self._look(job_id)

    _params = _datasource

    def _results(self, job_id):
        return reply({"results": [{"name": "a_720.mp4", "link": "https://b/720"}]})

    def _run(self, job_id):
        if self.jobs[job_id]["state"] != api.NEW:
            return reply({"ok": False, "message": "already started"}, 400)
        self.jobs[job_id]["state"] = "JOB_STATE_PARTITIONING"
        self.runs += 1
        return reply({"ok": True})

    def _abort(self, job_id):
        if job_id not in self.jobs:
            return reply({"message": "no such job"}, 404)
        if self.jobs[job_id]["state"] == api.NEW:
            del self.jobs[job_id]
        else:
            self.jobs[job_id]["state"] = "JOB_STATE_ABORTED"
        return reply({"ok": True})


# Finding


def test_a_job_is_found_by_its_name() -> None:
    service = ByteNite(j1="PARTITIONING", j2="NEW")
    service.jobs["j2"]["name"] = "a-job-2"

    assert service.hear(find_job("a-job")) == "j1"
    assert service.hear(find_job("a-job-2")) == "j2"
    assert service.hear(find_job("a-jo")) is None
    assert set(service.jobs) == {"j1", "j2"}


def test_the_job_that_was_started_is_the_one_and_spare_drafts_are_deleted() -> None:
    service = ByteNite(j1="NEW", j2="PARTITIONING", j3="NEW")

    assert service.hear(find_job("a-job")) == "j2"
    assert set(service.jobs) == {"j2"}


def test_of_several_drafts_one_stays() -> None:
    service = ByteNite(j2="NEW", j1="NEW")

    assert service.hear(find_job("a-job")) == "j1"
    assert set(service.jobs) == {"j1"}


def test_a_job_that_runs_is_never_taken_for_a_spare_one() -> None:
    service = ByteNite(j1="COMPLETE", j2="PARTITIONING")

    service.hear(find_job("a-job"))

    assert service.jobs["j2"]["state"] == "JOB_STATE_PARTITIONING"


def test_other_peoples_drafts_stay() -> None:
    service = ByteNite(j1="PARTITIONING", j2="NEW")
    service.jobs["j2"]["name"] = "somebody else's"

    service.hear(find_job("a-job"))

    assert set(service.jobs) == {"j1", "j2"}


# Running


def test_a_draft_is_run_with_one_call() -> None:
    service = ByteNite(j1="NEW")

    service.hear(run_once("j1"))

    assert service.asked == ["run j1"]
    assert service.runs == 1


@pytest.mark.parametrize(
    "trouble", [["mute"], ["deaf"], ["deaf", "mute"], ["deaf", "deaf", "deaf"], [reply(status=503)]]
)
def test_whatever_is_lost_a_draft_is_run_exactly_once(trouble) -> None:
    service = ByteNite(j1="NEW")
    service.trouble["run"] = list(trouble)

    service.hear(run_once("j1"))

    assert service.runs == 1
    assert service.jobs["j1"]["state"] == "JOB_STATE_PARTITIONING"


def test_a_lost_run_is_looked_at_before_it_is_sent_again() -> None:
    service = ByteNite(j1="NEW")
    service.trouble["run"] = ["mute"]

    service.hear(run_once("j1"))

    assert service.asked == ["run j1", "look j1"]
    assert service.slept >= PAUSES[0]


def test_a_run_that_was_lost_while_looks_fail_is_not_sent_again() -> None:
    service = ByteNite(j1="NEW")
    service.trouble = {"run": ["mute"], "look": ["deaf"] * 10}

    with pytest.raises(UnreachableError):
        service.hear(run_once("j1"))
    assert service.asked.count("run j1") == 1


def test_a_run_that_another_try_has_made_is_no_error() -> None:
    service = ByteNite(j1="PARTITIONING")

    service.hear(run_once("j1"))

    assert service.runs == 0


def test_a_refused_run_is_told_and_not_repeated() -> None:
    service = ByteNite(j1="NEW")
    service.trouble["run"] = [reply({"ok": False, "message": "low balance"})]

    with pytest.raises(RefusedError, match="low balance"):
        service.hear(run_once("j1"))
    assert service.asked.count("run j1") == 1


def test_a_service_that_never_hears_the_run_is_given_up() -> None:
    service = ByteNite(j1="NEW")
    service.trouble["run"] = ["deaf"] * 50

    with pytest.raises(UnreachableError):
        service.hear(run_once("j1"))
    assert service.asked.count("run j1") == len(PAUSES) + 1


def test_a_job_is_filled_in_before_it_is_run() -> None:
    service = ByteNite(j1="NEW")

    service.hear(start_job("j1", source={"a": 1}, destination={"b": 2}, params={"data": {}}))

    assert service.asked == ["datasource j1", "params j1", "run j1"]


def test_a_job_that_cannot_be_filled_in_is_not_run() -> None:
    service = ByteNite(j1="NEW")
    service.trouble["params"] = [reply({"message": "bad codec"}, 400)]

    with pytest.raises(RefusedError, match="bad codec"):
        service.hear(start_job("j1", source={}, destination={}, params={}))
    assert service.runs == 0


# Cancelling


def test_a_running_job_is_aborted_and_seen_to_be_over() -> None:
    service = ByteNite(j1="PARTITIONING")

    service.hear(cancel_job("j1"))

    assert service.jobs["j1"]["state"] == "JOB_STATE_ABORTED"
    assert service.asked.count("abort j1") == 1
    assert service.asked[-1] == "look j1"


def test_a_draft_is_deleted() -> None:
    service = ByteNite(j1="NEW")

    service.hear(cancel_job("j1"))

    assert service.jobs == {}


@pytest.mark.parametrize("state", ["COMPLETE", "FAILED", "ABORTED"])
def test_a_job_that_is_over_is_left_alone(state) -> None:
    service = ByteNite(j1=state)

    service.hear(cancel_job("j1"))

    assert "abort j1" not in service.asked


def test_a_job_that_is_gone_is_no_error() -> None:
    service = ByteNite()

    service.hear(cancel_job("j1"))

    assert "abort j1" not in service.asked


@pytest.mark.parametrize(
    "trouble", [["deaf"], ["mute"], ["deaf", "deaf", "mute"], [reply(status=503)], [reply({"ok": False})]]
)
def test_an_abort_that_gets_lost_is_sent_again_until_the_job_is_over(trouble) -> None:
    service = ByteNite(j1="PARTITIONING")
    service.trouble["abort"] = list(trouble)

    service.hear(cancel_job("j1"))

    assert service.jobs["j1"]["state"] == "JOB_STATE_ABORTED"


def test_a_job_that_cannot_be_aborted_is_an_error() -> None:
    service = ByteNite(j1="PARTITIONING")
    service.trouble["abort"] = [reply(status=503)] * 50

    with pytest.raises(BusyError):
        service.hear(cancel_job("j1"))


# Results


def test_results_are_there_at_once() -> None:
    assert ByteNite(j1="COMPLETE").hear(wait_for_results("j1")) == {"a_720.mp4": "https://b/720"}


NOT_YET = pytest.mark.parametrize(
    "early",
    [
        reply({"results": []}),
        reply({"results": None}),
        reply({"results": [{"name": "a_720.mp4", "link": None}]}),
        reply({"message": "not yet"}, 404),
    ],
)


@NOT_YET
def test_results_that_come_a_moment_later_are_waited_for(early) -> None:
    service = ByteNite(j1="COMPLETE")
    service.trouble["results"] = [early, early]

    assert service.hear(wait_for_results("j1")) == {"a_720.mp4": "https://b/720"}
    assert service.slept == sum(PAUSES[:2])


@NOT_YET
def test_results_that_are_not_told_in_time_are_left_to_another_try(early) -> None:
    """Their links live for two days, and the job is paid."""
    service = ByteNite(j1="COMPLETE")
    service.trouble["results"] = [early] * 50

    with pytest.raises(UnreachableError, match="job j1 is complete, and its results are not told yet"):
        service.hear(wait_for_results("j1"))
    assert service.slept == sum(PAUSES)


class Account:
    """An account of many jobs, the newest of which are at work, and whose list has an order of its own.

    ``most`` is how many rows a page has at most, whatever is asked for.
    """

    def __init__(self, ids, totals=True, most=1000):
        self.ids, self.totals, self.most = ids, totals, most

    def __call__(self, call):
        assert (call.method, call.path) == ("GET", "/v1/customer/jobs")
        offset, limit = (int(call.query[f"pagination.{name}"]) for name in ("offset", "limit"))
        assert offset >= 0
        assert limit > 0
        chosen = self.ids[offset : offset + min(limit, self.most)]
        told = {
            "total": str(len(self.ids)) if self.totals else None,
            "hasNext": offset + len(chosen) < len(self.ids),
        }
        rows = [{"id": str(job), "state": "JOB_STATE_PARTITIONING"} for job in chosen]
        return reply({"data": rows, "pagination": told})


OLDEST_FIRST = list(range(1, 5001))
ORDERS = pytest.mark.parametrize("order", [OLDEST_FIRST, OLDEST_FIRST[::-1]], ids=["oldest first", "newest first"])


@ORDERS
@pytest.mark.parametrize(("waiting", "calls"), [(12, 2), (200, 2), (1200, 4)])
def test_a_few_pages_show_all_that_is_in_flight_whatever_the_order(order, waiting, calls) -> None:
    talk = Talk(Account(order))
    wanted = {str(job) for job in OLDEST_FIRST[-waiting:]}

    shown = talk.hear(look_at_all(wanted))

    assert wanted <= shown.keys()
    assert {shown[job].phase for job in wanted} == {Phase.RUNNING}
    assert len(talk.calls) <= calls


@ORDERS
def test_pages_smaller_than_asked_for_leave_no_gap(order) -> None:
    talk = Talk(Account(order, most=100))
    wanted = {str(job) for job in OLDEST_FIRST[-300:]}

    shown = talk.hear(look_at_all(wanted))

    assert len(talk.calls) == 4
    assert len(wanted & shown.keys()) >= 280
    assert len(wanted & shown.keys()) == max(int(job) for job in wanted) - min(map(int, wanted & shown.keys())) + 1


@ORDERS
def test_jobs_with_others_between_them_are_sought_at_the_end_that_shows_some(order) -> None:
    talk = Talk(Account(order))
    wanted = {str(job) for job in OLDEST_FIRST[-300::3]}

    assert len(wanted & talk.hear(look_at_all(wanted)).keys()) >= 99
    assert len(talk.calls) <= 4


def test_a_list_that_tells_no_total_is_read_from_its_beginning() -> None:
    talk = Talk(Account(OLDEST_FIRST[::-1], totals=False))
    wanted = {str(job) for job in OLDEST_FIRST[-700:]}

    assert wanted <= talk.hear(look_at_all(wanted)).keys()
    assert len(talk.calls) == 2


def test_jobs_that_are_not_among_the_newest_cost_no_more_than_four_pages() -> None:
    talk = Talk(Account(OLDEST_FIRST))

    shown = talk.hear(look_at_all([str(job) for job in range(2000, 2020)]))

    assert len(talk.calls) == 4
    assert "2000" not in shown


def test_a_refused_list_shows_nothing_and_ends_no_wait() -> None:
    talk = Talk([reply({"message": "limit is too high"}, 400)])

    assert talk.hear(look_at_all([str(job) for job in range(200)])) == {}


def test_a_few_jobs_are_not_worth_a_list() -> None:
    assert Talk([]).hear(look_at_all([str(job) for job in range(WORTH_A_LIST - 1)])) == {}


def test_a_whole_account_is_read_once() -> None:
    talk = Talk(Account([5, 3, 9]))

    assert talk.hear(look_at_all([str(job) for job in range(20)])).keys() == {"3", "5", "9"}
    assert len(talk.calls) == 1
