"""Whole runs of the fleet in the order of its DAG, killed and failed at random points: no machine outlives one."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from reelworks.openencoder import fleet
from reelworks.openencoder.operators import (
    OpenEncoderCreateMachinesOperator,
    OpenEncoderDeleteMachinesOperator,
    OpenEncoderNoteMachinesOperator,
)
from tests.guarantees.encoder_house import EncoderHouse, call
from tests.openencoder.steps import step
from tests.task_process import TaskLife

SIZE, OTHER = "s-1vcpu-1gb", "s-2vcpu-2gb"
COUNT = 2
RUNS = int(os.environ.get("REELWORKS_FLEET_RUNS", "12"))
TROUBLES: list[dict[str, Any]] = [
    {"endpoint": "create_machines", "kind": "reset_before"},
    {"endpoint": "create_machines", "kind": "reset_after"},
    {"endpoint": "create_machines", "kind": "status_after", "status": 401},
    {"endpoint": "delete_machine", "kind": "status", "status": 401},
    {"endpoint": "delete_machine", "kind": "status_after", "status": 503},
    {"endpoint": "list_machines", "kind": "status", "status": 401},
    {"endpoint": "list_machines", "kind": "reset_before"},
]


@dataclass
class FleetRun:
    """The tasks of one run as the scheduler starts them; ``story`` tells what happened."""

    house: EncoderHouse
    dice: random.Random
    story: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.create = step(self.house, OpenEncoderCreateMachinesOperator, retries=2, size=SIZE, count=COUNT)
        self.note = step(
            self.house, OpenEncoderNoteMachinesOperator, retries=2, size=SIZE, created_by="create_machines"
        )
        self.note.upstream = {"create_machines": self.create}
        self.delete = step(
            self.house,
            OpenEncoderDeleteMachinesOperator,
            retries=60,
            created_by="create_machines",
            noted_by="note_machines",
        )
        self.delete.upstream = {"create_machines": self.create, "note_machines": self.note}

    def go(self) -> None:
        """Run all tasks, each with its share of bad luck, up to the teardown's success."""
        trouble = {**self.dice.choice(TROUBLES), "times": self.dice.randint(0, 3)}
        self.house.faults(trouble)
        self.story.append(f"{trouble['endpoint']} {trouble['kind']} {trouble['times']} times")
        if self.lived("note", self.note, kills=self.dice.choice([0, 0, 1]), most=3) != "success":
            return  # then no setup has succeeded, and Airflow starts nothing more
        marked = self.dice.random() < 0.2
        self.create.airflow_state = "failed" if marked else "running"
        tries = 1 if marked else self.dice.choice([1, 3])
        made = self.lived("create", self.create, kills=self.dice.choice([0, 1, 1, 2]), most=tries)
        self.story.append(f"machines: {alive(self.house)}")
        if made == "success":
            encode = self.house.encode(self.house.put() if self.dice.random() < 0.7 else "s3://inbox/not there.mp4")
            self.lived("encode", encode, kills=self.dice.choice([0, 1]), most=3)
        self.lived("delete", self.delete, kills=self.dice.choice([0, 1, 2]), most=9)

    def lived(self, name: str, life: TaskLife, kills: int, most: int) -> str:
        """Run a task's tries as Airflow does: each begins without the XComs of the one before."""
        state = "killed"
        for _ in range(most):
            life.kill_at = life.points.value + self.dice.randint(1, 14) if kills else 0
            kills = max(0, kills - 1)
            life.forget_xcoms()
            outcome = life.run()
            state = outcome.state
            self.story.append(f"{name}: {state} {outcome.error}")
            if state not in ("killed", "up_for_retry"):
                break
        return state

    def clear(self) -> None:
        for life in (self.note, self.create, self.delete):
            life.clear()
        self.story.append("cleared")


def alive(house: EncoderHouse) -> list[int]:
    return list(house.ledger()["machines"]["alive"])


@pytest.mark.timeout(40 * RUNS + 60)
def test_no_machine_outlives_its_run_whatever_dies_or_fails_when(
    house: EncoderHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "TICK", 0.02)
    house.settings(static_workers=0)
    call(house, "POST", "/api/machines", {"provider": "digitalocean", "size": OTHER, "count": 1})
    theirs = alive(house)
    dice = random.Random(11)

    for number in range(RUNS):
        run = FleetRun(house, dice)
        for _ in range(dice.choice([1, 1, 2])):
            run.go()
            where = f"run {number}: {run.story}"
            assert alive(house) == theirs, where
            assert "delete: success " in run.story or not any(line.startswith("create") for line in run.story), where
            run.clear()

    house.faults()
    call(house, "DELETE", "/api/machines")


def test_a_task_that_was_given_up_asks_for_no_machines(house: EncoderHouse) -> None:
    create = step(house, OpenEncoderCreateMachinesOperator, size=SIZE, count=COUNT)
    create.airflow_state = "failed"

    outcome = create.run()

    assert outcome.state == "failed"
    assert "no machines were asked for" in outcome.error
    assert alive(house) == []
