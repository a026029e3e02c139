import io
import itertools
from collections.abc import Iterator
from typing import Any, cast

import pytest
import requests

from stack import follow as follow_module
from stack.airflow_api import TaskLog
from stack.follow import follow
from stack.machine import Machine
from stack.processes import NotReady, StackError
from stack.terminal import Terminal


class Airflow:
    """A run that goes through the given looks; an exception in place of a look is raised."""

    def __init__(self, *looks: Any) -> None:
        self.looks: Iterator[Any] = iter(looks)
        self.now: dict[str, str | None] = {}
        self.begun: set[str] = set()

    def run_state(self, dag_id: str, run_id: str) -> str:
        look = next(self.looks)
        if isinstance(look, Exception):
            raise look
        state, self.now = look
        self.begun |= {name for name, now in self.now.items() if now in ("running", "deferred")}
        return str(state)

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        return [
            {
                "task_id": name,
                "state": state,
                "priority_weight": -place,
                "try_number": 2,
                "start_date": "12:00" if name in self.begun else None,
            }
            for place, (name, state) in enumerate(self.now.items())
        ]

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int) -> TaskLog:
        return TaskLog([f"line {number} of {task_id}, try {attempt}" for number in range(100)], ["BusyError: later"])


class Stack:
    def __init__(self, airflow: Airflow) -> None:
        self.airflow, self.processes = airflow, self
        self.progress = itertools.count(0, 50)

    def check(self) -> None:
        """All processes live."""

    def ledger(self, service: str) -> dict[str, Any]:
        assert service == "bytenite"
        return {"jobs": [{"endedAt": None, "progress": next(self.progress)}]}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_module, "LOOK", 0)


def watch(*looks: Any, within: float = 5) -> str:
    out = io.StringIO()
    follow(cast(Machine, Stack(Airflow(*looks))), "encode_video", "r1", "bytenite", Terminal(out), within)
    return out.getvalue()


def test_phases_and_percent_are_told_as_they_change() -> None:
    text = watch(
        ("queued", {"check": None, "encode": None}),
        ("running", {"check": "success", "encode": "deferred"}),
        ("running", {"check": "success", "encode": "deferred"}),
        ("success", {"check": "success", "encode": "success"}),
    )

    said = [line.split("  ", 2)[2] for line in text.splitlines()]
    assert said == [
        "[................]   0 %  queued",
        "[########........]  50 %  check done, encode running",
        "[################] 100 %  check done, encode running",
        "[################] 100 %  check done, encode done",
    ]


def test_a_task_that_waits_for_a_worker_again_still_runs() -> None:
    text = watch(
        ("running", {"encode": "queued"}),
        ("running", {"encode": "deferred"}),
        ("running", {"encode": "scheduled"}),
        ("success", {"encode": "success"}),
    )

    assert [line.split(" % ")[1].strip() for line in text.splitlines()] == [
        "queued",
        "encode running",
        "encode running",
        "encode done",
    ]


def test_a_look_that_fails_is_not_a_failed_run() -> None:
    assert "encode done" in watch(requests.ConnectionError(), ("success", {"encode": "success"}))


def test_a_failed_run_ends_with_the_last_lines_of_the_failed_task() -> None:
    with pytest.raises(StackError) as failure:
        watch(("failed", {"check": "success", "encode": "failed", "publish": "upstream_failed"}))

    text = str(failure.value)
    assert "encode (failed), its log ends" in text
    assert "line 99 of encode, try 2" in text
    assert "line 5 of" not in text
    assert "of check" not in text
    assert "of publish" not in text


def test_why_an_attempt_failed_is_told_once() -> None:
    text = watch(*[("running", {"encode": "up_for_retry"})] * 3, ("success", {"encode": "success"}))

    assert text.count("encode, try 2: BusyError: later") == 1


def test_a_log_is_read_with_its_errors_and_without_folding_marks() -> None:
    log = TaskLog.read(
        [
            {"timestamp": "12:00", "level": "info", "event": "begins"},
            {"level": "info", "event": "::group::Pre Execute"},
            {"level": "info", "event": "::endgroup::"},
            {"level": "error", "event": "failed", "error_detail": [{"exc_type": "LostError", "exc_value": "gone"}]},
            "a line without structure",
        ]
    )

    assert log.lines == ["12:00 info begins", "error failed", "LostError: gone", "a line without structure"]
    assert log.errors == ["LostError: gone"]


def test_a_run_that_never_ends_is_given_up() -> None:
    looks = [("running", {"encode": "running"})] * 100000
    with pytest.raises(NotReady, match="had not ended after 0 s"):
        watch(*looks, within=0.2)
