"""The stage: the cluster's settings, the clips that land there, and the sandbox's faults."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import requests

from drill import FOLDER, airflow
from drill.evidence import Evidence, at_services
from drill.expected import Expected, expected, given_up
from drill.plan import SERVICES, WAVES, Landing, Orphan, Plan
from stack.cluster import Cluster
from stack.processes import StackError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

NOTICING = ("inbox_events", "sweep_inbox")
REAPING = "reap_remote"
PARSED_WITHIN = 240.0
"""Seconds for a DAG to come up: on a busy machine its file is read late."""
NOWHERE = "s3://inbox/nowhere"
SETTLED = 3.0
"""Seconds after which no task is left that has read one setting before a change and the next one after it."""

OVERRIDES = {
    "REELWORKS_INBOX": f"s3://inbox/{next(iter(WAVES))}",
    "REELWORKS_RECIPE": next(iter(WAVES)),
    "REELWORKS_RECIPES": str(FOLDER / "recipes"),
    "REELWORKS_SETTLE": "1",
    "REELWORKS_BELL_INTERVAL": "1",
    "REELWORKS_SWEEP_SCHEDULE": "* * * * *",
    "REELWORKS_REAP_SCHEDULE": "* * * * *",
    "REELWORKS_REAP": "act",
    # Longer than a task that was killed is away, and than it takes to see that an orphan is alone.
    "REELWORKS_REAP_GRACE": "120",
    # Nobody edits a DAG meanwhile: reading all of them anew each ten seconds would cost a tenth of the machine.
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",
}

PACE: dict[str, dict[str, Any]] = {
    # As fast as what it stands for would be slow: nothing is gained by waiting for a restart.
    # Of long jobs as many go on at once as the pools let wait.
    "openencoder": {"restart_seconds": 1, "worker_restart_seconds": 1, "tick_seconds": 1, "static_workers": 4},
    "pixop": {"encodes": 4},
}


@dataclass
class Stage:
    """A running cluster, and what lands in its S3; ``clips`` by number."""

    cluster: Cluster
    client: S3Client
    plan: Plan
    clips: dict[int, bytes]

    def set(self) -> None:
        """Switch on what notices videos, and let things go wrong from here on."""
        for service, pace in PACE.items():
            self._tell(service, "settings", pace)
        for dag in (*NOTICING, REAPING):
            self.cluster.wait_for(f"the DAG {dag}", partial(self._switched_on, dag), PARSED_WITHIN)
        # Airflow begins to watch a queue when it reads the file of a DAG that is switched on.
        airflow.read_anew(self.cluster.airflow, NOTICING[0])
        self._tell("sqs", "settings", self.plan.events)
        for service, rules in self.plan.faults.items():
            self._tell(service, "faults", {"rules": list(rules)})

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        for service in SERVICES:
            url = self.cluster.sandbox[service]["url"]
            requests.delete(f"{url}/sandbox/faults", timeout=10).raise_for_status()

    def pace(self, seconds: Mapping[str, float]) -> None:
        """Let jobs at these services take at least so long, those that go on included."""
        for service, least in seconds.items():
            self._tell(service, "settings", {"job_seconds": least})

    def land(self, landing: Landing | Orphan) -> None:
        """Put one video into the inbox, or an orphan's beside it."""
        self.client.put_object(Bucket="inbox", Key=landing.key, Body=self.clips[landing.number])

    def turn_to(self, recipe: str) -> None:
        """Let what lands from now on go through another recipe: an inbox has one, so it is another inbox.

        Three steps, for a task that reads both settings while they change must not get one old and one new.
        """
        for name, value in (("INBOX", NOWHERE), ("RECIPE", recipe), ("INBOX", f"s3://inbox/{recipe}")):
            airflow.set_variable(self.cluster.airflow, f"REELWORKS_{name}", value)
            time.sleep(SETTLED)

    def at_services(self) -> Evidence:
        """Look at what is at the services now."""
        return at_services(self.client, self.cluster.sandbox)

    def expected(self) -> list[Expected]:
        """Say what has to come of each, and that of orphans nothing comes."""
        landings = [
            expected(f"s3://inbox/{each.key}", each.recipe, each.fate, **self._content(each.number))
            for each in self.plan.landings
        ]
        orphans = [
            given_up(f"s3://inbox/{each.key}", each.service, **self._content(each.number)) for each in self.plan.orphans
        ]
        return [*landings, *orphans]

    def _content(self, number: int) -> dict[str, Any]:
        content = self.clips[number]
        return {"size": len(content), "etag": hashlib.md5(content, usedforsecurity=False).hexdigest()}

    def _switched_on(self, dag: str) -> bool:
        if error := self.cluster.airflow.import_errors(self.cluster.began).get(f"{dag}.py"):
            raise StackError(f"dags/{dag}.py cannot be imported: {error}")
        return self.cluster.airflow.unpause(dag)

    def _tell(self, service: str, what: str, body: dict[str, Any]) -> None:
        url = self.cluster.sandbox[service]["url"]
        requests.post(f"{url}/sandbox/{what}", json=body, timeout=10).raise_for_status()
