"""A small drill without an Airflow around it: task processes that die where it hurts, faults, a mark, and a bad output.

The tasks are those of ``process_video``, each run by Airflow's own task runner in processes that can be killed
(``tests.task_process``), against a sandbox of its own. What came of it is judged by the drill's checker.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator

from drill import FOLDER
from drill.checker import Violation, judge
from drill.clips import clip
from drill.evidence import gather
from drill.expected import Expected, Fate, expected
from drill.plan import Kind
from reelworks.openencoder import jobs as openencoder_jobs
from reelworks.process.operators import ProbeOperator
from sandbox import children
from tests.drill.broken import BROKEN
from tests.guarantees.bytenite_house import ImpatientEncodeOperator, QuickEncodeOperator
from tests.guarantees.encoder_house import CALM, ImpatientOpenEncoderOperator, QuickOpenEncoderOperator
from tests.process.house import ProcessHouse
from tests.process.lives import publishing
from tests.sandbox.process import SandboxProcess
from tests.task_process import Outcome, TaskLife

RECIPE = "phones"
QUICK: dict[str, type[BaseOperator]] = {"bytenite": QuickEncodeOperator, "openencoder": QuickOpenEncoderOperator}
IMPATIENT: dict[str, type[BaseOperator]] = {
    "bytenite": ImpatientEncodeOperator,
    "openencoder": ImpatientOpenEncoderOperator,
}
SERVICES = tuple(QUICK)
RETRIES = 6
STUMBLES = {
    "bytenite": ("create_job", "run_job", "get_job"),
    "openencoder": ("create_job", "list_jobs", "get_job"),
}
"""Endpoints whose first call is acted on, and its answer lost."""


class MortalLife(TaskLife):
    """A task that dies as soon as ``is_time`` says so, once; then at the points that are left in ``kills``."""

    is_time: Any = None
    kills: tuple[int, ...] = ()

    def point(self) -> None:
        if self.kill_at == 0 and self.is_time and self.is_time():
            self.kill_at = self.points.value + 1
        super().point()

    def run_until_over(self, most: int = RETRIES) -> Outcome:
        outcome = self.run()
        self.is_time = None
        for more in self.kills:
            if outcome.state in ("killed", "up_for_retry"):
                self.kill_at = self.points.value + more
                outcome = self.run()
        self.kill_at = 0
        return outcome if outcome.state not in ("killed", "up_for_retry") else super().run_until_over(most)


@dataclass
class Scenario:
    """One playing. ``videos`` is what has to come of each that has landed."""

    sandbox: SandboxProcess
    folder: Path
    dice: random.Random
    videos: list[Expected] = field(default_factory=list)

    def play(self) -> list[Violation]:
        """Let all happen, and judge it."""
        since = time.time()
        self.s3 = self.sandbox.s3()
        self._a_video_on_whose_way_all_goes_wrong()
        self._a_video_that_fails_its_gate()
        self._a_video_that_is_given_up()
        evidence = gather(self.s3, self.sandbox.info, self.videos, since=since, folder=self.folder)
        return judge(self.videos, evidence)

    def _a_video_on_whose_way_all_goes_wrong(self) -> None:
        """Answers are lost, ByteNite's first job makes all and fails, each task dies as it has paid, and later."""
        for service, endpoints in STUMBLES.items():
            rules = ({"kind": "reset_after", "endpoint": each, "times": 1} for each in endpoints)
            self.sandbox.faults(*rules, service=service)
        self.sandbox.settings("bytenite", fail_next=1, fail_late=True)
        self._through(self._landed("sound", "published"), mortal=True)

    def _a_video_that_fails_its_gate(self) -> None:
        """ByteNite's task dies as it has paid, this time for a job that is good: another one would be one too many."""
        self._through(self._landed("noisy", "refused"), bereaved=("bytenite",))

    def _a_video_that_is_given_up(self) -> None:
        """It waits in the triggerer when somebody marks its tasks as failed. Left alone, its jobs would go on."""
        video = self._landed("sound", "given up")
        probe = self._probed(video)
        for task, told in probe.xcoms["plan"]["work"].items():
            self.sandbox.settings(told["service"], job_seconds=600)
            life = self._encode(task, {**told, "operator": IMPATIENT[told["service"]]}, probe)
            assert life.start().state == "deferred"
            life.airflow_state = "failed"
            life.kill_trigger()

    # What the tasks of one video do

    def _landed(self, kind: Kind, fate: Fate) -> Expected:
        number = len(self.videos)
        content = clip(number, kind, self.folder)
        key = f"clip {number}.mp4"
        self.s3.put_object(Bucket="inbox", Key=key, Body=content)
        etag = hashlib.md5(content).hexdigest()
        self.videos.append(expected(f"s3://inbox/{key}", RECIPE, fate, size=len(content), etag=etag))
        return self.videos[-1]

    def _through(self, video: Expected, mortal: bool = False, bereaved: tuple[str, ...] = ()) -> None:
        probe = self._probed(video)
        made = {"probe": probe}
        for task, told in probe.xcoms["plan"]["work"].items():
            life = self._encode(task, told, probe)
            if mortal:
                life.kills = (self.dice.randrange(1, 12), self.dice.randrange(1, 30))
            if mortal or told["service"] in bereaved:
                self._doom(life, told["service"])
            if life.run_until_over().state != "success":
                return
            made[task] = life
        publish = self._life(publishing)
        publish.upstream = made
        publish.kills = (self.dice.randrange(20, 60),) if mortal else ()
        publish.kill_at = self.dice.randrange(1, 20) if mortal else 0
        publish.run_until_over()

    def _doom(self, life: MortalLife, service: str) -> None:
        """Let it die the moment that its job is paid for."""
        before = self._paid(service)
        life.is_time = lambda: self._paid(service) > before

    def _paid(self, service: str) -> int:
        # Not by requests, whose calls are points at which the task may die.
        with urllib.request.urlopen(f"{self.sandbox.url(service)}/sandbox/ledger", timeout=20) as answer:
            return len(json.load(answer)["jobs"])

    def _probed(self, video: Expected) -> TaskLife:
        told = {"source": video.source, "recipe": RECIPE, "destination": "s3://outbox"}
        probe = self._life(lambda: ProbeOperator(task_id="probe", **told))
        probe.run_until_over()
        return probe

    def _encode(self, task: str, told: dict[str, Any], probe: TaskLife) -> MortalLife:
        operator = told.get("operator") or QUICK[told["service"]]
        arguments = {name: told[name] for name in ("source", "preset", "destination")}
        life = self._life(lambda: operator(task_id=task, interval=0.2, **arguments))
        life.upstream = {"probe": probe}
        return life

    def _life(self, make: Any) -> MortalLife:
        return MortalLife(make, self.folder, retries=RETRIES, run_id=f"run_{len(self.videos)}")


def played(variant: str | None, folder: Path, seed: int) -> list[Violation]:
    """Play the scenario with the operators as they are, or broken. Changes the process: call it in a fork."""
    if variant:
        BROKEN[variant]()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the sandbox ends, too, if the test is given up
    children.die_with_parent = children._dier()  # it knows the process that was forked as the parent of all
    openencoder_jobs.WATCH, openencoder_jobs.TICK = 0.5, 0.1
    os.environ["REELWORKS_RECIPES"] = str(FOLDER / "recipes")
    folder.mkdir(parents=True)
    with SandboxProcess(folder / "sandbox", "--only", ",".join(["s3", *SERVICES])) as sandbox:
        sandbox.settings("bytenite", job_seconds=0)
        sandbox.settings("openencoder", **CALM)
        house = ProcessHouse(sandbox, folder, "", folder)
        os.environ.update({name: value for name, value in house.environment.items() if name.startswith("AIRFLOW_CONN")})
        violations = Scenario(sandbox, folder, random.Random(seed)).play()
    (folder / "violations.json").write_text(json.dumps([vars(each) for each in violations], indent=1))
    return violations
