"""Counts of what was asked of a service since it started."""

from collections import Counter
from typing import Any


class Tally:
    """Requests by endpoint and answer, and injected faults by kind."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, str, str]] = Counter()
        self._faults: Counter[tuple[str, str]] = Counter()

    def answered(self, name: str, method: str, outcome: str) -> None:
        """Count one request; `outcome` is the status as sent, or what happened instead of one."""
        self._answers[name, method, outcome] += 1

    def faulted(self, name: str, kind: str) -> None:
        """Count one injected fault."""
        self._faults[name, kind] += 1

    def requests(self) -> list[dict[str, Any]]:
        """Return one row for each endpoint and method, the busiest first."""
        rows: dict[tuple[str, str], dict[str, int]] = {}
        for (name, method, outcome), count in self._answers.items():
            rows.setdefault((name, method), {})[outcome] = count
        listed = [
            {"endpoint": name, "method": method, "count": sum(outcomes.values()), "outcomes": outcomes}
            for (name, method), outcomes in rows.items()
        ]
        return sorted(listed, key=lambda row: -int(str(row["count"])))

    def faults(self) -> list[dict[str, Any]]:
        """Return one row for each endpoint and kind of fault."""
        return [{"endpoint": name, "kind": kind, "count": count} for (name, kind), count in self._faults.items()]
