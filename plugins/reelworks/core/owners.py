"""Whose a remote thing is, kept outside of its task: what the reaper reads when the task, or its run, is gone.

It lies in Airflow's asset state store, below an asset that the DAG ``reap_remote`` declares: in the database of this
Airflow, and of no other that may use the same account; and unlike XComs and the task state store it outlives the run.
A thing is noted for exactly as long as somebody is bound to see to its end.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from reelworks.core.redact import redact

if TYPE_CHECKING:
    from airflow.sdk.execution_time.context import AssetStateStoreAccessor

ASSET = "reelworks_remote"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Owner:
    """The task instance that a remote thing belongs to.

    ``noted`` is when it was noted last, in seconds since the epoch. What is to ``keep`` stays although its owner is
    done. A ``disowned`` thing is of an earlier generation: its owner has another one now.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    noted: float
    keep: bool = False
    disowned: bool = False

    def __str__(self) -> str:
        """Say it as a log line does."""
        mapped = f"[{self.map_index}]" if self.map_index >= 0 else ""
        return f"{self.dag_id}.{self.task_id}{mapped}, run {self.run_id}"


def note_owner(key: str, task_instance: Any, *, keep: bool = False) -> None:
    """Note whose the thing is that is found by ``key``; before it is there, so that none is without an owner."""
    instance = task_instance
    owner = Owner(instance.dag_id, instance.run_id, instance.task_id, int(instance.map_index), time.time(), keep)
    with _at_best(f"{key} is not noted, so nobody ends it should its task not: the DAG reap_remote has to be there"):
        _notes().set(key, asdict(owner))


def forget_owner(key: str) -> None:
    """Strike what is noted: the thing is gone, or nobody's concern any more."""
    with _at_best(f"{key} stays noted"):
        _notes().delete(key)


def disown(key: str) -> None:
    """Note that a thing's owner has another one now, if it is still noted."""
    with _at_best(f"{key} is not noted as disowned"):
        if owner := owner_of(key):
            _notes().set(key, asdict(replace(owner, disowned=True)))


def owner_of(key: str) -> Owner | None:
    """Return whose the thing is; None where this Airflow does not know.

    :raises airflow.sdk.exceptions.AirflowRuntimeError: Airflow does not answer.
    """
    value: Any = _notes().get(key)
    if not value:
        return None
    known = {each.name for each in fields(Owner)}  # a newer version may have noted more
    return Owner(**{name: each for name, each in value.items() if name in known})


def _notes() -> AssetStateStoreAccessor:
    from airflow.sdk.execution_time.context import AssetStateStoreAccessor

    return AssetStateStoreAccessor(name=ASSET)


@contextmanager
def _at_best(otherwise: str) -> Iterator[None]:
    """No task fails for a note: what is not noted is left alone."""
    from airflow.sdk.exceptions import AirflowRuntimeError

    try:
        yield
    except AirflowRuntimeError as error:
        log.info("%s (%s)", otherwise, redact(str(error)))
