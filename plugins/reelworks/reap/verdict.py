"""Whether a thing is an orphan. When in doubt it is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from reelworks.core.owners import Owner, owner_of
from reelworks.reap.finding import Finding, Thing, Verdict


@dataclass(frozen=True)
class Judge:
    """Judges things; those noted less than ``grace`` seconds ago are left, and those of other DAGs than ``dags``.

    ``dags`` is empty for all. Ages are told by the clock of our own workers, which wrote them; a service's is not
    asked.
    """

    grace: float
    dags: Collection[str] = ()
    clock: Callable[[], float] = time.time

    def judged(self, thing: Thing, desertion: Callable[[Owner], str]) -> Finding:
        """Look up the thing's owner and judge; ``desertion`` says why nobody comes back for it, if so.

        :raises airflow.sdk.exceptions.AirflowRuntimeError: Airflow does not answer.
        """
        owner = owner_of(thing.key)
        if owner is None:
            return Finding(thing, None, Verdict.UNKNOWN, "this Airflow knows no owner of it")
        age = self.clock() - owner.noted
        verdict, why = self._verdict(owner, age, desertion)
        return Finding(thing, owner, verdict, why, age)

    def _verdict(self, owner: Owner, age: float, desertion: Callable[[Owner], str]) -> tuple[Verdict, str]:
        if self.dags and owner.dag_id not in self.dags:
            return Verdict.PASSED_OVER, f"it is of {owner.dag_id}"
        if owner.keep:
            return Verdict.KEPT, "it is kept on purpose"
        if age < self.grace:
            return Verdict.YOUNG, f"it was noted {age:.0f} s ago"
        if owner.disowned:
            return Verdict.ORPHAN, "its task has begun another"
        why = desertion(owner)
        return (Verdict.ORPHAN, why) if why else (Verdict.LIVE, "its owner may come back for it")
