"""Does what there is to see fit what has to come of the videos? Every fault is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from drill.evidence import MANIFEST, OUTBOX, Evidence
from drill.expected import Expected, Output
from drill.left import left_at_services, left_of_orphans, left_staged
from drill.paid import Paid, content_of_size, paid_jobs
from drill.visible import early_sights

CLOSE = 0.5
"""Seconds by which an output may be longer or shorter than its source."""

ALIKE = 20.0
"""dB of PSNR: two of the drill's clips have less in common."""


@dataclass(frozen=True)
class Violation:
    """One thing that must not be; ``rule`` is one of RULES."""

    rule: str
    what: str


def judge(videos: list[Expected], evidence: Evidence) -> list[Violation]:
    """Apply every rule."""
    return [Violation(rule, what) for rule, look in RULES.items() for what in look(videos, evidence)]


def counts(videos: list[Expected], evidence: Evidence) -> dict[str, tuple[int, int]]:
    """Say of what can be counted how many there have to be, and how many there are."""
    published = [video for video in videos if video.fate == "published"]
    good = sum(not [*_output_faults(video, output, evidence)] for video in published for output in video.outputs)
    records = {key for key in evidence.documents if key.startswith("_quarantine/")}
    fates = Counter(video.fate for video in videos)
    anyhow = {content for video in videos if video.fate == "given up" for content in _contents(video)}
    paid = [job for job in paid_jobs(evidence) if not job.failed and job.content not in anyhow]
    orphans = sum(evidence.orphans.values())
    wanted = sum(sum(video.paid.values()) for video in videos if video.fate != "given up")
    return {
        "videos published": (fates["published"], sum(video.place + MANIFEST in evidence.documents for video in videos)),
        "outputs published and verified": (sum(len(video.outputs) for video in published), good),
        "videos quarantined": (fates["quarantined"], sum(_record_key(video) in records for video in videos)),
        "paid jobs": (wanted, len(paid)),
        "orphans ended": (orphans, orphans - sum(left_of_orphans(evidence).values())),
    }


def _missing(videos: list[Expected], evidence: Evidence) -> Iterator[str]:
    """Every output that was promised is there, whole, of the right kind, and the manifest tells the truth of it."""
    jobs = {(job.service, job.id): job for job in paid_jobs(evidence)}
    for video in (video for video in videos if video.fate == "published"):
        for output in video.outputs:
            yield from (f"{video.place}{output.name} {fault}" for fault in _output_faults(video, output, evidence))
        yield from (f"{video.place}{MANIFEST} {fault}" for fault in _manifest_faults(video, evidence, jobs))


def _output_faults(video: Expected, output: Output, evidence: Evidence) -> Iterator[str]:
    seen = evidence.seen.get(video.place + output.name)
    if seen is None:
        yield "is not there"
        return
    if seen.fault:
        yield f"cannot be decoded: {seen.fault}"
        return
    found = (seen.codec, seen.container, seen.width, seen.height)
    if found != (output.codec, output.container, output.width, output.height):
        yield f"is {found}, and not {(output.codec, output.container, output.width, output.height)}"
    if abs(seen.duration - video.seconds) > CLOSE:
        yield f"lasts {seen.duration:.2f} s, and its source {video.seconds:.2f} s"
    if not seen.sounds:
        yield "has no sound"
    if seen.likeness is not None and seen.likeness < ALIKE:
        yield f"shows something else than its source ({seen.likeness:.1f} dB)"


