"""Ledgers and a history made by hand: one video published, one quarantined, one refused, and nothing wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from drill.checker import judge
from drill.evidence import MANIFEST, OUTBOX, Evidence
from drill.expected import Expected, expected
from drill.files import Seen
from sandbox.notify.changes import Change

PUT, DELETE = "ObjectCreated:Put", "ObjectRemoved:Delete"
S3 = "http://127.0.0.1:9000"
START = 1_800_000_000  # seconds since the epoch
INBOUND = "openencoder-in"

GOOD = expected("s3://inbox/every/a.mp4", "every", "published", size=1001, etag="a0")
BAD = expected("s3://inbox/phones/b.mp4", "phones", "quarantined", size=1002, etag="b0")
NOISY = expected("s3://inbox/phones/c.mp4", "phones", "refused", size=1003, etag="c0")
GIVEN_UP = expected("s3://inbox/phones/d.mp4", "phones", "given up", size=1004, etag="d0")


def at(second: float) -> str:
    """The moment so many seconds after the beginning, as ledgers write it."""
    return datetime.fromtimestamp(START + second, UTC).isoformat().replace("+00:00", "Z")


@dataclass
class Made:
    """The case, to be spoiled in one place and judged."""

    videos: list[Expected]
    evidence: Evidence

    def rules(self) -> set[str]:
        """The rules that are broken."""
        return {violation.rule for violation in judge(self.videos, self.evidence)}

    def said(self) -> str:
        return "\n".join(violation.what for violation in judge(self.videos, self.evidence))

    def jobs(self, service: str) -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = self.evidence.ledgers[service]["jobs"]
        return jobs

    def happened(self, second: float, bucket: str, key: str, etag: str, event: str = PUT, size: int = 500) -> None:
        """Put a change where it belongs in the history."""
        change = Change(bucket, key, event, int((START + second) * 1e9), size, etag)
        self.evidence.history = sorted([*self.evidence.history, change], key=lambda each: each.moment)

    def see(self, key: str, **other: Any) -> None:
        """Let what lies there be something else."""
        self.evidence.seen[key] = replace(self.evidence.seen[key], **other)


def clean() -> Made:
    """The case with nothing wrong."""
    made = Made([GOOD, BAD, NOISY], Evidence(ledgers={}, history=[], inbound=INBOUND))
    for moment, video in enumerate(made.videos):
        made.happened(moment, "inbox", video.key, video.etag, size=video.size)
    _work(made)
    _publish(made)
    record = {"source": {"url": BAD.source}, "reason": "it is no video"}
    made.evidence.documents[f"_quarantine/{BAD.key}.json"] = record
    return made


def _work(made: Made) -> None:
    """Pixop makes a0 into a1, and the encoders work on that; on c0, which is not enhanced, both work too."""
    made.happened(12, OUTBOX, "_staging/a/denoise.mp4", "a1")
    for name, etag in (("a", "a1"), ("c", "c0")):
        made.happened(14, INBOUND, f"_reelworks/{name}/source.mp4", etag)
        made.happened(25, INBOUND, f"_reelworks/{name}/source.mp4", "", DELETE)
    pixop = {"id": "p1", "sourceVideoId": "v1", "state": "DONE", "createdAt": at(10), "endedAt": at(11)}
    sources = {"a": f"{S3}/outbox/_staging/a/denoise.mp4", "c": f"{S3}/inbox/phones/c.mp4"}
    made.evidence.ledgers = {
        "pixop": {"jobs": [pixop], "videos": [pixop_video("v1", GOOD.size)], "unfinished": [], "alive": []},
        "bytenite": {"jobs": [bytenite(f"b-{name}", source) for name, source in sources.items()], "drafts": []},
        "openencoder": {
            "jobs": [openencoder(number, name) for number, name in enumerate(sources, start=1)],
            "unfinished": [],
            "deadly": [],
            "machines": {"alive": []},
        },
    }


def pixop_video(video_id: str, size: int) -> dict[str, Any]:
    name = "process-video-enhance-0123456789-1"
    return {"id": video_id, "name": name, "parentId": None, "size": size, "deleted": True}


def bytenite(job_id: str, source: str, state: str = "JOB_STATE_COMPLETE") -> dict[str, Any]:
    return {"id": job_id, "source": source, "params": "p", "state": state, "runAt": at(15)}


def openencoder(number: int, name: str, state: str = "completed") -> dict[str, Any]:
    source = f"s3:///_reelworks/{name}/source.mp4"
    return {"id": number, "source": source, "preset": "phone", "state": state, "createdAt": at(16)}


def _publish(made: Made) -> None:
    jobs = zip(("pixop", "bytenite", "openencoder"), ("p1", "b-a", 1), GOOD.outputs, strict=True)
    told = []
    for number, (service, job_id, output) in enumerate(jobs):
        key, etag = GOOD.place + output.name, f"out{number}"
        made.happened(30 + number, OUTBOX, key, etag)
        shape = {"codec": output.codec, "container": output.container, "width": output.width, "height": output.height}
        made.evidence.seen[key] = Seen(f"sha{number}", 500, **shape, duration=1.0, sounds=1, likeness=35.0)
        outputs = [{"key": key, "sha256": f"sha{number}", "size": 500}]
        told.append({"service": service, "id": str(job_id), "outputs": outputs})
        made.evidence.listing.setdefault(OUTBOX, {})[key] = etag
    made.happened(40, OUTBOX, GOOD.place + MANIFEST, "m")
    made.evidence.documents[GOOD.place + MANIFEST] = {"source": {"url": GOOD.source}, "jobs": told}
