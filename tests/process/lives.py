"""The tasks of a run of process_video, each by Airflow's own task runner in processes that can be killed anywhere."""

from __future__ import annotations

import os
import random
import signal
import uuid
from dataclasses import dataclass, field
from multiprocessing import Value
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import BaseOperator, get_current_context

from reelworks.process.jobs import PlannedJobOperator
from reelworks.process.operators import ProbeOperator
from reelworks.process.tasks import verified_and_published
from tests.guarantees.bytenite_house import QuickEncodeOperator
from tests.process.house import ProcessHouse
from tests.task_process import Outcome, TaskLife


class QuickPlannedOperator(PlannedJobOperator, QuickEncodeOperator):
    """As the DAG has it, but it looks often."""


def publishing() -> BaseOperator:
    return PythonOperator(
        task_id="verify_and_publish", python_callable=lambda: verified_and_published(get_current_context())
    )


@dataclass
class StoppableLife(TaskLife):
    """A task that falls asleep (SIGSTOP) at a point, as on a machine that swaps, and wakes when it is told to."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.stop_at = 0
        self.asleep = Value("i", 0)

    def point(self) -> None:
        super().point()
        if self.stop_at and self.points.value == self.stop_at:
            self.asleep.value = os.getpid()
            os.kill(os.getpid(), signal.SIGSTOP)

    def wake(self) -> None:
        if pid := self.asleep.value:
            self.asleep.value = 0
            os.kill(pid, signal.SIGCONT)


@dataclass
class Lives:
    """The tasks of one run, one after the other, each in processes that may be killed; a test may add ``enhance``."""

    house: ProcessHouse
    folder: Path
    source: str
    retries: int = 6
    encoder: type[BaseOperator] = QuickPlannedOperator
    run_id: str = field(default_factory=lambda: f"run_{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        told = {"source": self.source, "recipe": "small", "destination": self.house.destination}
        self.enhanced: TaskLife | None = None
        self.probe = self.life(lambda: ProbeOperator(task_id="probe", **_from_params(told)), told)

    def probed(self) -> Outcome:
        return self.probe.run_until_over()

    @property
    def plan(self) -> dict[str, Any]:
        return dict(self.probe.xcoms["plan"])

    @property
    def encode(self) -> StoppableLife:
        work = self.plan["work"]["encode.bytenite_1"]
        told = {name: work[name] for name in ("source", "preset", "destination")}
        if self.enhanced:
            told["source"] = self.enhanced.xcoms["return_value"][0]["url"]
        arguments = {"task_id": "encode.bytenite_1", "interval": 0.2}
        life = self.life(lambda: self.encoder(**arguments, **_from_params(told)), told)
        life.upstream = self._before()
        return life

    def publish(self, encoded: StoppableLife) -> StoppableLife:
        life = self.life(publishing)
        life.upstream = {**self._before(), "encode.bytenite_1": encoded}
        return life

    def through(self, dice: random.Random | None = None) -> Outcome:
        """Go all the way; with dice, a process is killed now and then."""
        for make in (lambda: self.probe, lambda: self.encode):
            outcome = hurt(life := make(), dice)
            assert outcome.state == "success", outcome
        return hurt(self.publish(life), dice)

    def _before(self) -> dict[str, TaskLife]:
        return {"probe": self.probe, **({"enhance": self.enhanced} if self.enhanced else {})}

    def life(self, make: Any, conf: dict[str, Any] | None = None) -> StoppableLife:
        return StoppableLife(make, self.folder, retries=self.retries, conf=conf or {}, run_id=self.run_id)


def _from_params(told: dict[str, Any]) -> dict[str, Any]:
    """As the DAG has them: a key may look like a template, and must not be taken for one."""
    return {name: f"{{{{ params.{name} }}}}" for name in told}


def hurt(life: TaskLife, dice: random.Random | None) -> Outcome:
    """Run a task until it is over; two of its tries may be killed, at whatever point."""
    for _ in range(2 if dice else 0):
        assert dice
        life.kill_at = life.points.value + dice.randrange(1, 60)
        outcome = life.run()
        if outcome.state not in ("killed", "up_for_retry"):
            return outcome
    life.kill_at = 0
    return life.run_until_over(life.retries)
