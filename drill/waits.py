"""Which tasks wait in which triggerer: the kernel says so, for a triggerer has the log of each of its waits open.

Airflow's API names the triggerer of a wait by a number and a host, which here is the same for all.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]

from stack import session

LOG = re.compile(r"/dag_id=([^/]+)/run_id=([^/]+)/.*\.trigger\.\d+\.log")


@dataclass(frozen=True)
class Wait:
    """A deferred task, by its run."""

    dag_id: str
    run_id: str


def waits_of(leader: int) -> list[Wait]:
    """Return what waits in the triggerer whose session this process leads; of a dead one nothing."""
    return [Wait(*found.groups()) for path in _open_files(leader) if (found := LOG.search(path))]


def _open_files(leader: int) -> Iterator[str]:
    for pid in session.members(leader):
        with contextlib.suppress(psutil.Error):
            yield from (file.path for file in psutil.Process(pid).open_files())
