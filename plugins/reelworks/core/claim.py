"""What a task instance remembers of its remote job between tries, kept in Airflow's task state store."""

from __future__ import annotations

import re
import uuid
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Protocol

KEY = "reelworks.job"

_NAME = re.compile(r"[A-Za-z0-9-]+-[0-9a-f]{10}-[1-9][0-9]*")


class Store(Protocol):
    """The part of Airflow's ``task_state_store`` that is used here."""

    def get(self, key: str) -> Any:
        """Return the value, or None."""

    def set(self, key: str, value: Any) -> None:
        """Keep the value, over crashes and retries."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One paid job and the name it is found by. It is stored before the job exists.

    ``max_tries`` is Airflow's, as it was when the claim was made: a clear raises it, a retry does not. ``notes`` is
    what the operator wants to know again later, ``result`` and ``facts`` what it returned and said of the job once all
    was done (``done``); ``owed`` until the task was about to return it. What the job of a ``made`` claim made is paid
    for, and lies at the service. A ``spent`` claim's job succeeded with outputs that are not good enough. Of one that
    was ``resent`` there may be a second job: a create that went unanswered may be acted on late.
    """

    name: str
    generation: int
    max_tries: int
    deadline: float
    job_id: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    done: bool = False
    owed: bool = False
    made: bool = False
    spent: bool = False
    resent: bool = False
    result: Any = None
    facts: dict[str, Any] = field(default_factory=dict)

    def save(self, store: Store) -> Claim:
        """Write it; from here on it survives the process."""
        store.set(KEY, asdict(self))
        return self

    def with_job(self, job_id: str) -> Claim:
        """Return the claim with the id that the service gave; what another job made is not this one's."""
        return replace(self, job_id=job_id, made=self.made and job_id == self.job_id)

    def finished(self, result: Any, facts: dict[str, Any]) -> Claim:
        """Return the claim as settled."""
        return replace(self, done=True, owed=True, result=result, facts=facts)

    def of_try(self, max_tries: int | None, *, owed: bool) -> Claim:
        """Return the settled claim as one that a try before the next clear has, or has not yet, returned."""
        return replace(self, max_tries=int(max_tries or 0), owed=owed)


def is_claim_name(name: str) -> bool:
    """Say whether a name is one that ``new_claim`` could have made; whose it is it does not tell."""
    return bool(_NAME.fullmatch(name))


def load_claim(store: Store) -> Claim | None:
    """Return what an earlier try stored, or None."""
    value = store.get(KEY)
    known = {each.name for each in fields(Claim)}  # a newer version may have stored more
    return Claim(**{name: each for name, each in value.items() if name in known}) if value else None


def new_claim(
    task_instance: Any, deadline: float, before: Claim | None, notes: dict[str, Any], label: str | None = None
) -> Claim:
    """Make the claim of the next generation; ``label`` is a person's own name for it.

    The name tells people where the job comes from. What makes it unique is drawn by lot, not derived: a run that is
    deleted and triggered again under its old id, or another Airflow on the same account, must not find this job.
    """
    readable = re.sub(r"[^A-Za-z0-9]+", "-", label or f"{task_instance.dag_id}-{task_instance.task_id}").strip("-")[:40]
    generation = before.generation + 1 if before else 1
    name = f"{readable}-{uuid.uuid4().hex[:10]}-{generation}"
    return Claim(name, generation, int(task_instance.max_tries or 0), deadline, notes=notes)
