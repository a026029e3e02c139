"""What the reaper finds at a service, and what it makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reelworks.core.owners import Owner


@dataclass(frozen=True, slots=True)
class Thing:
    """A job, video or machine that may be ours. Its owner is noted under ``key``; ``state`` is the service's word."""

    service: str
    kind: str
    id: str
    name: str
    key: str
    state: str = ""
    amount: str | None = None

    def __str__(self) -> str:
        """Say it as a log line does."""
        return f"{self.service} {self.kind} {self.id} ({self.name})"


class Verdict(StrEnum):
    """What is to become of a thing. Only an orphan is touched."""

    LIVE = "live"
    ORPHAN = "orphan"
    KEPT = "kept"
    YOUNG = "young"
    UNKNOWN = "unknown"
    PASSED_OVER = "passed over"


@dataclass(frozen=True, slots=True)
class Finding:
    """A thing, its owner, the verdict on it and the reason; ``done`` says what was done, or why nothing.

    ``ended`` is only true of what is known to be gone.
    """

    thing: Thing
    owner: Owner | None
    verdict: Verdict
    why: str
    age: float | None = None
    done: str = ""
    ended: bool = False

    def row(self) -> dict[str, Any]:
        """Return it as JSON; ``age`` in seconds since the thing was noted."""
        thing = self.thing
        return {
            "service": thing.service,
            "kind": thing.kind,
            "id": thing.id,
            "name": thing.name,
            "state": thing.state,
            "owner": str(self.owner) if self.owner else None,
            "age": round(self.age) if self.age is not None else None,
            "verdict": self.verdict.value,
            "why": self.why,
            "done": self.done,
            "amount": thing.amount,
        }
