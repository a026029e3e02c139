"""What a reaping found and did: a table for the log, and JSON for XCom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from reelworks.reap.finding import Finding, Verdict

MOST = 200
"""Rows that the table and the XCom hold; all are counted."""

SHOWN = (Verdict.ORPHAN, Verdict.UNKNOWN, Verdict.KEPT, Verdict.YOUNG)
"""In this order; what is live or passed over is only counted."""

COLUMNS = {
    "service": "service",
    "kind": "kind",
    "id": "id",
    "name": "name",
    "owner": "owner",
    "age": "age/s",
    "why": "why",
    "done": "done",
    "amount": "amount",
}


@dataclass
class Report:
    """``skipped`` and ``faults`` say, by what was to be looked at, why it was not, and what went wrong.

    ``earlier`` is what earlier tries of the task have ended: Airflow drops a try's XCom as the next one starts.
    """

    dry_run: bool
    findings: list[Finding] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    earlier: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return it for XCom."""
        return {
            "dry_run": self.dry_run,
            "counts": self._counts(),
            "things": self._rows(),
            "skipped": self.skipped,
            "faults": self.faults,
            "earlier": self.earlier,
        }

    def ended(self) -> list[str]:
        """Return what has been ended so far, for the next try: short, since a stored value holds 64 KiB."""
        ended = [f"{finding.thing}: {finding.done}" for finding in self.findings if finding.ended]
        return [*self.earlier, *ended][:MOST]

    def as_text(self) -> str:
        """Return it for the log."""
        rows = [[str("" if row[key] is None else row[key]) for key in COLUMNS] for row in self._rows()]
        parts = [_table([list(COLUMNS.values()), *rows])] if rows else []
        for what, counts in self._counts().items():
            parts.append(f"{what}: {', '.join(f'{number} {each}' for each, number in counts.items())}")
        parts += [f"{what}: skipped: {why}" for what, why in self.skipped.items()]
        parts += [f"{what}: {why}" for what, why in self.faults.items()]
        return "\n".join(parts) or "nothing is there that bears a name like ours"

    def _rows(self) -> list[dict[str, Any]]:
        shown = sorted((f for f in self.findings if f.verdict in SHOWN), key=lambda f: SHOWN.index(f.verdict))
        return [finding.row() for finding in shown[:MOST]]

    def _counts(self) -> dict[str, dict[str, int]]:
        counts: dict[str, Counter[str]] = {}
        for finding in self.findings:
            counter = counts.setdefault(f"{finding.thing.service} {finding.thing.kind}s", Counter())
            counter[finding.verdict.value] += 1
            counter["ended"] += finding.ended
        return {what: {each: number for each, number in counter.items() if number} for what, counter in counts.items()}


def _table(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
