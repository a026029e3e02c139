"""What waits in a triggerer, or is at work in a worker: the kernel says so, for each has the logs of all that open.

Airflow's API names the triggerer of a wait by a number and a host, which here is the same for all.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]

from stack import session

WAIT_LOG = re.compile(r"/dag_id=([^/]+)/run_id=([^/]+)/.*\.trigger\.\d+\.log$")
TASK_LOG = re.compile(r"/dag_id=([^/]+)/run_id=([^/]+)/.*/attempt=\d+\.log$")


@dataclass(frozen=True)
class Wait:
    """A deferred task, or one at work, by its run."""

    dag_id: str
    run_id: str


def waits_of(leader: int) -> list[Wait]:
    """Return what waits in the triggerer whose session this process leads; of a dead one nothing."""
    return [Wait(*found.groups()) for path in _open_files(leader) if (found := WAIT_LOG.search(path))]


def tasks_of(leader: int) -> set[Wait]:
    """Return the runs of which a task is at work in the worker whose session this process leads."""
    return {Wait(*found.groups()) for path in _open_files(leader) if (found := TASK_LOG.search(path))}


def _open_files(leader: int) -> Iterator[str]:
    for pid in session.members(leader):
        with contextlib.suppress(psutil.Error):
            yield from (file.path for file in psutil.Process(pid).open_files())
