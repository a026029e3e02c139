"""Which triggerer dies, and when a drill is over. The triggerers are processes that have logs open as real ones do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from drill.course import Course
from drill.evidence import Evidence
from drill.plan import TRIGGERERS, Blow, make_plan
from drill.waits import Wait, waits_of
from stack.terminal import Terminal
from tests.drill.handmade import INBOUND, clean

VIDEO, ORPHAN = Wait("process_video", "inbox__Clip ä 1.mp4__0"), Wait("encode_video", "orphan-20")
# A guard leads the session, and the triggerer with its logs is a child of it.
HOLDS = "import sys; logs = [open(path, 'w') for path in sys.argv[1:]]; print('open', flush=True); sys.stdin.read()"
GUARDS = f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', {HOLDS!r}, *sys.argv[1:]]))"

Holding = Callable[..., dict[str, int]]


@contextmanager
def triggerer(folder: Path, *waits: Wait) -> Iterator[int]:
    """A session that has the logs of these waits open, and another file; its leader's pid."""
    paths = [folder / f"dag_id={w.dag_id}/run_id={w.run_id}/task_id=t/attempt=1.log.trigger.3.log" for w in waits]
    paths.append(folder / "dag_id=a" / "run_id=b" / "attempt=1.log")
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", GUARDS, *map(str, paths)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, start_new_session=True) as process:
        assert process.stdout.readline() == b"open\n"
        yield process.pid
        process.stdin.close()
        process.wait(20)
    assert waits_of(process.pid) == []


@pytest.fixture
def holding(tmp_path: Path) -> Iterator[Holding]:
    """Start the two triggerers with what waits in each."""
    with ExitStack() as stack:

        def start(*waits: list[Wait]) -> dict[str, int]:
            pairs = zip(TRIGGERERS, waits, strict=True)
            return {part: stack.enter_context(triggerer(tmp_path / part, *held)) for part, held in pairs}

        yield start


def course(pids: dict[str, int], **stage: Any) -> Course:
    processes = SimpleNamespace(named=lambda part: SimpleNamespace(guard=SimpleNamespace(pid=pids[part])))
    cluster = SimpleNamespace(processes=processes, airflow=None)
    return Course(SimpleNamespace(cluster=cluster, plan=make_plan(1, 20), **stage), Terminal(), 60.0)  # type: ignore[arg-type]


def test_a_triggerer_has_the_waits_whose_logs_it_has_open(tmp_path: Path) -> None:
    with triggerer(tmp_path, VIDEO, ORPHAN) as pid:
        assert {*waits_of(pid)} == {VIDEO, ORPHAN}


@pytest.mark.parametrize(
    ("waits", "dies"),
    [
        (([], []), ""),
        (([ORPHAN], []), ""),
        (([], [VIDEO]), "triggerer-2"),
        (([VIDEO], [VIDEO]), "triggerer-1"),
        (([ORPHAN], [VIDEO]), "triggerer-2"),
    ],
)
def test_only_a_triggerer_dies_in_which_a_video_waits(
    holding: Holding, waits: tuple[list[Wait], list[Wait]], dies: str
) -> None:
    assert course(holding(*waits))._target(Blow("triggerer-1", 0, 0.0)) == dies


@pytest.mark.parametrize(
    ("waits", "at_first", "later"),
    [
        (([VIDEO], [ORPHAN, VIDEO]), "triggerer-2", "triggerer-2"),
        (([VIDEO], [ORPHAN]), "", "triggerer-2"),
        (([VIDEO], []), "", ""),
    ],
)
def test_an_orphan_is_made_where_one_waits_with_a_video_if_that_comes_in_time(
    holding: Holding, waits: tuple[list[Wait], list[Wait]], at_first: str, later: str
) -> None:
    drill = course(holding(*waits))
    drill.orphans.waiting, drill.orphans._until = {ORPHAN}, float("inf")
    blow = Blow("triggerer-1", 0, 0.0, bereaves=True)

    assert drill._target(blow) == at_first
    drill.orphans.gathered = 0.0
    assert drill._target(blow) == later


def test_what_else_dies_needs_no_waits(holding: Holding) -> None:
    assert course(holding([], []))._target(Blow("worker-1", 0, 0.0)) == "worker-1"


@pytest.mark.parametrize("bucket", [INBOUND, "openencoder-out"])
def test_a_drill_is_not_over_while_a_folder_is_left_at_open_encoder(bucket: str) -> None:
    left, gone = clean().evidence, clean().evidence
    left.listing[bucket] = {"_reelworks/encode-video-x/source.mp4": "e"}
    looks: list[Evidence] = [left, gone]

    course({}, at_services=lambda: looks.pop(0))._wait_until_quiet()

    assert looks == []
