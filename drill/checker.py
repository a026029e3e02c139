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
from drill.money import duplicates, neglects, owed_jobs, undone, wanted_jobs
from drill.paid import Paid, paid_jobs
from drill.visible import early_sights

CLOSE = 0.1
"""Seconds by which an output may be longer or shorter than its source: AAC comes in pieces of a fiftieth."""

ALIKE = 20.0
"""dB of PSNR: two of the drill's clips have less in common."""

RECORDS = "_quarantine/"


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
    records = {key for key in evidence.documents if key.startswith(RECORDS)}
    fates = Counter(video.fate for video in videos)
    orphans = sum(evidence.orphans.values())
    return {
        "videos published": (fates["published"], sum(video.place + MANIFEST in evidence.documents for video in videos)),
        "outputs published and verified": (sum(len(video.outputs) for video in published), good),
        "videos quarantined": (fates["quarantined"], sum(_record_key(video) in records for video in videos)),
        "videos refused by their gate": (fates["refused"], _refused(videos, evidence)),
        "paid jobs": (sum(wanted_jobs(videos, evidence).values()), len(owed_jobs(videos, evidence))),
        "orphans ended": (orphans, orphans - sum(left_of_orphans(evidence).values())),
    }


def _refused(videos: list[Expected], evidence: Evidence) -> int:
    """Count those of which all work is done, by the ledgers, and of which S3 has neither outputs nor a record."""
    done = [job for job in owed_jobs(videos, evidence) if job.complete]
    refused = [video for video in videos if video.fate == "refused" and not [*neglects(video, done)]]
    told = [*evidence.listing.get(OUTBOX, {}), *evidence.documents]
    return sum(not any(key.startswith((video.place, _record_key(video))) for key in told) for video in refused)


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
    if video.place + MANIFEST not in evidence.documents:
        yield "is not there"
        return
    manifest = evidence.documents[video.place + MANIFEST]
    try:
        yield from _untruths(manifest, video, evidence, jobs)
    except (KeyError, TypeError) as error:
        yield f"is no manifest: {error!r}"


def _untruths(manifest: Any, video: Expected, evidence: Evidence, jobs: dict[tuple[str, str], Paid]) -> Iterator[str]:
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
    found = {key: told for key, told in evidence.documents.items() if key.startswith(RECORDS)}
    yield from (f"{video.source} has no record" for key, video in wanted.items() if key not in found)
    for key, told in found.items():
        if key not in wanted:
            yield f"{key} is on record, and can be worked on: {told}"
        elif not _tells(told, wanted[key]):
            yield f"{key} does not say what of {wanted[key].source} is wrong"


def _tells(record: Any, video: Expected) -> bool:
    match record:
        case {"source": {"url": video.source}, "reason": str(reason)}:
            return bool(reason)
    return False


def _deadly(_: list[Expected], evidence: Evidence) -> Iterator[str]:
    """No call was made that ends a real Open Encoder."""
    yield from (f"{service}: {call}" for service, told in evidence.ledgers.items() for call in told.get("deadly", ()))


def _human(_: list[Expected], evidence: Evidence) -> Iterator[str]:
    """Nobody had to clear, mark or trigger anything."""
    yield from evidence.calls


def _record_key(video: Expected) -> str:
    return f"{RECORDS}{video.key}.json"


Rule = Callable[[list[Expected], Evidence], Iterator[Any]]

RULES: dict[str, Rule] = {
    "missing or wrong outputs": _missing,
    "duplicate paid jobs": duplicates,
    "work not done": undone,
    "left at a service": _alive,
    "visible before verification": _visible,
    "wrongly refused or not refused": _fates,
    "deadly calls": _deadly,
    "human actions": _human,
}
