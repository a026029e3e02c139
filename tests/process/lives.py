"""The tasks of a run of process_video, each by Airflow's own task runner in processes that can be killed anywhere."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import BaseOperator, get_current_context

from reelworks.process.operators import ProbeOperator
from reelworks.process.tasks import check_source, verified_and_published
from tests.guarantees.bytenite_house import QuickEncodeOperator
from tests.process.house import ProcessHouse
from tests.task_process import Outcome, TaskLife


def publishing() -> BaseOperator:
    return PythonOperator(
        task_id="verify_and_publish", python_callable=lambda: verified_and_published(get_current_context())
    )


@dataclass
class Lives:
    """The three tasks of one run, one after the other, each in processes that may be killed."""

    house: ProcessHouse
    folder: Path
    source: str
    retries: int = 6

    def __post_init__(self) -> None:
        told = {"source": self.source, "recipe": "small", "destination": self.house.destination}
        self.probe = self._life(lambda: ProbeOperator(task_id="probe", **told))

    def probed(self) -> Outcome:
        return self.probe.run_until_over()

    @property
    def plan(self) -> dict[str, Any]:
        return dict(self.probe.xcoms["plan"])

    @property
    def encode(self) -> TaskLife:
        (work,) = self.plan["work"].values()
        told = {name: work[name] for name in ("source", "preset", "destination")}
        arguments = {"task_id": "encode.bytenite_1", "interval": 0.2, "pre_execute": check_source, **told}
        life = self._life(lambda: QuickEncodeOperator(**arguments))
        life.upstream = {"probe": self.probe}
        return life

    def publish(self, encoded: TaskLife) -> TaskLife:
        life = self._life(publishing)
        life.upstream = {"probe": self.probe, "encode.bytenite_1": encoded}
        return life

    def through(self, dice: random.Random | None = None) -> Outcome:
        """Go all the way; with dice, a process is killed now and then."""
        for make in (lambda: self.probe, lambda: self.encode):
            outcome = hurt(life := make(), dice)
            assert outcome.state == "success", outcome
        return hurt(self.publish(life), dice)

    def _life(self, make: Any) -> TaskLife:
        return TaskLife(make, self.folder, retries=self.retries)


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
