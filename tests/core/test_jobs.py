"""The only wait, and what a job's phases mean."""

import pytest

from reelworks.core.errors import BusyError, LostError, OverdueError, RefusedError, StalledError, UnreachableError
from reelworks.core.flow import Sleep
from reelworks.core.jobs import LOOKS_UNTIL_LOST, PATIENCE, Job, Phase, sure_look, wait_for_job
from tests.conversation import Clock, Talk

WAITING = Job("17", Phase.WAITING, "queued")
RUNNING = Job("17", Phase.RUNNING, "encoding")
DONE = Job("17", Phase.SUCCEEDED, "completed")


class Looks:
    """A job that shows something else at each look; an error is a look that fails. The last one stays."""

    def __init__(self, *shown, clock=None, takes=0.0):
        self.shown, self.seen = list(shown), 0
        self.clock, self.takes = clock, takes

    def __call__(self):
        shown = self.shown[min(self.seen, len(self.shown) - 1)]
        self.seen += 1
        if self.takes:
            yield Sleep(self.takes)
        if isinstance(shown, Exception):
            raise shown
        return shown
        yield


@pytest.fixture
def clock():
    return Clock()


def wait(looks, clock, **arguments):
    told = {"interval": 10.0, "deadline": clock.now + 10_000, "clock": clock, **arguments}
    talk = Talk(clock=clock)
    return talk, wait_for_job(looks, **told)


@pytest.mark.parametrize("phase", [Phase.SUCCEEDED, Phase.FAILED, Phase.CANCELLED])
def test_a_job_that_is_over_ends_the_wait(clock, phase) -> None:
    over = Job("17", phase, "whatever")
    talk, flow = wait(Looks(WAITING, RUNNING, over), clock)

    assert talk.hear(flow) == over
    assert talk.sleeps == [0.0, 10.0, 10.0]


def test_only_three_phases_are_over() -> None:
    assert {phase for phase in Phase if phase.over} == {Phase.SUCCEEDED, Phase.FAILED, Phase.CANCELLED}


def test_the_first_look_can_wait(clock) -> None:
    talk, flow = wait(Looks(DONE), clock, first_look_after=6.0)

    talk.hear(flow)

    assert talk.sleeps == [6.0]


def test_a_job_is_looked_at_once_even_when_the_deadline_has_passed_before(clock) -> None:
    talk, flow = wait(Looks(DONE), clock, deadline=clock.now - 60)

    assert talk.hear(flow) == DONE


def test_a_job_that_is_not_over_at_its_deadline_is_overdue(clock) -> None:
    looks = Looks(RUNNING)
    talk, flow = wait(looks, clock, deadline=clock.now + 25)

    with pytest.raises(OverdueError, match=r"job 17 is running \(encoding\), and its deadline has passed"):
        talk.hear(flow)
    assert talk.sleeps == [0.0, 10.0, 10.0, 5.0]
    assert looks.seen == 4


def test_a_job_in_a_phase_we_cannot_name_is_overdue_in_the_end_and_never_done(clock) -> None:
    talk, flow = wait(Looks(Job("17", Phase.RUNNING, "JOB_STATE_DREAMING")), clock, deadline=clock.now + 50)

    with pytest.raises(OverdueError, match="JOB_STATE_DREAMING"):
        talk.hear(flow)


def test_the_deadline_is_wall_clock_time_and_counts_what_looks_take(clock) -> None:
    looks = Looks(RUNNING, takes=40.0)
    talk, flow = wait(looks, clock, deadline=clock.now + 100)

    with pytest.raises(OverdueError):
        talk.hear(flow)
    assert looks.seen == 3


def test_a_deadline_that_passes_while_the_process_is_stopped_is_noticed(clock) -> None:
    _, flow = wait(Looks(RUNNING), clock)
    step = next(flow)
    while not (isinstance(step, Sleep) and step.seconds == 10.0):
        step = flow.send(None)
    clock.now += 100_000

    with pytest.raises(OverdueError):
        flow.send(None)


@pytest.mark.parametrize("silence", [UnreachableError("reset"), BusyError("busy")])
def test_looks_that_go_unanswered_are_not_failures_of_the_job(clock, silence) -> None:
    talk, flow = wait(Looks(RUNNING, silence, silence, silence, DONE), clock)

    assert talk.hear(flow) == DONE