def _manifest_faults(video: Expected, evidence: Evidence, jobs: dict[tuple[str, str], Paid]) -> Iterator[str]:
    manifest = evidence.documents.get(video.place + MANIFEST)
    if manifest is None:
        yield "is not there"
        return
    if manifest["source"]["url"] != video.source:
        yield f"is of {manifest['source']['url']}"
    named = {output["key"]: output for job in manifest["jobs"] for output in job["outputs"]}
    if stray := {*named} ^ {video.place + output.name for output in video.outputs}:
        yield f"and what was promised differ by {', '.join(sorted(stray))}"
    for key, told in named.items():
        seen = evidence.seen.get(key)
        if seen and (told["sha256"], told["size"]) != (seen.sha256, seen.size):
            yield f"names another content of {key}"
    for told in manifest["jobs"]:
        job = jobs.get((told["service"], str(told["id"])))
        if job is None or not job.complete:
            yield f"names {told['service']} job {told['id']}, which is {job.state if job else 'in no ledger'}"


def _duplicates(videos: list[Expected], evidence: Evidence) -> Iterator[str]:
    """Nothing is paid twice, and nothing that had to be refused is paid at all."""
    paid = [job for job in paid_jobs(evidence) if not job.failed]
    groups: dict[tuple[str, str, str], list[Paid]] = {}
    for job in paid:
        groups.setdefault((job.service, job.content, job.how), []).append(job)
    for same in groups.values():
        if len(same) > 1:
            yield f"{len(same)} jobs did one piece of work: {', '.join(map(str, same))}"
    bad = {content for video in videos if video.fate == "quarantined" for content in _contents(video)}
    yield from (f"{job} was paid for a video that cannot be worked on" for job in paid if job.content in bad)
    for service in evidence.ledgers:
        number = sum(job.service == service for job in paid)
        most = sum(video.paid.get(service, 0) for video in videos)
        if number > most:
            yield f"{service} was paid for {number} jobs, and {most} were to be done"


def _alive(videos: list[Expected], evidence: Evidence) -> Iterator[str]:
    """Nothing is left at a service, and nothing that was staged of a video that is published."""
    yield from left_at_services(evidence)
    yield from (f"s3://{OUTBOX}/{key} is left" for key in left_staged(videos, evidence))


def _visible(videos: list[Expected], evidence: Evidence) -> Iterator[str]:
    """At no time was there anything in public but verified outputs, whole, and their manifest after them."""
    for moment, what in early_sights(videos, evidence, lambda v, o: not [*_output_faults(v, o, evidence)]):
        when = datetime.fromtimestamp(moment / 1e9, UTC).strftime("%H:%M:%S.%f")[:-3]
        yield f"{when} {what}"


def _fates(videos: list[Expected], evidence: Evidence) -> Iterator[str]:
    """Of what cannot be worked on there is a record with the reason, and of nothing else."""
    wanted = {_record_key(video): video for video in videos if video.fate == "quarantined"}
    found = {key: told for key, told in evidence.documents.items() if key.startswith("_quarantine/")}
    yield from (f"{video.source} has no record" for key, video in wanted.items() if key not in found)
    for key, told in found.items():
        if key not in wanted:
            yield f"{key} is on record, and can be worked on: {told.get('reason')}"
        elif told["source"]["url"] != wanted[key].source or not told.get("reason"):
            yield f"{key} does not say what of {wanted[key].source} is wrong"


def _deadly(_: list[Expected], evidence: Evidence) -> Iterator[str]:
    """No call was made that ends a real Open Encoder."""
    yield from (f"{service}: {call}" for service, told in evidence.ledgers.items() for call in told.get("deadly", ()))


def _human(_: list[Expected], evidence: Evidence) -> Iterator[str]:
    """Nobody had to clear, mark or trigger anything."""
    yield from evidence.calls


def _record_key(video: Expected) -> str:
    return f"_quarantine/{video.key}.json"


def _contents(video: Expected) -> tuple[str, str]:
    return video.etag, content_of_size(video.size)


Rule = Callable[[list[Expected], Evidence], Iterator[Any]]

RULES: dict[str, Rule] = {
    "missing or wrong outputs": _missing,
    "duplicate paid jobs": _duplicates,
    "left at a service": _alive,
    "visible before verification": _visible,
    "wrongly refused or not refused": _fates,
    "deadly calls": _deadly,
    "human actions": _human,
}
