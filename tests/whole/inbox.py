"""What the tests of noticing do to a running Airflow: videos that land, settings, and the account of the runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
import requests

from stack.machine import Machine


@dataclass
class Inbox:
    """An inbox of its own for one test, and Airflow's account of what was started for it."""

    machine: Machine
    s3: Any
    prefix: str

    def call(self, method: str, path: str, **body: Any) -> Any:
        url = f"{self.machine.airflow.url}/api/v2/{path}"
        answer = requests.request(method, url, json=body or None, timeout=20)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def set(self, name: str, value: str) -> None:
        url = f"{self.machine.airflow.url}/api/v2/variables"

        def is_set() -> bool:
            requests.delete(f"{url}/{name}", timeout=20)
            return requests.post(url, json={"key": name, "value": value}, timeout=20).ok

        # SQLite has one writer at a time, and the API answers 500 when it has waited too long.
        self.until(f"{name} is set", is_set)

    def pause(self, dag_id: str, paused: bool = True) -> None:
        self.until(f"{dag_id} is switched", lambda: self.call("PATCH", f"dags/{dag_id}", is_paused=paused))

    def put(self, *keys: str, body: bytes = b"a video") -> list[str]:
        for key in keys:
            self.s3.put_object(Bucket="inbox", Key=f"{self.prefix}/{key}", Body=body)
        return [f"s3://inbox/{self.prefix}/{key}" for key in keys]

    def runs(self) -> Counter[str]:
        """How many runs each source has."""
        found: list[Any] = []
        while True:
            page = self.call("GET", f"dags/process_video/dagRuns?limit=100&offset={len(found)}")
            found += page["dag_runs"]
            if not page["dag_runs"] or len(found) >= page["total_entries"]:
                break
        sources = (run["conf"]["source"] for run in found)
        return Counter(source for source in sources if source.startswith(f"s3://inbox/{self.prefix}/"))

    def until(self, what: str, is_so: Any, within: float = 240.0) -> None:
        """Wait. What an asset watches for begins as its DAG is read anew, which these tests have rarely done."""
        self.machine.wait_for(what, is_so, within)

    def sweep(self, within: float = 120.0) -> dict[str, int]:
        """Run a sweep, as the schedule would; give what it tells. It waits its turn behind what is queued."""
        self.pause("sweep_inbox", False)
        run_id = self.machine.airflow.trigger("sweep_inbox", {})
        state = partial(self.machine.airflow.run_state, "sweep_inbox", run_id)
        self.until("the sweep is over", lambda: state() == "success", within)
        self.pause("sweep_inbox")
        path = f"dags/sweep_inbox/dagRuns/{run_id}/taskInstances/start_runs/xcomEntries/return_value?stringify=false"
        return dict(self.call("GET", path)["value"])

    # The queue

    def queue(self, **settings: Any) -> None:
        url = f"{self.machine.sandbox['sqs']['url']}/sandbox/settings"
        requests.post(url, json=settings, timeout=10).raise_for_status()

    def send(self, body: str) -> None:
        sqs = self.machine.sandbox["sqs"]
        keys = {"aws_access_key_id": sqs["access_key"], "aws_secret_access_key": sqs["secret_key"]}
        client = boto3.client("sqs", endpoint_url=sqs["url"], region_name=sqs["region"], **keys)
        client.send_message(QueueUrl=sqs["queue_url"], MessageBody=body)

    def queued(self) -> int:
        """How many messages there are, received or not."""
        sqs = self.machine.sandbox["sqs"]
        ledger = requests.get(f"{sqs['url']}/sandbox/ledger", timeout=10).json()
        return int(sum(ledger["queues"][sqs["queue_name"]].values()))
