"""Starts processes behind guards, notices when one dies, and ends them all."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stack import ROOT, guard, session


class StackError(Exception):
    """The stack cannot go on; the message is for the person at the terminal."""


class ComponentDied(StackError):
    """A process of the stack ended by itself; the message ends with what it said last."""


class NotReady(StackError):
    """Something did not come up in time."""


@dataclass
class Component:
    """One process with its log."""

    name: str
    guard: subprocess.Popen[bytes]
    log: Path

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

    @property
    def records(self) -> Path:
        """One file per process: its pid and when it began."""
        return self.home / "run"

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Component:
        """Start a command in the home folder; its output goes to ``logs/NAME.log``."""
        log = self.home / "logs" / f"{name}.log"
        for folder in (self.records, log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "stack.guard", str(self.home), *command],
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        component = Component(name, process, log)
        self.components.append(component)
        record = {"pid": process.pid, "started": session.started(process.pid)}
        (self.records / f"{name}.json").write_text(json.dumps(record))
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(b"go\n")
                process.stdin.flush()
        return component

    def check(self) -> None:
        """Raise ComponentDied if any process has ended."""
        for component in self.components:
            if (code := component.guard.poll()) is not None:
                raise ComponentDied(f"{component.name} ended with {code}; {component.log} ends:\n{component.tail()}")

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
        """End all processes, whatever state they are in."""
        for component in self.components:
            if component.guard.stdin is not None:
                with contextlib.suppress(OSError):
                    component.guard.stdin.close()
        until = time.monotonic() + guard.GRACE + 2
        for component in self.components:
            leader = component.guard.pid
            while component.guard.poll() is None and time.monotonic() < until:
                time.sleep(0.02)
            if (not session.members(leader) and component.guard.poll() is not None) or session.kill(leader):
                self._forget(component.name)
        self.components.clear()

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
