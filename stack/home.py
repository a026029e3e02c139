"""The folder one stack lives in: its lock, its status, its files."""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack import HOMES, session
from stack.processes import StackError


class AlreadyRunning(StackError):
    """Another stack has this home."""


@dataclass(frozen=True)
class Home:
    """``.reelworks/NAME``."""

    path: Path

    @classmethod
    def named(cls, name: str) -> "Home":
        """Return the home of that name in the project's folder."""
        return cls(HOMES / name)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home; the kernel lets go when this process ends, however it ends.

        :raises AlreadyRunning: another process holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(f"{self.path.name} is already running (process {self.owner()})") from None
            file.truncate(0)
            file.write(json.dumps({"pid": os.getpid(), "started": session.started(os.getpid())}))
            file.flush()
            yield
            file.truncate(0)

    def owner(self) -> int | None:
        """Return the pid of the process that holds the home, if there is one."""
        with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError):
            data = json.loads((self.path / "lock").read_text())
            if session.is_same(int(data["pid"]), float(data["started"])):
                return int(data["pid"])
        return None

    def has_left_overs(self) -> bool:
        """Whether processes of it are on record, which its owner takes off when it stops."""
        return any((self.path / "run").glob("*.json"))

    def write_status(self, phase: str, **details: Any) -> None:
        """Say where this stack stands, for the other commands to read."""
        unfinished = self.path / "status.new"
        unfinished.write_text(json.dumps({"phase": phase, **details}))
        unfinished.replace(self.path / "status.json")

    def status(self) -> dict[str, Any]:
        """Return what was written last, or an empty dict."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            status: dict[str, Any] = json.loads((self.path / "status.json").read_text())
            return status
        return {}

    def wipe(self) -> None:
        """Remove everything but the lock."""
        for entry in self.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != "lock":
                entry.unlink()
