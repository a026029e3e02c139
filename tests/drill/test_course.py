"""What dies, and when a drill is over. Triggerers and workers are processes that have logs open as real ones do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from drill.course import Course
from drill.evidence import Death, Evidence
from drill.plan import TRIGGERERS, WORKERS, Blow, make_plan
from drill.waits import Wait, tasks_of, waits_of
from stack.terminal import Terminal
from tests.drill.handmade import INBOUND, clean

VIDEO, ORPHAN = Wait("process_video", "inbox__Clip ä 1.mp4__0"), Wait("encode_video", "orphan-20")
# A guard leads the session, and the triggerer with its logs is a child of it.
HOLDS = "import sys; logs = [open(path, 'w') for path in sys.argv[1:]]; print('open', flush=True); sys.stdin.read()"
GUARDS = f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', {HOLDS!r}, *sys.argv[1:]]))"

Holding = Callable[..., dict[str, int]]


@contextmanager
def triggerer(folder: Path, *waits: Wait) -> Iterator[int]:
    """A session that has the logs of these waits open, and a task's; its leader's pid."""
    paths = [folder / f"dag_id={w.dag_id}/run_id={w.run_id}/task_id=t/attempt=1.log.trigger.3.log" for w in waits]
    with session([*paths, folder / "dag_id=a/run_id=b/task_id=c/attempt=1.log"]) as pid:
        yield pid
    assert waits_of(pid) == []


@contextmanager
def worker(folder: Path, *tasks: Wait) -> Iterator[int]:
    """A session that has the logs of these tasks open, and of one task two, and a trigger's; its leader's pid."""
    paths = [folder / f"dag_id={t.dag_id}/run_id={t.run_id}/task_id={n}/attempt=1.log" for t in tasks for n in (1, 2)]
    with session([*paths, folder / "dag_id=process_video/run_id=b/task_id=c/attempt=1.log.trigger.3.log"]) as pid:
        yield pid
    assert tasks_of(pid) == set()


@contextmanager
def session(paths: list[Path]) -> Iterator[int]:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", GUARDS, *map(str, paths)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, start_new_session=True) as process:
        assert process.stdout.readline() == b"open\n"
        yield process.pid
        process.stdin.close()
        process.wait(20)


@pytest.fixture
def holding(tmp_path: Path) -> Iterator[Holding]:
    """Start the two triggerers with what waits in each."""
    with ExitStack() as stack:

        def start(*waits: list[Wait]) -> dict[str, int]:
            pairs = zip(TRIGGERERS, waits, strict=True)
            return {part: stack.enter_context(triggerer(tmp_path / part, *held)) for part, held in pairs}

        yield start


def course(pids: dict[str, int], kill: Callable[[str], None] | None = None, **stage: Any) -> Course:
    processes = SimpleNamespace(named=lambda part: SimpleNamespace(guard=SimpleNamespace(pid=pids[part])))
    cluster = SimpleNamespace(processes=processes, airflow=None, kill=kill)
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


def test_a_worker_has_the_runs_of_whose_tasks_it_has_the_logs_open(tmp_path: Path) -> None:
    with worker(tmp_path, VIDEO, ORPHAN) as pid:
        assert tasks_of(pid) == {VIDEO, ORPHAN}


@pytest.mark.parametrize(
    ("tasks", "dies"),
    [
        (([], []), ""),
        (([ORPHAN], []), ""),
        (([], [VIDEO]), "worker-2"),
        (([VIDEO], [VIDEO]), "worker-1"),
        (([ORPHAN], [VIDEO]), "worker-2"),
    ],
)
def test_only_a_worker_dies_in_which_a_videos_task_is_at_work(
    tmp_path: Path, tasks: tuple[list[Wait], list[Wait]], dies: str
) -> None:
    killed: list[str] = []
    with ExitStack() as stack:
        pairs = zip(WORKERS, tasks, strict=True)
        pids = {part: stack.enter_context(worker(tmp_path / part, *held)) for part, held in pairs}
        drill = course(pids, kill=killed.append)

        assert drill._struck(Blow("worker-1", 0, 0.0)) == bool(dies)

    assert killed == [dies] * bool(dies)
    assert drill.deaths == [Death(dies, tasks=1)] * bool(dies)


def test_what_else_dies_needs_neither(holding: Holding) -> None:
    assert course(holding([], []))._target(Blow("scheduler", 0, 0.0)) == "scheduler"


def test_nothing_dies_once_all_is_over() -> None:
    killed: list[str] = []
    drill = course({}, kill=killed.append)
    drill.stage.plan = replace(drill.stage.plan, blows=(Blow("scheduler", 0, 0.0), Blow("scheduler", 0, 0.0)))
    blows = drill._blows()

    assert next(blows, None) is None
    assert killed == ["scheduler"] * 2

    drill.over, killed[:] = drill.stage.plan.count, []
    assert [*drill._blows()] == killed == []


@pytest.mark.parametrize("bucket", [INBOUND, "openencoder-out"])
def test_a_drill_is_not_over_while_a_folder_is_left_at_open_encoder(bucket: str) -> None:
    left, gone = clean().evidence, clean().evidence
    left.listing[bucket] = {"_reelworks/encode-video-x/source.mp4": "e"}
    looks: list[Evidence] = [left, gone]

    course({}, at_services=lambda: looks.pop(0))._wait_until_quiet()

    assert looks == []
