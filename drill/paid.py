"""What was paid for, by the services' ledgers: which job did what with which content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from drill.evidence import Evidence


@dataclass(frozen=True)
class Paid:
    """One job. ``content`` stands for the bytes that it was given, ``how`` for what was to be done with them.

    ``failed``: at the service, by itself. What a retry starts after that is no second job of the same work.
    """

    service: str
    id: str
    content: str
    how: str
    state: str
    failed: bool

    @property
    def complete(self) -> bool:
        """Whether it was done to its end."""
        return any(word in self.state.upper() for word in ("COMPLETE", "DONE"))

    def __str__(self) -> str:
        """Say it as a violation does."""
        return f"{self.service} job {self.id} ({self.state})"


def paid_jobs(evidence: Evidence) -> list[Paid]:
    """Return every job that costs money: run at ByteNite, created at Open Encoder, processed at Pixop."""
    contents = Contents(evidence)
    return [job for service, read in _PAID.items() if service in evidence.ledgers for job in read(evidence, contents)]


class Contents:
    """Which content lay where and when."""

    def __init__(self, evidence: Evidence) -> None:
        self._lay: dict[tuple[str, str], list[tuple[int, str]]] = {}
        for change in evidence.history:
            if change.created:
                self._lay.setdefault((change.bucket, change.key), []).append((change.moment, change.etag or ""))

    def at(self, bucket: str, key: str, when: str | None) -> str:
        """Return the ETag of what lay there at a moment (ISO-8601); the place itself where nothing is known to."""
        moment = datetime.fromisoformat(when).timestamp() * 1e9 if when else float("inf")
        found = [etag for since, etag in self._lay.get((bucket, key), []) if since <= moment]
        return found[-1] if found and found[-1] else f"s3://{bucket}/{key}"


def _bytenite(evidence: Evidence, contents: Contents) -> Iterator[Paid]:
    for row in evidence.ledgers["bytenite"]["jobs"]:
        bucket, _, key = unquote(urlsplit(row["source"]).path).lstrip("/").partition("/")
        content = contents.at(bucket, key, row["runAt"])
        yield Paid("bytenite", row["id"], content, row["params"], row["state"], row["state"].endswith("FAILED"))


def _openencoder(evidence: Evidence, contents: Contents) -> Iterator[Paid]:
    for row in evidence.ledgers["openencoder"]["jobs"]:
        key = str(row["source"]).partition("://")[2].partition("/")[2] or str(row["source"])
        content = contents.at(evidence.inbound, key, row["createdAt"])
        yield Paid("openencoder", str(row["id"]), content, row["preset"], row["state"], row["state"] == "error")


def _pixop(evidence: Evidence, _: Contents) -> Iterator[Paid]:
    # It is told no content, only bytes; the drill's videos all have another number of them.
    ledger: dict[str, Any] = evidence.ledgers["pixop"]
    sizes = {video["id"]: video["size"] for video in ledger["videos"]}
    for row in ledger["jobs"]:
        content = content_of_size(sizes.get(row["sourceVideoId"]))
        yield Paid("pixop", row["id"], content, "", row["state"], row["state"] in PIXOP_FAILED)


def content_of_size(size: int | None) -> str:
    """Return how a content is called of which only the size (bytes) is known."""
    return f"{size} bytes"


PIXOP_FAILED = ("ERROR", "FAILED")
"""The words of two versions of its API."""

_PAID = {"bytenite": _bytenite, "openencoder": _openencoder, "pixop": _pixop}
