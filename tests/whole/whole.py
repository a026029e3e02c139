"""What the tests do to the running whole, as a user would: over Airflow's REST API and the sandbox's ledger."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from stack.machine import Machine
from tests.guarantees.house import second_of_video
from tests.whole.run import Run


@dataclass
class Whole:
    """The machine, seen by one test, which has a prefix of its own in each bucket."""

    machine: Machine
    s3: Any
    prefix: str
    before: dict[str, set[Any]] = field(default_factory=dict)

    @property
    def services(self) -> list[str]:
        return [name for name in ("bytenite", "openencoder", "pixop") if name in self.machine.sandbox]

    def calm(self) -> None:
        """Let jobs end at once and nothing fail, and count paid jobs from here on."""
        for service in self.services:
            self.faults(service)
            self.settings(service, job_seconds=0)
            self.before[service] = {job["id"] for job in self.machine.ledger(service)["jobs"]}

    def put(self, name: str = "video.mp4", body: bytes | None = None) -> str:
        key = f"{self.prefix}/{name}"
        self.s3.put_object(Bucket="inbox", Key=key, Body=second_of_video() if body is None else body)
        return f"s3://inbox/{key}"

    @property
    def destination(self) -> str:
        return f"s3://outbox/{self.prefix}"

    def outputs(self) -> list[str]:
        rows = self.s3.list_objects_v2(Bucket="outbox", Prefix=f"{self.prefix}/").get("Contents", [])
        return sorted(row["Key"].removeprefix(f"{self.prefix}/") for row in rows)

    def read(self, name: str) -> bytes:
        return bytes(self.s3.get_object(Bucket="outbox", Key=f"{self.prefix}/{name}")["Body"].read())

    def run(self, dag_id: str, **params: Any) -> Run:
        """Start a run."""
        return Run(self.machine, self.until, dag_id, self.machine.airflow.trigger(dag_id, params))

    def until(self, what: str, is_so: Callable[[], Any], within: float = 90.0) -> None:
        end = time.monotonic() + within
        while True:
            # An answer that does not come is no answer yet: a busy machine lets the API server wait.
            with contextlib.suppress(requests.Timeout):
                if is_so():
                    return
            assert time.monotonic() < end, f"{what}: not within {within:g} s"
            time.sleep(0.3)

    # The sandbox

    def settings(self, service: str, **settings: Any) -> None:
        requests.post(self._control(service, "settings"), json=settings, timeout=10).raise_for_status()

    def faults(self, service: str, *rules: dict[str, Any]) -> None:
        """Put these rules in force, in place of those before."""
        requests.delete(self._control(service, "faults"), timeout=10).raise_for_status()
        if rules:
            url = self._control(service, "faults")
            requests.post(url, json={"rules": list(rules)}, timeout=10).raise_for_status()

    def _control(self, service: str, what: str) -> str:
        return f"{self.machine.sandbox[service]['url']}/sandbox/{what}"

    def jobs(self, service: str) -> list[dict[str, Any]]:
        """The jobs that were paid for since the test began, by the ledger."""
        return [job for job in self.machine.ledger(service)["jobs"] if job["id"] not in self.before[service]]

    def unfinished(self, service: str) -> list[Any]:
        return list(self.machine.ledger(service)["unfinished"])

    def left_running(self) -> list[Any]:
        """What no service should be left with: jobs that go on, and machines."""
        ledgers = [self.machine.ledger(service) for service in self.services]
        return [
            thing
            for ledger in ledgers
            for thing in (*ledger["unfinished"], *ledger.get("machines", {}).get("alive", []))
        ]
