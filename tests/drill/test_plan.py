"""A drill's plan is a pure function of its seed and size, and has some of everything."""

from __future__ import annotations

from collections import Counter

import pytest

from drill.expected import PROMISES
from drill.plan import FAULTED, LONG, SERVICES, WAVES, deaths, make_plan, orphans
from reelworks.core.operator import JobOperator

SIZES = (20, 100, 1000)


@pytest.mark.parametrize("count", SIZES)
def test_the_same_seed_gives_the_same_plan_and_another_one_another(count: int) -> None:
    assert make_plan(7, count) == make_plan(7, count)
    assert make_plan(7, count) != make_plan(8, count)


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("seed", range(5))
def test_a_plan_has_some_of_each_kind_and_recipe(seed: int, count: int) -> None:
    plan = make_plan(seed, count)

    fates = Counter(landing.fate for landing in plan.landings)
    assert sum(fates.values()) == count == len({landing.key for landing in plan.landings})
    assert fates["published"] > count * 0.65
    assert fates["quarantined"] >= 2
    assert fates["refused"] >= 1
    assert {landing.recipe for landing in plan.landings} == {*WAVES} == {*PROMISES}


@pytest.mark.parametrize(
    ("count", "deaths"),
    [
        (20, {"worker": 3, "triggerer": 3, "scheduler": 1, "database": 1}),
        (100, {"worker": 10, "triggerer": 10, "scheduler": 2, "database": 1}),
        (1000, {"worker": 10, "triggerer": 10, "scheduler": 2, "database": 1}),
    ],
)
def test_as_much_dies_as_it_has_to_and_while_there_is_work(count: int, deaths: dict[str, int]) -> None:
    plan = make_plan(3, count)

    assert Counter(blow.target.partition("-")[0] for blow in plan.blows) == deaths
    moments = [blow.after for blow in plan.blows]
    assert moments == sorted(moments)
    assert moments[-1] < 0.9 * count


@pytest.mark.parametrize("service", SERVICES)
def test_one_call_in_twenty_goes_wrong_in_all(service: str) -> None:
    passed = 1.0
    for rule in make_plan(1, 20).faults[service]:
        passed *= 1 - rule["probability"]

    assert 1 - passed == pytest.approx(FAULTED)


def test_no_two_rules_draw_the_same_chances() -> None:
    seeds = [rule["seed"] for rules in make_plan(1, 20).faults.values() for rule in rules]

    assert len(seeds) == len({*seeds})


@pytest.mark.parametrize("count", SIZES)
def test_at_any_time_some_job_of_every_video_takes_longer_than_tasks_wait_in_place(count: int) -> None:
    paces = make_plan(1, count).paces

    assert paces[0].after == 0
    assert [pace.after for pace in paces] == sorted({pace.after for pace in paces})
    for pace in paces:
        slow = {service for service, seconds in pace.seconds.items() if seconds}
        assert all(slow & {*promise.paid} for promise in PROMISES.values())
        assert all(JobOperator.patience < LONG[0] <= pace.seconds[service] <= LONG[1] for service in slow)
    fast = [service for pace in paces for service, seconds in pace.seconds.items() if not seconds]
    assert {*fast} == {"bytenite", "openencoder", "pixop"}


@pytest.mark.parametrize("count", SIZES)
def test_orphans_are_made_by_the_first_two_deaths_and_land_where_nobody_notices_them(count: int) -> None:
    plan = make_plan(1, count)

    assert Counter(orphan.service for orphan in plan.orphans) == orphans(count)
    assert [blow.bereaves for blow in plan.blows] == [True, True, *[False] * (sum(deaths(count).values()) - 2)]
    assert {blow.target for blow in plan.blows[:2]} == {"triggerer-1", "triggerer-2"}
    assert not {orphan.key.partition("/")[0] for orphan in plan.orphans} & {*WAVES}
    assert len(plan.contents) == count + len(plan.orphans)
