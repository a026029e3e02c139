"""A whole Airflow with scheduler, API server, triggerer and DAG processor beside a sandbox."""

from __future__ import annotations

import contextlib
import io
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import psutil
import pytest
import requests
from botocore.config import Config

from stack.home import Home
from stack.machine import AIRFLOW, Machine, running
from stack.terminal import Terminal
from tests.guarantees.house import second_of_video

ENCODE = "encode_with_bytenite"


@dataclass
class Whole:
    """What the tests do to the running whole, as a user would: over Airflow's REST API."""

    machine: Machine
    s3: Any
    prefix: str

    def put(self) -> str:
        key = f"{self.prefix}/video.mp4"
        self.s3.put_object(Bucket="inbox", Key=key, Body=second_of_video())
        return f"s3://inbox/{key}"

    def trigger(self, source: str, preset: str = "h264_360p") -> str:
        params = {
            "source": source,
            "destination": f"s3://outbox/{self.prefix}",
            "service": "bytenite",
            "preset": preset,
        }
        return self.machine.airflow.trigger("encode_video", params)

    def settings(self, **settings: Any) -> None:
        url = f"{self.machine.sandbox['bytenite']['url']}/sandbox/settings"
        requests.post(url, json=settings, timeout=10).raise_for_status()

    def task(self, run_id: str, task_id: str = ENCODE) -> dict[str, Any]:
        return next(task for task in self.machine.airflow.tasks("encode_video", run_id) if task["task_id"] == task_id)

    def until(self, what: str, is_so: Callable[[], Any], within: float = 90.0) -> None:
        end = time.monotonic() + within
        while not is_so():
            assert time.monotonic() < end, f"{what}: not within {within:g} s"
            time.sleep(0.3)

    def until_task(self, run_id: str, *states: str) -> None:
        self.until(f"{ENCODE} is {states}", lambda: self.task(run_id)["state"] in states)

    def until_waiting(self, run_id: str) -> None:
        """Wait until the triggerer has taken the task over; in the second before, no trigger is there to be told."""
        self.until_task(run_id, "deferred")
        self.until("a triggerer waits", lambda: self.task(run_id)["triggerer_job"])

    def until_over(self, run_id: str) -> str:
        airflow = self.machine.airflow
        self.until("the run is over", lambda: airflow.run_state("encode_video", run_id) in ("success", "failed"), 150)
        return airflow.run_state("encode_video", run_id)

    def mark(self, run_id: str, state: str) -> None:
        run = f"{self.machine.airflow.url}/api/v2/dags/encode_video/dagRuns/{quote(run_id, safe='')}"
        requests.patch(f"{run}/taskInstances/{ENCODE}", json={"new_state": state}, timeout=20).raise_for_status()

    def clear(self, run_id: str) -> None:
        body = {"dry_run": False, "dag_run_id": run_id, "task_ids": [ENCODE], "only_failed": False}
        url = f"{self.machine.airflow.url}/api/v2/dags/encode_video/clearTaskInstances"
        requests.post(url, json={**body, "include_downstream": True}, timeout=20).raise_for_status()

    def jobs(self, run_id: str) -> list[dict[str, Any]]:
        """The paid jobs of one run, by the ledger; runs are told apart by what was paid since the mark."""
        return [job for job in self.machine.ledger()["jobs"] if job["id"] not in self.before]

    def begin(self) -> None:
        self.before = {job["id"] for job in self.machine.ledger()["jobs"]}

    def unfinished(self) -> list[Any]:
        return list(self.machine.ledger()["unfinished"])

    def outputs(self) -> list[str]:
        rows = self.s3.list_objects_v2(Bucket="outbox", Prefix=f"{self.prefix}/").get("Contents", [])
        return sorted(row["Key"].removeprefix(f"{self.prefix}/") for row in rows)

    def kill(self, part: str) -> None:
        """SIGKILL one of Airflow's processes with all its children, and start it anew."""
        processes = self.machine.processes
        component = next(each for each in processes.components if each.name == part)
        guard = psutil.Process(component.guard.pid)
        environment = guard.children()[0].environ()
        for process in [*guard.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        component.guard.wait(20)
        processes.components.remove(component)
        processes.start(part, component_command(part), environment)

    def kill_task(self, run_id: str) -> None:
        """SIGKILL the process that runs the task, as the kernel's OOM killer would."""
        component = next(each for each in self.machine.processes.components if each.name == "scheduler")
        guard = psutil.Process(component.guard.pid)
        ti_id = self.task_id_of(run_id)
        supervisor = next(each for each in guard.children(recursive=True) if ti_id in " ".join(each.cmdline()))
        for process in supervisor.children(recursive=True):
            process.kill()

    def task_id_of(self, run_id: str) -> str:
        return str(self.task(run_id)["id"])


def component_command(part: str) -> list[str]:
    import sys

    return [sys.executable, "-m", "airflow", *AIRFLOW[part]]


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    home = Home(Path(tmp_path_factory.mktemp("whole")))
    overrides = {"AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20"}
    with running(home, Terminal(io.StringIO()), fresh=True, overrides=overrides) as machine:
        machine.wait_for_dag("encode_video", 90)
        yield machine


@pytest.fixture
def whole(machine: Machine) -> Iterator[Whole]:
    access = machine.sandbox["s3"]
    s3 = boto3.client(
        "s3",
        endpoint_url=access["endpoint"],
        aws_access_key_id=access["access_key"],
        aws_secret_access_key=access["secret_key"],
        region_name=access["region"],
        config=Config(signature_version="s3v4"),
    )
    whole = Whole(machine, s3, f"w{uuid.uuid4().hex[:8]}")
    whole.settings(job_seconds=0)
    whole.begin()
    yield whole
    whole.settings(job_seconds=0)
    whole.until("no job of this test is left", lambda: not whole.unfinished(), 60)
