"""One drill from the start of the cluster to the verdict."""

from __future__ import annotations

import contextlib
import json
import platform
import time
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
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
from stack.airflow_api import AirflowApi
from stack.home import Home
from stack.processes import StackError
from stack.results import s3_client
from stack.signals import interruptible
from stack.terminal import Terminal

EVIDENCE = "evidence.json"

ANSWERED_WITHIN = 120.0

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
        evidence = gather(client, stack.sandbox, videos, since=began, folder=home.path)
        evidence.ledgers["sqs"] = ledger(stack.sandbox, "sqs")
        evidence.deaths, evidence.orphans, evidence.trouble = course.deaths, course.orphans.left, course.trouble
        # What is gathered must not be lost if Airflow, which has just been through all this, does not answer.
        evidence.save(home.path / EVIDENCE)
        stack.wait_for("Airflow's audit log", partial(_audited, stack.airflow, evidence, began), ANSWERED_WITHIN)
        evidence.save(home.path / EVIDENCE)
        caught = "not known"
        # Only told, and not judged.
        with contextlib.suppress(requests.RequestException):
            _write(home.path / "failed_tasks.json", airflow.failed_tasks(stack.airflow))
            caught = reaped(stack.airflow)
    terminal.say(report.circumstances(evidence, caught, seconds))
    return verdict(terminal, videos, evidence, count, home.path)


def again(home: Home, terminal: Terminal) -> int:
    """Judge what the last drill has left in its home once more.

    :raises StackError: there was none that came to its evidence.
    """
    if not (home.path / EVIDENCE).exists():
        raise StackError(f"no drill in {home.path}")
    videos = [Expected.of(told) for told in json.loads((home.path / "expected.json").read_text())]
    count = json.loads((home.path / "plan.json").read_text())["count"]
    return verdict(terminal, videos, Evidence.load(home.path / EVIDENCE), count, home.path)


def verdict(terminal: Terminal, videos: list[Expected], evidence: Evidence, count: int, folder: Path) -> int:
    """Say what was found, and write all of it down in verdict.json.

    Return 1 if anything is not as it has to be, 3 if too little went wrong to tell.
    """
    violations, lacks, trouble = judge(videos, evidence), lacking(count, evidence), evidence.trouble
    code = 1 if violations or trouble else PROVES_NOTHING if lacks else 0
    told = {"code": code, "trouble": trouble, "violations": [asdict(each) for each in violations], "lacks": lacks}
    _write(folder / "verdict.json", told)
    terminal.say(f"\n{report.judged(videos, evidence, violations)}\n")
    if trouble:
        terminal.say(trouble)
    if violations:
        terminal.say(report.named(violations))
    elif lacks and not trouble:
        terminal.say(report.nothing_proved(lacks))
    return code


def _audited(api: AirflowApi, evidence: Evidence, began: float) -> bool:
    """Note what was asked of Airflow; False if it does not answer now."""
    with contextlib.suppress(requests.RequestException):
        since = datetime.fromtimestamp(began, UTC).isoformat()
        evidence.calls, evidence.own_calls = airflow.calls(api, since, own=DAGS)
        return True
    return False


def _write(path: Path, told: object) -> None:
    path.write_text(json.dumps(told, indent=1))
