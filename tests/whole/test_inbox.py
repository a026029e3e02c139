"""Each of the three ways of noticing videos in a real Airflow, with the sandbox's bucket and queue.

``REELWORKS_STORM`` is how many videos land in the storm, the issue's figure is 500; with ``REELWORKS_ON=cluster`` all
of this runs on PostgreSQL and Celery workers.
"""

from __future__ import annotations

import io
import os
import shutil
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from stack import ROOT
from stack import cluster as stack_cluster
from stack.home import Home
from stack.machine import Machine, running
from stack.results import s3_client
from stack.terminal import Terminal
from tests.whole.inbox import Inbox

STORM = int(os.environ.get("REELWORKS_STORM", "40"))

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400 + 4 * STORM)]

WAYS = ("watch_inbox", "inbox_events", "sweep_inbox")
KEYS = ["Upper.MP4", "with space & more.mp4", "ünï/日本 100%+.mov", "deep/er/film.MoV", "plain.mp4"]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    dags = tmp_path_factory.mktemp("dags")
    for way in WAYS:
        shutil.copy(ROOT / "dags" / f"{way}.py", dags)
    shutil.copy(Path(__file__).with_name("inbox_standin.py"), dags / "process_video.py")
    home = Home(Path(tmp_path_factory.mktemp("whole")))
    overrides = {
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "REELWORKS_WATCH_INTERVAL": "1",
        "REELWORKS_SETTLE": "1",
        # At each quarter of an hour it would start what a test's own sweep is to find.
        "REELWORKS_SWEEP_SCHEDULE": "0 3 * * *",
    }
    opened = stack_cluster.running if os.environ.get("REELWORKS_ON") == "cluster" else running
    with opened(home, Terminal(io.StringIO()), fresh=True, overrides=overrides) as machine:
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


def test_in_a_storm_with_a_pause_each_video_has_one_run_and_what_was_lost_has_it_after_one_sweep(inbox: Inbox) -> None:
    inbox.queue(lose_every=20, duplicate_every=5, delay_every=10, delay_seconds=3)
    inbox.pause("inbox_events", False)
    sources = inbox.put(*(f"{at} é.mp4" for at in range(STORM // 2)))
    inbox.until("some have runs", lambda: len(inbox.runs()) >= STORM // 8, 60 + STORM)

    inbox.pause("process_video")
    inbox.pause("inbox_events")
    sources += inbox.put(*(f"{at} é.mp4" for at in range(STORM // 2, STORM)))
    inbox.pause("inbox_events", False)
    inbox.until("the queue is empty", lambda: not inbox.queued(), 120 + STORM)
    assert set(inbox.runs().values()) == {1}
    inbox.pause("process_video", False)

    assert len(inbox.runs()) == STORM - STORM // 20
    assert inbox.sweep(120 + 3 * STORM)["started"] == STORM // 20
    assert inbox.runs() == Counter(sources)
    inbox.until("all have run", lambda: _all_over(inbox, "process_video"), 120 + 3 * STORM)
    assert inbox.runs() == Counter(sources)
    assert inbox.sweep()["started"] == 0


def _all_over(inbox: Inbox, dag_id: str) -> bool:
    page = inbox.call("GET", f"dags/{dag_id}/dagRuns?limit=1&state=queued&state=running")
    return int(page["total_entries"]) == 0
