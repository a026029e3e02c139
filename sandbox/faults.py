"""Faults by rule: which request goes wrong, how, and how often."""

import fnmatch
import random
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

Kind = Literal[
    "status",
    "status_after",
    "reset_before",
    "reset_after",
    "hang",
    "hang_after",
    "slow",
    "truncate",
    "broken_json",
    "content_type",
    "gateway",
    "cut_download",
    "cut_upload",
]
# Faults that come instead of the act; all others come after it was done and committed.
BEFORE_THE_ACT = frozenset({"status", "reset_before", "hang", "slow", "gateway"})


class Rule(BaseModel):
    """One fault.

    `endpoint` is `*`, an endpoint's name (`run_job`) or a path pattern (`/v1/customer/jobs/*`).
    `probability` is drawn per matching request, from `seed` if given; `after` lets the first matches pass;
    `times` ends the rule after so many faults. `seconds` is how long `hang` holds the line before it cuts it,
    or how late `slow` answers. `keep_bytes` is where `truncate` and `cut_download` cut the answer's body,
    and `cut_upload` the request's, envelope included (else half-way).
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    endpoint: str = "*"
    method: str | None = None
    status: int = Field(default=503, ge=400, le=599)
    probability: float = Field(default=1.0, ge=0, le=1)
    times: int | None = Field(default=None, ge=0)
    after: int = Field(default=0, ge=0)
    seed: int | None = None
    seconds: float = Field(default=600.0, ge=0, le=86400)
    keep_bytes: int | None = Field(default=None, ge=0)
    retry_after: int | None = Field(default=None, ge=0)

    _random: random.Random = PrivateAttr(default_factory=random.Random)
    _seen: int = PrivateAttr(default=0)
    _done: int = PrivateAttr(default=0)

    def arm(self, seed: int | None) -> None:
        """Start the rule's dice from its own seed, else from the given one."""
        chosen = self.seed if self.seed is not None else seed
        self._random = random.Random(chosen)  # noqa: S311  (reproducible on purpose)

    def strikes(self, *, name: str, path: str, method: str, download: bool, upload: bool = False) -> bool:
        """Say whether this request is to go wrong; draws the dice and counts."""
        if not self._concerns(name=name, path=path, method=method, download=download, upload=upload):
            return False
        self._seen += 1
        if self._seen <= self.after or (self.times is not None and self._done >= self.times):
            return False
        if self._random.random() >= self.probability:
            return False
        self._done += 1
        return True

    def _concerns(self, *, name: str, path: str, method: str, download: bool, upload: bool = False) -> bool:
        if (self.kind == "cut_download" and not download) or (self.kind == "cut_upload" and not upload):
            return False
        if self.method is not None and self.method.upper() != method:
            return False
        return self.endpoint in ("*", name) or fnmatch.fnmatchcase(path, self.endpoint)

    def report(self) -> dict[str, Any]:
        """Return the rule with what it has done so far."""
        return self.model_dump(exclude_none=True) | {"matched": self._seen, "injected": self._done}


class FaultBook:
    """The rules of one service, in the order they were given; the first that strikes wins."""

    def __init__(self, seed: int | None = None) -> None:
        self._seed = seed
        self.rules: list[Rule] = []

    def add(self, *rules: Rule) -> None:
        """Put rules in force."""
        for rule in rules:
            # Without an own seed each rule still gets dice of its own: equal dice would strike together.
            rule.arm(None if self._seed is None else self._seed + len(self.rules))
            self.rules.append(rule)

    def clear(self) -> None:
        """Drop all rules."""
        self.rules.clear()

    def strike(self, *, name: str, path: str, method: str, download: bool, upload: bool = False) -> Rule | None:
        """Return the rule this request falls to, if any."""
        for rule in self.rules:
            if rule.strikes(name=name, path=path, method=method, download=download, upload=upload):
                return rule
        return None
