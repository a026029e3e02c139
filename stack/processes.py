"""Starts processes behind guards, notices when one dies, and ends them all."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stack import ROOT, guard, session


class StackError(Exception):
    """The stack cannot go on; the message is for the person at the terminal."""


class ComponentDied(StackError):
    """A process of the stack ended by itself; the message ends with what it said last."""


class NotReady(StackError):
    """Something did not come up in time."""


# A process that ends this soon (seconds) after it began, this often running, is not started again.
SOON = 20.0
TOO_OFTEN = 6


@dataclass(frozen=True)
class Program:
    """What runs under a name, and what is done when it ends and to end it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    # Started anew when it ends by itself, as compose's `restart: unless-stopped` does.
    restarted: bool = False
    # Ended after all that is not: without it the others could not end well.
    needed: bool = False
    ending: signal.Signals = signal.SIGTERM


@dataclass
class Component:
    """One process with its log."""

    program: Program
    guard: subprocess.Popen[bytes]
    log: Path
    began: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        """What it is called."""
        return self.program.name

    def tail(self, lines: int = 25) -> str:
        """Return the last lines of the log."""
        with contextlib.suppress(FileNotFoundError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""


@dataclass
class Processes:
    """The processes of one home; each is on record before it runs."""

    home: Path
    components: list[Component] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)
    restarts: list[str] = field(default_factory=list)
    _soon: dict[str, int] = field(default_factory=dict)
    # Whoever waits looks whether all live, and so may a thread that does nothing else.
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def records(self) -> Path:
        """One file per process: its pid and when it began."""
        return self.home / "run"

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str], **how: Any) -> Component:
        """Start a command in the home folder; its output goes to ``logs/NAME.log``. ``how`` is said by Program."""
        return self._launch(Program(name, command, environment, **how))

    def named(self, name: str) -> Component:
        """Find a process that runs.

        :raises StackError: none has this name.
        """
        for component in self.components:
            if component.name == name:
                return component
        raise StackError(f"No process is named {name}; there are {', '.join(each.name for each in self.components)}")

    def check(self) -> None:
        """Start anew what has ended and is to be restarted; raise ComponentDied if anything else has."""
        with self._lock:
            for component in [*self.components]:
                if (code := component.guard.poll()) is not None:
                    self._has_ended(component, code)

    def kill(self, name: str) -> Component:
        """SIGKILL a process with all that it started, as the kernel or a power cut would, and start it anew."""
        with self._lock:
            component = self.named(name)
            # Its guard is left to take note of the death: as a zombie, which nobody may clear away for a while, a
            # PostgreSQL still counts as running to its successor.
            session.kill_members(component.guard.pid)
            with contextlib.suppress(subprocess.TimeoutExpired):
                component.guard.wait(guard.GRACE)
            session.kill(component.guard.pid)
            component.guard.wait()
            return self._replace(component)

    def _has_ended(self, component: Component, code: int) -> None:
        name = component.name
        early = time.monotonic() - component.began < SOON
        self._soon[name] = self._soon.get(name, 0) + 1 if early else 0
        if not component.program.restarted or self._soon[name] >= TOO_OFTEN:
            raise ComponentDied(f"{name} ended with {code}; {component.log} ends:\n{component.tail()}")
        session.kill_members(component.guard.pid)
        self._replace(component)

    def _replace(self, component: Component) -> Component:
        self.deaths.append(component.name)
        self.components.remove(component)
        fresh = self._launch(component.program)
        self.restarts.append(component.name)
        return fresh

    def _launch(self, program: Program) -> Component:
        log = self.home / "logs" / f"{program.name}.log"
        for folder in (self.records, log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        again = program.name in self.deaths
        with log.open("ab" if again else "wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "stack.guard", str(self.home), program.ending.name, *program.command],
                cwd=ROOT,
                env=dict(program.environment),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        component = Component(program, process, log)
        self.components.append(component)
        record = {"pid": process.pid, "started": session.started(process.pid)}
        (self.records / f"{program.name}.json").write_text(json.dumps(record))
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(b"go\n")
                process.stdin.flush()
        return component

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str], within: float) -> None:
        """Run a command to its end (at most ``within`` seconds); raise ComponentDied unless it succeeds."""
        component = self.start(name, command, environment)
        until = time.monotonic() + within
        while (code := component.guard.poll()) is None and time.monotonic() < until:
            time.sleep(0.05)
        if code != 0:
            how = "took too long" if code is None else f"ended with {code}"
            raise ComponentDied(f"{name} {how}; {component.log} ends:\n{component.tail()}")
        self.components.remove(component)
        self._forget(name)

    def stop(self) -> None:
        """End all processes, whatever state they are in; what others need to end well goes last."""
        for needed in (False, True):
            self._end([component for component in self.components if component.program.needed == needed])
        self.components.clear()

    def _end(self, components: Sequence[Component]) -> None:
        for component in components:
            if component.guard.stdin is not None:
                with contextlib.suppress(OSError):
                    component.guard.stdin.close()
        until = time.monotonic() + guard.GRACE + 2
        for component in components:
            leader = component.guard.pid
            while component.guard.poll() is None and time.monotonic() < until:
                time.sleep(0.02)
            if (not session.members(leader) and component.guard.poll() is not None) or session.kill(leader):
                self._forget(component.name)

    def clear_left_overs(self) -> list[str]:
        """End what an earlier stack left running in this home; the names of what was."""
        found = []
        for record in sorted(self.records.glob("*.json")):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                data = json.loads(record.read_text())
                if session.kill_left_over(int(data["pid"]), float(data["started"]), self.home):
                    found.append(record.stem)
            record.unlink(missing_ok=True)
        return found

    def _forget(self, name: str) -> None:
        (self.records / f"{name}.json").unlink(missing_ok=True)


def clean_environment() -> dict[str, str]:
    """Copy the caller's environment without what would bend Python or Airflow; loopback goes past any proxy."""
    unwanted = ("AIRFLOW", "_AIRFLOW", "AWS_", "PYTHON", "VIRTUAL_ENV")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
    for key in ("no_proxy", "NO_PROXY"):
        kept[key] = ",".join(filter(None, [kept.get(key), "127.0.0.1", "localhost"]))
    # Airflow refuses to run as nobody, which is who a user id without a name is (as in `docker run --user 1234`).
    return {"LOGNAME": "reelworks", "PYTHONUNBUFFERED": "1"} | kept
