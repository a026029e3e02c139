"""Was each piece of work paid for once, and done? Known by content, as the ledgers and S3's log of changes tell it."""

from __future__ import annotations

from collections.abc import Iterator

from drill.evidence import Evidence
from drill.expected import Expected
from drill.paid import Paid, content_of_size, paid_jobs


def duplicates(videos: list[Expected], evidence: Evidence) -> Iterator[str]:
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
    owed = owed_jobs(videos, evidence)
    for service, most in wanted_jobs(videos, evidence).items():
        if (number := sum(job.service == service for job in owed)) > most:
            yield f"{service} was paid for {number} jobs, and {most} were to be done"


def undone(videos: list[Expected], evidence: Evidence) -> Iterator[str]:
    """Of every video that was not given up all work is done: of those, too, of which nothing is published."""
    done = [job for job in owed_jobs(videos, evidence) if job.complete]
    for service, wanted in wanted_jobs(videos, evidence).items():
        if (number := sum(job.service == service for job in done)) < wanted:
            yield f"{service} has done {number} jobs, and {wanted} were to be done"
    yield from (fault for video in videos if video.fate != "given up" for fault in neglects(video, done))


def neglects(video: Expected, done: list[Paid]) -> Iterator[str]:
    """Name each service that did not work on the video itself; encoders are given what Pixop made of it, if it did."""
    first = ("pixop",) if "pixop" in video.paid else tuple(video.paid)
    for service in first:
        number = sum(job.service == service and job.content in _contents(video) for job in done)
        if number < video.paid[service]:
            yield f"{video.source} was not worked on by {service}"


def owed_jobs(videos: list[Expected], evidence: Evidence) -> list[Paid]:
    """Return what was paid for and did not fail, but for the jobs of given-up videos, which may be there or not."""
    anyhow = {content for video in videos if video.fate == "given up" for content in _contents(video)}
    return [job for job in paid_jobs(evidence) if not job.failed and job.content not in anyhow]


def wanted_jobs(videos: list[Expected], evidence: Evidence) -> dict[str, int]:
    """Return how many jobs each service has to do for the videos that are not given up."""
    kept = [video for video in videos if video.fate != "given up"]
    return {service: sum(video.paid.get(service, 0) for video in kept) for service in evidence.ledgers}


def _contents(video: Expected) -> tuple[str, str]:
    return video.etag, content_of_size(video.size)
