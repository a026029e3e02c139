import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from stack import ROOT, session
from stack.processes import TOO_OFTEN, ComponentDied, Processes, StackError
from tests.stack.waiting import until

# A process that starts two more as Airflow does, one in a group of its own and one deaf to SIGTERM,
# and notes the pids of all three.
FAMILY = textwrap.dedent(
    """
    import os, signal, sys, time
    pids = [os.getpid()]
    for deaf in (False, True):
        pid = os.fork()
        if pid == 0:
            if deaf:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.setpgid(0, 0)
            time.sleep(120)
            os._exit(0)
        pids.append(pid)
    with open("family.new", "w") as file:
        file.write(" ".join(map(str, pids)))
    os.rename("family.new", "family")
    time.sleep(120)
    """
)

# A process that writes down its name and the signal that ends it.
LAST_WORDS = textwrap.dedent(
    """
    import signal, sys, time
    def end(number, frame):
        with open("ends", "a") as file:
            file.write(f"{sys.argv[1]} {number} ")
        sys.exit()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, end)
    print("ready", flush=True)
    time.sleep(60)
    """
)

STACK = textwrap.dedent(
    """
    import os, sys, time
    from pathlib import Path
    from stack.processes import Processes
    processes = Processes(Path(sys.argv[1]))
    processes.start("family", [sys.executable, "-c", sys.argv[2]], os.environ)
    time.sleep(120)
    """
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "a home"
    folder.mkdir()
    return folder


@pytest.fixture
def processes(home: Path) -> Iterator[Processes]:
    owner = Processes(home)
    yield owner
    owner.stop()


def family(home: Path) -> list[int]:
    until((home / "family").exists)
    return [int(pid) for pid in (home / "family").read_text().split()]


def living(pids: list[int]) -> list[int]:
    return [pid for pid in pids if session.started(pid)]


def start_family(processes: Processes) -> list[int]:
    processes.start("family", [sys.executable, "-c", FAMILY], os.environ)
    return family(processes.home)


def test_stopping_ends_a_process_and_all_it_started(processes: Processes) -> None:
    pids = start_family(processes)
    assert living(pids) == pids

    processes.stop()

    assert living(pids) == []
    assert list(processes.records.iterdir()) == []


def test_a_process_that_ends_by_itself_is_reported_with_what_it_said_last(processes: Processes) -> None:
    component = processes.start(
        "teller", [sys.executable, "-c", "print('the reason'); raise SystemExit(7)"], os.environ
    )
    component.guard.wait(15)

    with pytest.raises(ComponentDied, match=r"teller ended with 7(.|\n)*the reason"):
        processes.check()


def test_what_a_process_leaves_behind_ends_with_it(processes: Processes) -> None:
    pids = start_family(processes)

    os.kill(pids[0], signal.SIGKILL)
    processes.components[0].guard.wait(15)

    assert living(pids) == []


def test_a_killed_guard_leaves_nothing_to_survive_the_stop(processes: Processes) -> None:
    pids = start_family(processes)
    processes.components[0].guard.kill()
    processes.components[0].guard.wait()

    processes.stop()

    assert living(pids) == []


def test_all_end_when_the_stack_itself_is_killed(home: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", STACK, str(home), FAMILY], cwd=ROOT)
    pids = family(home)

    owner.kill()
    owner.wait()

    until(lambda: not living(pids))


def test_a_start_ends_what_a_killed_stack_and_killed_guards_left(processes: Processes) -> None:
    pids = start_family(processes)
    processes.components[0].guard.kill()
    processes.components[0].guard.wait()
    assert living(pids) == pids

    assert Processes(processes.home).clear_left_overs() == ["family"]

    assert living(pids) == []


def test_a_recycled_pid_is_left_alone(processes: Processes) -> None:
    bystander = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        processes.records.mkdir()
        record = {"pid": bystander.pid, "started": psutil.Process(bystander.pid).create_time() - 100}
        (processes.records / "family.json").write_text(json.dumps(record))

        assert processes.clear_left_overs() == []

        assert bystander.poll() is None
        assert list(processes.records.iterdir()) == []
    finally:
        bystander.kill()
        bystander.wait()


def test_the_session_of_a_recycled_and_dead_leader_is_left_alone(processes: Processes, tmp_path: Path) -> None:
    script = "sleep 60 >/dev/null 2>&1 & echo $!"
    leader = subprocess.Popen(
        ["sh", "-c", script], start_new_session=True, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    bystander = int(leader.communicate()[0])
    try:
        processes.records.mkdir()
        record = {"pid": leader.pid, "started": time.time() - 100}
        (processes.records / "family.json").write_text(json.dumps(record))

        assert processes.clear_left_overs() == []

        assert session.started(bystander)
    finally:
        os.kill(bystander, signal.SIGKILL)


def test_damaged_records_are_no_obstacle(processes: Processes) -> None:
    processes.records.mkdir()
    for name, text in {"cut": '{"pid": 1', "empty": "", "odd": "[]", "none": '{"pid": 1, "started": null}'}.items():
        (processes.records / f"{name}.json").write_text(text)

    assert processes.clear_left_overs() == []


def test_what_is_to_be_restarted_comes_back_when_it_ends_by_itself(processes: Processes) -> None:
    component = processes.start("once", ["sh", "-c", "echo alive; sleep 60"], os.environ, restarted=True)
    until(lambda: component.tail() == "alive")
    for pid in session.members(component.guard.pid):
        os.kill(pid, signal.SIGKILL)
    component.guard.wait(15)

    processes.check()

    assert processes.named("once").guard.pid != component.guard.pid
    until(lambda: component.tail() == "alive\nalive")
    assert (processes.deaths, processes.restarts) == (["once"], ["once"])


def test_what_ends_again_and_again_is_given_up(processes: Processes) -> None:
    processes.start("never", ["sh", "-c", "echo the reason; exit 3"], os.environ, restarted=True)

    def given_up() -> bool:
        try:
            processes.check()
        except ComponentDied as died:
            return "never ended with 3" in str(died) and "the reason" in str(died)
        return False

    until(given_up, 60)
    assert len(processes.restarts) == TOO_OFTEN - 1


def test_a_kill_takes_all_that_the_process_started_and_it_comes_back(processes: Processes) -> None:
    pids = start_family(processes)
    (processes.home / "family").unlink()

    processes.kill("family")

    assert living(pids) == []
    assert living(family(processes.home)) != []
    with pytest.raises(StackError, match="No process is named nobody; there are family"):
        processes.kill("nobody")


def test_what_others_need_is_ended_last_and_by_its_own_signal(processes: Processes) -> None:
    needed = {"needed": True, "ending": signal.SIGINT}
    how: dict[str, dict[str, Any]] = {"database": needed, "client": {}}
    for name, said in how.items():
        component = processes.start(name, [sys.executable, "-c", LAST_WORDS, name], os.environ, **said)
        until(lambda component=component: component.tail() == "ready")

    processes.stop()

    assert (processes.home / "ends").read_text() == "client 15 database 2 "
