"""A drill in which too little went wrong proves nothing, and says so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drill.circumstances import CHANCE, by_chance, lacking
from drill.evidence import Death, Evidence
from drill.orphans import DAGS
from drill.plan import KINDS, SERVICES, TRIGGERERS, WORKERS, make_plan, orphans
from drill.report import circumstances, nothing_proved
from drill.run import PROVES_NOTHING, again, verdict
from stack.home import Home
from stack.processes import StackError
from stack.terminal import Terminal
from tests.drill.handmade import Made, clean

COUNTS = (20, 100)
BOUNDS = [(1000, 21, 86), (3000, 97, 210)]
"""Calls, and the fewest and most faults of them that are not less likely than CHANCE, summed up in whole numbers."""


def eventful(count: int) -> Evidence:
    """All of the plan happened, and a video waited in each triggerer that died but the first two."""
    ledger: dict[str, Any] = {"requests": [{"endpoint": "get_job", "count": 200}]}
    ledgers = {service: {**ledger, "faults": [{"kind": kind, "count": 1} for kind, _ in KINDS]} for service in SERVICES}
    ledgers["sqs"]["events"] = {"made": count, "lost": 1, "duplicated": 1, "delayed": 1}
    blows = make_plan(1, count).blows
    deaths = [
        Death(blow.target, int(blow.target in TRIGGERERS and not blow.bereaves), int(blow.target in WORKERS))
        for blow in blows
    ]
    own = [f"trigger_dag_run {dag} orphan-{number}" for number in range(sum(orphans(count).values())) for dag in DAGS]
    return Evidence(ledgers, history=[], deaths=deaths, orphans=orphans(count), own_calls=own)


@pytest.fixture(params=COUNTS)
def count(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def evidence(count: int) -> Evidence:
    return eventful(count)


def test_nothing_is_lacking_where_all_of_the_plan_happened(count: int, evidence: Evidence) -> None:
    assert lacking(count, evidence) == []


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("calls", [1000, 10], ids=["few", "many"])
def test_too_few_or_too_many_calls_to_a_service_went_wrong(
    count: int, evidence: Evidence, service: str, calls: int
) -> None:
    evidence.ledgers[service]["requests"] = [{"endpoint": "get_job", "count": calls}]

    (said,) = lacking(count, evidence)

    assert said.startswith(f"{service}: 7 of {calls:,} calls went wrong"), said


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("calls", [0, 20])
def test_a_service_that_met_with_no_fault_at_all(count: int, evidence: Evidence, service: str, calls: int) -> None:
    evidence.ledgers[service] |= {"requests": [{"endpoint": "get_job", "count": calls}], "faults": []}

    (said,) = lacking(count, evidence)

    assert said.startswith(f"{service}: 0 of {calls} calls"), said


@pytest.mark.parametrize(("calls", "fewest", "most"), BOUNDS)
def test_the_bound_is_as_wide_as_chance_makes_it(calls: int, fewest: int, most: int) -> None:
    assert by_chance(fewest, calls) >= CHANCE > by_chance(fewest - 1, calls)
    assert by_chance(most, calls) >= CHANCE > by_chance(most + 1, calls)


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
    evidence.deaths = [replace(death, waits=0) for death in evidence.deaths]

    (said,) = lacking(count, evidence)

    assert said.startswith("0 triggerers held a video's wait")


def test_a_worker_that_was_killed_with_nothing_to_do(count: int, evidence: Evidence) -> None:
    at = next(number for number, death in enumerate(evidence.deaths) if death.target in WORKERS)
    evidence.deaths[at] = replace(evidence.deaths[at], tasks=0)

    assert lacking(count, evidence) == ["1 workers had no video's task at work when they were killed"]


def test_an_audit_log_in_which_not_even_the_drills_own_calls_are(count: int, evidence: Evidence) -> None:
    evidence.own_calls = [call.replace("trigger_dag_run", "patch_dag_run") for call in evidence.own_calls]

    (said,) = lacking(count, evidence)

    assert said.startswith("the audit log tells of 0 of the ")


@pytest.mark.parametrize("service", ["openencoder", "pixop"])
def test_an_orphan_that_was_not_made(count: int, evidence: Evidence, service: str) -> None:
    evidence.orphans = {**evidence.orphans, service: evidence.orphans[service] - 1}

    (said,) = lacking(count, evidence)

    assert said.startswith(f"{service}: ")


@pytest.fixture
def drilled(tmp_path: Path) -> Made:
    """What a drill with 20 leaves in its home, all as it has to be."""
    made, evidence = clean(), eventful(20)
    made.evidence.deaths, made.evidence.orphans = evidence.deaths, evidence.orphans
    made.evidence.own_calls = evidence.own_calls
    for service, ledger in evidence.ledgers.items():
        made.evidence.ledgers.setdefault(service, {}).update(ledger)
    (tmp_path / "plan.json").write_text(json.dumps({"count": 20}))
    (tmp_path / "expected.json").write_text(json.dumps([video.as_json() for video in made.videos]))
    return made


def test_it_is_said_apart_from_broken_guarantees(
    drilled: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = drilled

    def ended() -> tuple[int, str]:
        code = verdict(Terminal(), made.videos, made.evidence, 20, tmp_path)
        told = json.loads((tmp_path / "verdict.json").read_text())
        assert told["code"] == code
        assert bool(told["violations"] or told["lacks"]) == (code != 0)
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


def test_a_drill_that_came_to_its_limit_is_no_better_when_it_is_judged_again(
    drilled: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path)
    drilled.evidence.save(tmp_path / "evidence.json")
    assert again(home, Terminal()) == 0

    drilled.evidence.trouble = "not all was over after 5 s"
    drilled.evidence.save(tmp_path / "evidence.json")

    assert again(home, Terminal()) == 1
    assert "not all was over" in capsys.readouterr().out
    assert json.loads((tmp_path / "verdict.json").read_text())["trouble"] == "not all was over after 5 s"


def test_all_violations_are_in_the_file_though_not_all_are_shown(
    drilled: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drilled.evidence.calls = [f"call {number}" for number in range(50)]

    assert verdict(Terminal(), drilled.videos, drilled.evidence, 20, tmp_path) == 1

    assert "and 10 more, in verdict.json" in capsys.readouterr().out
    told = json.loads((tmp_path / "verdict.json").read_text())["violations"]
    assert [each["what"] for each in told] == drilled.evidence.calls


def test_where_nothing_was_drilled_nothing_can_be_judged_again(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="no drill in"):
        again(Home(tmp_path), Terminal())


def test_the_report_tells_the_waits_and_the_orphans(evidence: Evidence, count: int) -> None:
    said = circumstances(evidence, "2 openencoder folders", 60)

    triggerers = sum(death.target.startswith("triggerer") for death in evidence.deaths)
    assert f"{triggerers - 2}, in {triggerers - 2} of {triggerers}" in said
    assert "7 (3.5%)" in next(line for line in said.splitlines() if "calls to pixop" in line)
    assert f"{sum(evidence.orphans.values())}, {sum(evidence.orphans.values())}" in said


def test_what_is_lacking_is_listed() -> None:
    assert nothing_proved(["a", "b"]).splitlines()[1:] == ["  a", "  b"]
