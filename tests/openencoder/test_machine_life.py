"""Runs that rent machines and die anywhere: no machine outlives its run."""

from __future__ import annotations

import random
from typing import Any

import pytest

from reelworks.openencoder import fleet
from reelworks.openencoder.operators import OpenEncoderCreateMachinesOperator, OpenEncoderDeleteMachinesOperator
from tests.guarantees.encoder_house import EncoderHouse, call
from tests.openencoder.steps import step
from tests.task_process import TaskLife

SIZE = "s-1vcpu-1gb"
RUNS = 50


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "TICK", 0.02)


def tries(life: TaskLife, most: int) -> str:
    """Run a task as Airflow does: each new try begins without the XComs of the one before."""
    state = "killed"
    for _ in range(most):
        life.forget_xcoms()
        state = life.run().state
        if state not in ("killed", "up_for_retry"):
            break
    return state


def alive(house: EncoderHouse) -> list[int]:
    return list(house.ledger()["machines"]["alive"])


def run(house: EncoderHouse, kills: tuple[int, int], most: int = 2) -> dict[str, Any]:
    """One run of the DAG's setup and teardown; ``kills`` are the points at which each dies."""
    create = step(house, OpenEncoderCreateMachinesOperator, retries=most - 1, size=SIZE, count=2)
    create.kill_at = kills[0]
    made = tries(create, most)
    between = len(alive(house))
    delete = step(house, OpenEncoderDeleteMachinesOperator, created_by="create_machines")
    delete.upstream = {"create_machines": create}
    delete.kill_at = kills[1]
    return {"create": made, "machines": between, "delete": tries(delete, 4), "points": create.points.value}


@pytest.mark.timeout(600)
def test_no_machine_outlives_its_run_wherever_setup_and_teardown_are_killed(house: EncoderHouse, quick: None) -> None:
    points = run(house, (0, 0))["points"]
    rng = random.Random(7)

    for kill_at in [*range(1, points + 1), *(rng.randint(1, points) for _ in range(RUNS - points))]:
        # With one try the setup stays half done; with two it is taken up again.
        story = run(house, (kill_at, rng.randint(1, 12)), most=rng.choice([1, 2]))

        where = f"setup killed at {kill_at} of {points}: {story}"
        assert story["delete"] == "success", where
        assert story["machines"] <= 2, where
        assert alive(house) == [], where


@pytest.mark.timeout(300)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_create_whose_answer_is_lost_leaves_no_machine(house: EncoderHouse, quick: None, when: str) -> None:
    lost = {"endpoint": "create_machines", "kind": f"reset_{when}", "times": 1}
    house.sandbox.faults(lost, service="openencoder")

    story = run(house, (0, 0), most=3)

    assert story["create"] == "success"
    assert story["machines"] == 2
    assert alive(house) == []


def test_other_peoples_machines_stay(house: EncoderHouse, quick: None) -> None:
    call(house, "POST", "/api/machines", {"provider": "digitalocean", "size": SIZE, "count": 1})
    theirs = alive(house)

    run(house, (0, 0))

    assert alive(house) == theirs
    call(house, "DELETE", "/api/machines")
