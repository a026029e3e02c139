"""What there is to see for a stranger: the services' ledgers, what lies in S3, and what has lain there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import requests

from drill import history
from drill.expected import Expected
from drill.files import Seen, look_at_all
from sandbox.notify.changes import Change

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

OUTBOX = "outbox"
MANIFEST = "manifest.json"
SERVICES = ("bytenite", "openencoder", "pixop")


@dataclass(frozen=True)
class Death:
    """A part of Airflow that was killed; how many videos waited in it then, or were at work."""

    target: str
    waits: int = 0
    tasks: int = 0


@dataclass
class Evidence:
    """All that the checker knows. ``ledgers`` by service; ``listing`` and ``seen`` by key, the first by bucket, too.

    ``documents`` are the outbox's JSON files by key, as they were read; of what is none, its text.
    ``inbound`` is Open Encoder's bucket for sources. ``calls`` are what somebody asked of Airflow that changes
    something, since the first video landed, and ``own_calls`` what the drill did for its orphans. ``deaths`` are what
    the drill killed, and ``orphans`` how many were seen alone at each service. ``trouble`` is why it was not gone
    through to its end.
    """

    ledgers: dict[str, dict[str, Any]]
    history: list[Change]
    listing: dict[str, dict[str, str]] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    inbound: str = ""
    calls: list[str] = field(default_factory=list)
    own_calls: list[str] = field(default_factory=list)
    deaths: list[Death] = field(default_factory=list)
    orphans: dict[str, int] = field(default_factory=dict)
    trouble: str = ""

    def save(self, path: Path) -> None:
        """Write it down, so that a failure can be looked into, and judged again, later."""
        told = {**asdict(self), "history": history.to_json(self.history)}
        path.write_text(json.dumps(told, indent=1))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what ``save`` wrote."""
        told = json.loads(path.read_text())
        seen = {key: Seen(**facts) for key, facts in told["seen"].items()}
        deaths = [Death(**death) for death in told["deaths"]]
        return cls(**{**told, "history": history.from_json(told["history"]), "seen": seen, "deaths": deaths})


def gather(
    client: S3Client, sandbox: dict[str, Any], videos: list[Expected], *, since: float, folder: Path
) -> Evidence:
    """Look at everything, after all is over; ``since`` is when it began, in seconds since the epoch.

    ``sandbox`` is its sandbox.json. Of each public object all is read, and every video decoded.
    """
    evidence = at_services(client, sandbox)
    evidence.history = history.read_history(client, sandbox["s3"]["filer"], since, folder)
    evidence.listing[OUTBOX] = _listing(client, OUTBOX)
    keys = evidence.listing[OUTBOX]
    for key in (key for key in keys if key.endswith(".json") and not key.startswith("_reelworks/")):
        evidence.documents[key] = document(client.get_object(Bucket=OUTBOX, Key=key)["Body"].read())
    promised = {video.place + output.name: video.source for video in videos for output in video.outputs}
    evidence.seen = look_at_all(client, OUTBOX, {key: promised[key] for key in keys if key in promised})
    return evidence


def at_services(client: S3Client, sandbox: dict[str, Any]) -> Evidence:
    """Look only at what is at the services now: their ledgers, and Open Encoder's buckets."""
    encoder = sandbox.get("openencoder", {})
    buckets = [encoder[name] for name in ("inbound_bucket", "outbound_bucket") if name in encoder]
    return Evidence(
        ledgers={name: ledger(sandbox, name) for name in SERVICES if name in sandbox},
        history=[],
        listing={bucket: _listing(client, bucket) for bucket in buckets},
        inbound=encoder.get("inbound_bucket", ""),
    )


def ledger(sandbox: dict[str, Any], service: str) -> dict[str, Any]:
    """Ask a service of the sandbox for its ledger."""
    answer = requests.get(f"{sandbox[service]['url']}/sandbox/ledger", timeout=30)
    answer.raise_for_status()
    return dict(answer.json())


def document(content: bytes) -> Any:
    """Return what it says; of what is no JSON the text, for the checker to name."""
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")


def _listing(client: S3Client, bucket: str) -> dict[str, str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {row["Key"]: row["ETag"].strip('"') for page in pages for row in page.get("Contents", [])}
