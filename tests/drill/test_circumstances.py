"""A drill in which too little went wrong proves nothing, and says so."""

from __future__ import annotations

from typing import Any

import pytest

from drill.circumstances import lacking
from drill.evidence import Death, Evidence
from drill.plan import KINDS, SERVICES, TRIGGERERS, make_plan, orphans
from drill.report import circumstances, nothing_proved
from drill.run import PROVES_NOTHING, verdict
from stack.terminal import Terminal
from tests.drill.handmade import clean

COUNTS = (20, 100)


def eventful(count: int) -> Evidence:
    """All of the plan happened, and a video waited in each triggerer that died but the first two."""
    ledger: dict[str, Any] = {"requests": [{"endpoint": "get_job", "count": 200}]}
    ledgers = {service: {**ledger, "faults": [{"kind": kind, "count": 1} for kind, _ in KINDS]} for service in SERVICES}
    ledgers["sqs"]["events"] = {"made": count, "lost": 1, "duplicated": 1, "delayed": 1}
    blows = make_plan(1, count).blows
    deaths = [Death(blow.target, int(blow.target in TRIGGERERS and not blow.bereaves)) for blow in blows]
    return Evidence(ledgers, history=[], deaths=deaths, orphans=orphans(count))


@pytest.fixture(params=COUNTS)
def count(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def evidence(count: int) -> Evidence:
    return eventful(count)


def test_nothing_is_lacking_where_all_of_the_plan_happened(count: int, evidence: Evidence) -> None:
    assert lacking(count, evidence) == []


@pytest.mark.parametrize(("calls", "says"), [(1000, "0.7 %"), (30, "23.3 %")], ids=["few", "many"])
def test_too_few_or_too_many_calls_went_wrong(count: int, evidence: Evidence, calls: int, says: str) -> None:
    for ledger in evidence.ledgers.values():
        ledger["requests"][0]["count"] = calls

    (said,) = lacking(count, evidence)

    assert said.startswith(says.replace(" ", "")), said


def test_each_kind_of_fault_in_a_long_drill_and_some_in_a_short_one() -> None:
    for number, missing in ((20, 3), (100, 0)):
        evidence = eventful(number)
        for ledger in evidence.ledgers.values():
            ledger["faults"] = [{"kind": kind, "count": 2} for kind, _ in KINDS[missing:]]
        assert lacking(number, evidence) == []

        for ledger in evidence.ledgers.values():
            ledger["faults"].pop(0)
        (said,) = lacking(number, evidence)
        assert KINDS[missing][0] in said


@pytest.mark.parametrize("what", ["lost", "duplicated", "delayed"])
def test_events_that_all_came_as_they_should(count: int, evidence: Evidence, what: str) -> None:
    evidence.ledgers["sqs"]["events"][what] = 0

    assert lacking(count, evidence) == [f"no event of S3's was {what}"]


@pytest.mark.parametrize("kind", ["worker", "triggerer", "scheduler", "database"])
def test_a_death_that_was_planned_and_did_not_come(count: int, evidence: Evidence, kind: str) -> None:
    evidence.deaths.remove(next(death for death in evidence.deaths if death.target.startswith(kind)))

    (said,) = lacking(count, evidence)

    assert said.startswith(f"{kind}: ")


def test_triggerers_in_which_nothing_waited(count: int, evidence: Evidence) -> None:
    evidence.deaths = [Death(death.target) for death in evidence.deaths]

    (said,) = lacking(count, evidence)

    assert said.startswith("0 triggerers held a video's wait")


@pytest.mark.parametrize("service", ["openencoder", "pixop"])
def test_an_orphan_that_was_not_made(count: int, evidence: Evidence, service: str) -> None:
    evidence.orphans = {**evidence.orphans, service: evidence.orphans[service] - 1}

    (said,) = lacking(count, evidence)

    assert said.startswith(f"{service}: ")


def test_it_is_said_apart_from_broken_guarantees(capsys: pytest.CaptureFixture[str]) -> None:
    made = clean()
    evidence = eventful(20)
    made.evidence.deaths, made.evidence.orphans = evidence.deaths, evidence.orphans
    for service, ledger in evidence.ledgers.items():
        made.evidence.ledgers.setdefault(service, {}).update(ledger)

    def ended() -> tuple[int, str]:
        code = verdict(Terminal(), made.videos, made.evidence, 20)
        return code, capsys.readouterr().out

    assert ended()[0] == 0

    made.evidence.deaths = []
    code, said = ended()
    assert code == PROVES_NOTHING
    assert "This drill proves nothing" in said

    made.evidence.calls = ["somebody cleared a task"]
    code, said = ended()
    assert code == 1
    assert "This drill proves nothing" not in said  # what it has found, it has proved


def test_the_report_tells_the_waits_and_the_orphans(evidence: Evidence, count: int) -> None:
    said = circumstances(evidence, "2 openencoder folders", 60)

    triggerers = sum(death.target.startswith("triggerer") for death in evidence.deaths)
    assert f"{triggerers - 2}, in {triggerers - 2} of {triggerers}" in said
    assert "faults" in said
    assert "pixop" in said


def test_what_is_lacking_is_listed() -> None:
    assert nothing_proved(["a", "b"]).splitlines()[1:] == ["  a", "  b"]
