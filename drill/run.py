"""One drill from the start of the cluster to the verdict."""

from __future__ import annotations

import contextlib
import json
import platform
import time
from datetime import UTC, datetime
from pathlib import Path

import requests

from drill import airflow, report
from drill.checker import judge
from drill.circumstances import lacking
from drill.clips import make_clips
from drill.course import Course
from drill.evidence import Evidence, gather, ledger
from drill.expected import Expected
from drill.orphans import DAGS
from drill.plan import make_plan
from drill.reaped import reaped
from drill.stage import OVERRIDES, PARSED_WITHIN, Stage
from stack import cluster
from stack.home import Home
from stack.results import s3_client
from stack.signals import interruptible
from stack.terminal import Terminal

PROVES_NOTHING = 3
"""The exit code of a drill in which no guarantee was broken, and too little happened that could have."""


def drill(home: Home, terminal: Terminal, count: int, seed: int) -> int:
    """Drill with so many videos; return the exit code. Plan, evidence and verdict stay in the home."""
    plan, limit = make_plan(seed, count), 600 + 30 * count
    terminal.say(f"{count} videos, seed {seed}, on {platform.node()}; {len(plan.blows)} deaths")
    with (
        interruptible(limit + 600),
        cluster.running(home, terminal, fresh=True, overrides=OVERRIDES) as stack,
    ):
        stack.wait_for_dag(airflow.DAG, PARSED_WITHIN)
        terminal.keep()
        _write(home.path / "plan.json", plan.as_json())
        client = s3_client(stack.sandbox["s3"])
        stage = Stage(stack, client, plan, make_clips(plan.contents, home.path / "clips"))
        videos = stage.expected()
        _write(home.path / "expected.json", [video.as_json() for video in videos])
        stage.set()
        began = time.time()
        course = Course(stage, terminal, limit)
        course.run()
        seconds = time.time() - began
        stage.calm()
        terminal.keep()
        calls = airflow.human_actions(stack.airflow, datetime.fromtimestamp(began, UTC).isoformat(), without=DAGS)
        evidence = gather(client, stack.sandbox, videos, since=began, folder=home.path, calls=calls)
        evidence.ledgers["sqs"] = ledger(stack.sandbox, "sqs")
        evidence.deaths, evidence.orphans = course.deaths, course.orphans.left
        evidence.save(home.path / "evidence.json")
        caught = "not known"
        # Only told, and not judged: what is gathered must not be lost for it.
        with contextlib.suppress(requests.RequestException):
            _write(home.path / "failed_tasks.json", airflow.failed_tasks(stack.airflow))
            caught = reaped(stack.airflow)
    terminal.say(report.circumstances(evidence, caught, seconds))
    return verdict(terminal, videos, evidence, count, trouble=course.trouble)


def again(home: Home, terminal: Terminal) -> int:
    """Judge what the last drill has left in its home once more."""
    videos = [Expected.of(told) for told in json.loads((home.path / "expected.json").read_text())]
    count = json.loads((home.path / "plan.json").read_text())["count"]
    return verdict(terminal, videos, Evidence.load(home.path / "evidence.json"), count)


def verdict(terminal: Terminal, videos: list[Expected], evidence: Evidence, count: int, trouble: str = "") -> int:
    """Say what was found; 1 if anything is not as it has to be, 3 if too little went wrong to tell."""
    violations, lacks = judge(videos, evidence), lacking(count, evidence)
    terminal.say(f"\n{report.judged(videos, evidence, violations)}\n")
    if trouble:
        terminal.say(trouble)
    if violations:
        terminal.say(report.named(violations))
    elif lacks and not trouble:
        terminal.say(report.nothing_proved(lacks))
    return 1 if violations or trouble else PROVES_NOTHING if lacks else 0


def _write(path: Path, told: object) -> None:
    path.write_text(json.dumps(told, indent=1))
