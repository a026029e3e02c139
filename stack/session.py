"""Finds and ends the processes of one session, and never anyone else's."""

import contextlib
import os
import signal
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

# The same process gives the same start time but for rounding; two with one pid are never born this close together.
SAME_START = 1.0


def started(pid: int) -> float | None:
    """When the process began (seconds since the epoch), or None if it is gone."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None


def is_same(pid: int, start: float) -> bool:
    """Whether the process that began at ``start`` still lives; a later one that was given its pid does not count."""
    now = started(pid)
    return now is not None and abs(now - start) < SAME_START


def members(leader: int) -> list[int]:
    """Living processes of the session, except its leader.

    A session, not a group: Airflow moves its DAG processor and every task into groups of their own.
    """
    return [pid for pid in psutil.pids() if pid != leader and _session(pid) == leader and started(pid)]


def listens(leader: int, port: int) -> bool:
    """Whether a process of the session accepts connections on the port; someone else's server there does not count."""
    for pid in [leader, *members(leader)]:
        with contextlib.suppress(psutil.Error):
            for connection in psutil.Process(pid).net_connections(kind="tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    return True
    return False


def kill(leader: int, within: float = 5.0) -> bool:
    """Kill the session, leader first so that it starts nothing new; True when nothing of it is left (in seconds)."""
    if _session(leader) == leader:
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader, signal.SIGKILL)
    return kill_members(leader, within)


def kill_members(leader: int, within: float = 5.0) -> bool:
    """Kill all of the session but its leader, and whatever they still start; True when none is left (in seconds)."""
    until = time.monotonic() + within
    while left := members(leader):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def kill_left_over(leader: int, start: float, home: Path) -> bool:
    """End what a killed stack left of this session; True if there was anything.

    The pid may be someone else's by now. Then the kernel vouches that nothing of ours is left, for it gives
    no pid away while a session has it. With the leader gone, its members show by where they run that they are ours.
    """
    if started(leader) is not None:
        if not is_same(leader, start):
            return False
    elif not any(_runs_in(pid, home) for pid in members(leader)):
        return False
    return kill(leader) or True


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _runs_in(pid: int, home: Path) -> bool:
    try:
        return Path(psutil.Process(pid).cwd()).resolve().is_relative_to(home.resolve())
    except (psutil.Error, OSError):
        return False