def test_a_long_silence_ends_the_wait(clock) -> None:
    looks = Looks(UnreachableError("reset"))
    talk, flow = wait(looks, clock)

    with pytest.raises(UnreachableError, match="reset"):
        talk.hear(flow)
    assert PATIENCE < clock.now - 1_000.0 <= PATIENCE + 10.0


def test_each_answer_renews_the_patience(clock) -> None:
    silence = [UnreachableError("reset")] * 80
    talk, flow = wait(Looks(*silence, RUNNING, *silence, DONE), clock)

    assert talk.hear(flow) == DONE


def test_a_job_that_was_never_seen_is_overdue_too(clock) -> None:
    talk, flow = wait(Looks(UnreachableError("reset")), clock, deadline=clock.now + 20)

    with pytest.raises(OverdueError, match="never seen"):
        talk.hear(flow)


def test_a_refusal_ends_the_wait(clock) -> None:
    talk, flow = wait(Looks(RefusedError("GET /jobs/17 answered 403", 403)), clock)

    with pytest.raises(RefusedError):
        talk.hear(flow)


def test_a_job_is_lost_when_it_was_missed_several_times_in_a_row(clock) -> None:
    looks = Looks(LostError("no such job"))

    with pytest.raises(LostError):
        Talk(clock=clock).hear(sure_look(looks))
    assert looks.seen == LOOKS_UNTIL_LOST == 3


def test_a_single_miss_is_a_gateways(clock) -> None:
    lost = LostError("no such job")
    talk, flow = wait(Looks(lost, lost, RUNNING, lost, lost, DONE), clock)

    assert talk.hear(flow) == DONE


def test_a_lost_job_ends_the_wait(clock) -> None:
    talk, flow = wait(Looks(RUNNING, LostError("no such job")), clock)

    with pytest.raises(LostError):
        talk.hear(flow)


def test_a_change_is_noticed_and_the_same_again_is_not(clock) -> None:
    half = Job("17", Phase.RUNNING, "encoding", percent=50.0)
    noticed = []
    talk, flow = wait(Looks(RUNNING, RUNNING, half, half, DONE), clock, notice=noticed.append)

    talk.hear(flow)

    assert noticed == [RUNNING, half, DONE]


@pytest.mark.parametrize(
    ("job", "text"),
    [
        (Job("17", Phase.WAITING, ""), "job 17 is waiting"),
        (RUNNING, "job 17 is running (encoding)"),
        (Job("17", Phase.RUNNING, "encoding", percent=49.6), "job 17 is running (encoding) 50 %"),
        (Job("17", Phase.FAILED, "error", error="no video"), "job 17 is failed (error): no video"),
    ],
)
def test_a_job_is_told_as_a_log_line(job, text) -> None:
    assert str(job) == text


def test_a_job_that_stands_still_for_too_long_is_given_up(clock) -> None:
    job = Job("17", Phase.RUNNING, "downloading")
    talk, flow = wait(Looks(job), clock, stall=60.0)

    with pytest.raises(StalledError, match="job 17 is running") as told:
        talk.hear(flow)
    assert told.value.seen == str(job)
    assert 60 < clock.now - 1_000 <= 80


@pytest.mark.parametrize("field", ["state", "percent", "motion"])
def test_a_job_that_moves_in_any_way_does_not_stand_still(clock, field) -> None:
    signs = [{"state": str(n)} if field == "state" else {field: float(n)} for n in range(50)]
    looks = Looks(*(Job("17", Phase.RUNNING, **{"state": "encoding", **sign}) for sign in signs), DONE)
    talk, flow = wait(looks, clock, stall=15.0)

    assert talk.hear(flow) == DONE


def test_a_job_that_waits_its_turn_stands_still_only_when_that_is_known(clock) -> None:
    talk, flow = wait(Looks(*[WAITING] * 50, DONE), clock, stall=15.0)
    assert talk.hear(flow) == DONE

    known = Job("17", Phase.WAITING, "queued", motion="0 ahead")
    talk, flow = wait(Looks(known), clock, stall=15.0)
    with pytest.raises(StalledError):
        talk.hear(flow)
