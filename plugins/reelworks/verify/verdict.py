"""What verification found; it goes into the manifest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; ``text`` is a sentence about the output, and says the fault if there is one."""

    name: str
    ok: bool
    found: Scalar
    wanted: Scalar
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """All checks of one output, in the order they were made."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether it may be published."""
        return bool(self.checks) and not self.faults

    @property
    def faults(self) -> list[str]:
        """What is wrong, in sentences; none if it is good."""
        return [check.text for check in self.checks if not check.ok]

    def as_json(self) -> dict[str, Any]:
        """Return it for the manifest: lists and objects of scalars."""
        return {"ok": self.ok, "checks": [asdict(check) for check in self.checks]}


def verdict(checks: Iterable[Check | None]) -> Verdict:
    """Make a verdict of the checks that applied."""
    return Verdict(tuple(check for check in checks if check is not None))
