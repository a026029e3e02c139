"""What a drill says in the end: a table, and every violation by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from drill.checker import RULES, Violation, counts
from drill.circumstances import bereft, calls_and_faults
from drill.evidence import Evidence
from drill.expected import Expected
from drill.left import left_of_orphans
from drill.plan import SERVICES
from stack.table import table

MOST = 40
"""Violations that are shown of each rule; all of them are in verdict.json."""


def judged(videos: list[Expected], evidence: Evidence, violations: Sequence[Violation]) -> str:
    """Lay out what had to be and what is."""
    numbers = Counter(violation.rule for violation in violations)
    rows = [(what, str(wanted), str(found)) for what, (wanted, found) in counts(videos, evidence).items()]
    rows += [(rule, "0", str(numbers[rule])) for rule in RULES]
    return table(("counted in S3 and in the services' ledgers", "expected", "found"), rows, right=(1, 2))


def named(violations: Sequence[Violation]) -> str:
    """List them, by rule."""
    lines: list[str] = []
    for rule in RULES:
        found = [violation.what for violation in violations if violation.rule == rule]
        lines += [f"{rule}: {what}" for what in found[:MOST]]
        lines += [f"{rule}: and {len(found) - MOST} more, in verdict.json"] if len(found) > MOST else []
    return "\n".join(lines)


def circumstances(evidence: Evidence, reaped: str, seconds: float) -> str:
    """Lay out under what all that was done; ``reaped`` is by the word of ``reap_remote``."""
    found = {service: calls_and_faults(evidence, service) for service in SERVICES}
    kinds = sum((kinds for _, kinds in found.values()), Counter[str]())
    made = sum(evidence.orphans.values())
    ended = made - sum(left_of_orphans(evidence).values())
    dead = Counter(death.target.partition("-")[0] for death in evidence.deaths)
    waits = sum(death.waits for death in evidence.deaths)
    rows = [
        *(_faulted(service, calls, kinds.total()) for service, (calls, kinds) in found.items()),
        ("faults of all", _numbers(kinds)),
        ("killed", _numbers(dead)),
        ("videos that waited in a triggerer killed", f"{waits}, in {bereft(evidence)} of {dead['triggerer']}"),
        ("videos at work in a worker killed", str(sum(death.tasks for death in evidence.deaths))),
        ("S3 events", _events(evidence.ledgers.get("sqs", {}))),
        ("orphans made, and ended by the ledgers", f"{made}, {ended}"),
        ("ended by reap_remote, by its last tries", reaped),
        ("time", f"{seconds:.0f} s"),
    ]
    return table(("under these circumstances", ""), rows)


def nothing_proved(lacks: Sequence[str]) -> str:
    """Say what did not happen that the drill is for."""
    return "\n".join(["This drill proves nothing, for too little went wrong in it:", *(f"  {each}" for each in lacks)])


def _faulted(service: str, calls: int, faults: int) -> tuple[str, str]:
    return f"calls to {service}, and faulted", f"{calls:,}, {faults:,} ({faults / max(1, calls):.1%})"


def _numbers(counter: Counter[str]) -> str:
    return ", ".join(f"{what} {number}" for what, number in sorted(counter.items()) if number) or "nothing"


def _events(ledger: dict[str, Any]) -> str:
    events = ledger.get("events", {})
    return ", ".join(f"{events.get(what, 0)} {what}" for what in ("made", "lost", "duplicated", "delayed"))
