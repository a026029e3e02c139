"""Has enough gone wrong in a drill for its verdict to mean anything? What has not is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import exp, lgamma, log, log1p

from drill.evidence import Evidence
from drill.plan import FAULTED, KINDS, SERVICES, TRIGGERERS, WORKERS, deaths, orphans

CHANCE = 1e-6
"""How unlikely it may be that so few, or so many, of a service's calls went wrong: no honest drill is to fail by it."""

FEW = 4
"""How many kinds of faults a short drill has at least; each of a hundred videos' some three thousand calls has all."""

EVENTS = ("lost", "duplicated", "delayed")


def lacking(count: int, evidence: Evidence) -> list[str]:
    """Say what should have happened in a drill of so many videos, and has not; nothing is as it should be."""
    rules = (_faults, _deaths, _orphans, _audit)
    return [*(what for rule in rules for what in rule(count, evidence)), *_events(evidence)]


def calls_and_faults(evidence: Evidence, service: str) -> tuple[int, Counter[str]]:
    """Count the API calls at a service, looks at its queue included, and what was done to them by kind."""
    ledger = evidence.ledgers.get(service, {})
    kinds = Counter[str]()
    for row in ledger.get("faults", ()):
        kinds[row["kind"]] += row["count"]
    return sum(row["count"] for row in ledger.get("requests", ())), kinds


def by_chance(hits: int, calls: int) -> float:
    """Return how likely so many faults are, or yet fewer, or yet more if that is less likely: binomial."""
    fewer, more = range(hits + 1), range(hits, calls + 1)
    return min(sum(_likely(number, calls) for number in tail) for tail in (fewer, more))


def _likely(hits: int, calls: int) -> float:
    # By logarithms: the numbers of combinations are beyond what a float holds.
    combinations = lgamma(calls + 1) - lgamma(hits + 1) - lgamma(calls - hits + 1)
    return exp(combinations + hits * log(FAULTED) + (calls - hits) * log1p(-FAULTED))


def bereft(evidence: Evidence) -> int:
    """Count the triggerers that held a video's wait when they were killed."""
    return sum(death.waits > 0 for death in evidence.deaths if death.target in TRIGGERERS)


def _faults(count: int, evidence: Evidence) -> Iterator[str]:
    kinds = Counter[str]()
    for service in SERVICES:
        calls, found = calls_and_faults(evidence, service)
        if not found or by_chance(found.total(), calls) < CHANCE:
            yield f"{service}: {found.total()} of {calls:,} calls went wrong, and not about {FAULTED:.0%}"
        # Most calls to the queue are looks whether there is anything.
        kinds += found if service != "sqs" else Counter()
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
    if idle := sum(death.target in WORKERS and not death.tasks for death in evidence.deaths):
        yield f"{idle} workers had no video's task at work when they were killed"
    # The first two strike where orphans wait, whoever else does.
    least = planned["triggerer"] - len(TRIGGERERS)
    if bereft(evidence) < least:
        yield f"{bereft(evidence)} triggerers held a video's wait when they were killed, and not at least {least}"


def _orphans(count: int, evidence: Evidence) -> Iterator[str]:
    for service, planned in orphans(count).items():
        if (made := evidence.orphans.get(service, 0)) != planned:
            yield f"{service}: {made} orphans for reap_remote to end, and {planned} were planned"


def _audit(count: int, evidence: Evidence) -> Iterator[str]:
    """See that the audit log has the drill's own calls: else it says nothing that it has nobody's."""
    planned, told = sum(orphans(count).values()), sum("trigger_dag_run" in call for call in evidence.own_calls)
    if told < planned:
        yield f"the audit log tells of {told} of the {planned} runs that the drill itself began"
