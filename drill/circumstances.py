"""Has enough gone wrong in a drill for its verdict to mean anything? What has not is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from drill.evidence import Evidence
from drill.plan import FAULTED, KINDS, TRIGGERERS, deaths, orphans

SHARE = (0.4 * FAULTED, 2 * FAULTED)
"""The least and the most of all calls that may have gone wrong: in a short drill chance has much to say."""

FEW = 4
"""How many kinds of faults a short drill has at least; each of a hundred videos' some three thousand calls has all."""

EVENTS = ("lost", "duplicated", "delayed")


def lacking(count: int, evidence: Evidence) -> list[str]:
    """Say what should have happened in a drill of so many videos, and has not; nothing is as it should be."""
    return [*_faults(count, evidence), *_events(evidence), *_deaths(count, evidence), *_orphans(count, evidence)]


def calls_and_faults(evidence: Evidence) -> tuple[int, Counter[str]]:
    """Count the API calls at all services, and what was done to them by kind."""
    calls = sum(row["count"] for ledger in evidence.ledgers.values() for row in ledger.get("requests", ()))
    kinds = Counter[str]()
    for ledger in evidence.ledgers.values():
        for row in ledger.get("faults", ()):
            kinds[row["kind"]] += row["count"]
    return calls, kinds


def bereft(evidence: Evidence) -> int:
    """Count the triggerers that held a video's wait when they were killed."""
    return sum(death.waits > 0 for death in evidence.deaths if death.target in TRIGGERERS)


def _faults(count: int, evidence: Evidence) -> Iterator[str]:
    calls, kinds = calls_and_faults(evidence)
    least, most = SHARE
    share = kinds.total() / max(1, calls)
    if not least <= share <= most:
        yield f"{share:.1%} of {calls:,} calls went wrong, and not between {least:.0%} and {most:.0%}"
    wanted = [kind for kind, _ in KINDS]
    missing = [kind for kind in wanted if not kinds[kind]]
    if missing and (count >= 100 or len(wanted) - len(missing) < FEW):
        yield f"no call met with {', '.join(missing)}"


def _events(evidence: Evidence) -> Iterator[str]:
    events = evidence.ledgers.get("sqs", {}).get("events", {})
    yield from (f"no event of S3's was {what}" for what in EVENTS if not events.get(what))


def _deaths(count: int, evidence: Evidence) -> Iterator[str]:
    planned, found = deaths(count), Counter(death.target.partition("-")[0] for death in evidence.deaths)
    for kind in {*planned, *found}:
        if planned.get(kind, 0) != found[kind]:
            yield f"{kind}: {found[kind]} deaths, and {planned.get(kind, 0)} were planned"
    # The first two strike where orphans wait, whoever else does.
    least = planned["triggerer"] - len(TRIGGERERS)
    if bereft(evidence) < least:
        yield f"{bereft(evidence)} triggerers held a video's wait when they were killed, and not at least {least}"


def _orphans(count: int, evidence: Evidence) -> Iterator[str]:
    for service, planned in orphans(count).items():
        if (made := evidence.orphans.get(service, 0)) != planned:
            yield f"{service}: {made} orphans for reap_remote to end, and {planned} were planned"
