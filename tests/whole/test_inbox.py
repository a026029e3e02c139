"""Each of the three ways of noticing videos in a real Airflow, with the sandbox's bucket and queue."""

from __future__ import annotations

import io
import shutil
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from stack import ROOT
from stack.home import Home
from stack.machine import Machine, running
from stack.results import s3_client
from stack.terminal import Terminal

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400)]

WAYS = ("watch_inbox", "inbox_events", "sweep_inbox")
KEYS = ["Upper.MP4", "with space & more.mp4", "ünï/日本 100%+.mov", "deep/er/film.MoV", "plain.mp4"]


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

    def until(self, what: str, is_so: Any, within: float = 120.0) -> None:
        self.machine.wait_for(what, is_so, within)

    def sweep(self) -> dict[str, int]:
        """Run a sweep, as the schedule would; give what it tells."""
        self.pause("sweep_inbox", False)
        run_id = self.machine.airflow.trigger("sweep_inbox", {})
        self.until("the sweep is over", lambda: self.machine.airflow.run_state("sweep_inbox", run_id) == "success")
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


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    dags = tmp_path_factory.mktemp("dags")
    for way in WAYS:
        shutil.copy(ROOT / "dags" / f"{way}.py", dags)
    shutil.copy(Path(__file__).with_name("inbox_standin.py"), dags / "process_video.py")
    home = Home(Path(tmp_path_factory.mktemp("whole")))
    overrides = {"AIRFLOW__CORE__DAGS_FOLDER": str(dags), "REELWORKS_WATCH_INTERVAL": "1", "REELWORKS_SETTLE": "1"}
    with running(home, Terminal(io.StringIO()), fresh=True, overrides=overrides) as machine:
        machine.wait_for_dag("process_video", 120)
        api = machine.airflow
        for way in WAYS:
            machine.wait_for(way, lambda way=way: requests.get(f"{api.url}/api/v2/dags/{way}", timeout=20).ok, 90)
        yield machine


@pytest.fixture
def inbox(machine: Machine) -> Iterator[Inbox]:
    s3 = s3_client(machine.sandbox["s3"])
    inbox = Inbox(machine, s3, f"n{uuid.uuid4().hex[:8]}")
    inbox.set("REELWORKS_INBOX", f"s3://inbox/{inbox.prefix}")
    inbox.set("REELWORKS_OUTBOX", f"s3://outbox/{inbox.prefix}")
    inbox.set("REELWORKS_QUEUE", machine.sandbox["sqs"]["queue_url"])
    yield inbox
    inbox.queue(lose_every=0, duplicate_every=0, delay_every=0)
    # A drain goes on with the settings that it began with, and would take the next test's messages for foreign ones.
    inbox.until("the last drain is over", lambda: _all_over(inbox, "inbox_events"))
    for way in WAYS:
        inbox.pause(way)


def test_the_three_ways_wait_for_someone_to_switch_them_on(machine: Machine) -> None:
    states = [requests.get(f"{machine.airflow.url}/api/v2/dags/{way}", timeout=20).json() for way in WAYS]

    assert [state["is_paused"] for state in states] == [True, True, True]


def test_a_sweep_starts_one_run_per_video(inbox: Inbox) -> None:
    sources = inbox.put(*KEYS)
    inbox.until("all are settled", lambda: inbox.sweep()["settling"] == 0)

    assert inbox.runs() == Counter(sources)
    assert inbox.sweep()["started"] == 0
    inbox.put(KEYS[0], body=b"another content")
    inbox.until("a second content has a run", lambda: inbox.sweep()["started"] == 1)
    assert inbox.runs() == Counter([*sources, sources[0]])


def test_the_watch_starts_what_lands_again_and_again(inbox: Inbox) -> None:
    inbox.pause("watch_inbox", False)
    sources = inbox.put(*KEYS)
    inbox.until("all have runs", lambda: inbox.runs() == Counter(sources))

    later = inbox.put("later.mp4", "and later.mp4")
    inbox.until("those too", lambda: inbox.runs() == Counter(sources + later))

    inbox.pause("watch_inbox")
    assert inbox.sweep()["started"] == 0


def test_events_start_one_run_per_video_in_whatever_order_and_however_often(inbox: Inbox) -> None:
    inbox.queue(duplicate_every=2, delay_every=3, delay_seconds=3)
    inbox.pause("inbox_events", False)
    inbox.send("hello")
    sources = inbox.put(*KEYS)
    inbox.s3.delete_object(Bucket="inbox", Key=f"{inbox.prefix}/{KEYS[4]}")
    inbox.until("the others have runs", lambda: inbox.runs() == Counter(sources[:4]))
    inbox.until("the queue is empty", lambda: not inbox.queued())

    again = inbox.put(*KEYS)
    inbox.until("the fifth has one", lambda: inbox.runs() == Counter(again))
    inbox.until("the queue is empty", lambda: not inbox.queued())
    assert inbox.runs() == Counter(sources)


def test_what_no_event_told_of_is_found_by_the_sweep(inbox: Inbox) -> None:
    inbox.queue(lose_every=2)
    inbox.pause("inbox_events", False)
    sources = inbox.put(*(f"{at}.mp4" for at in range(8)))
    inbox.until("the told have runs", lambda: len(inbox.runs()) >= 4)
    inbox.until("the queue is empty", lambda: not inbox.queued())
    assert len(inbox.runs()) == 4

    assert inbox.sweep()["started"] == 4
    assert inbox.runs() == Counter(sources)


def test_what_lands_while_all_is_paused_is_not_lost(inbox: Inbox) -> None:
    inbox.pause("process_video")
    inbox.pause("inbox_events", False)
    sources = inbox.put(*(f"{at}.mp4" for at in range(6)))
    inbox.until("the runs wait", lambda: inbox.runs() == Counter(sources))
    inbox.pause("inbox_events")
    more = inbox.put("a.mp4", "b.mp4")

    inbox.pause("process_video", False)
    inbox.pause("inbox_events", False)

    inbox.until("all have runs", lambda: inbox.runs() == Counter(sources + more))
    inbox.until("all have run", lambda: _all_over(inbox, "process_video"))


def _all_over(inbox: Inbox, dag_id: str) -> bool:
    page = inbox.call("GET", f"dags/{dag_id}/dagRuns?limit=1&state=queued&state=running")
    return int(page["total_entries"]) == 0
