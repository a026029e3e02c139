"""What the answers to a download mean: go on, wait, give up."""

from __future__ import annotations

import email.utils
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from reelworks.core.errors import LostError, RefusedError
from reelworks.core.flow import LATER

if TYPE_CHECKING:
    from requests import Response

_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(?:(\d+)|\*)")
_GONE = {403, 404, 410}  # 403 is what expired links answer


class Sha256(Protocol):
    """What hashlib.sha256() returns."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def digest(self) -> bytes:
        """Give the sum so far."""


class Stumble(Exception):
    """A try that may be repeated; ``wait`` in seconds when the other side named it."""

    def __init__(self, reason: str, wait: float | None = None, *, busy: bool = False) -> None:
        super().__init__(reason)
        self.wait, self.busy = wait, busy


@dataclass(frozen=True)
class Validator:
    """What tells one content of a link from another."""

    etag: str | None
    modified: str | None

    @classmethod
    def of(cls, answer: Response) -> Self:
        """Read it from the headers; a weak ETag does not vouch for bytes."""
        etag = answer.headers.get("ETag")
        strong = etag if etag and not etag.startswith("W/") else None
        return cls(strong, answer.headers.get("Last-Modified"))

    def agrees(self, other: Validator) -> bool:
        """Tell whether nothing that both name differs."""
        pairs = ((self.etag, other.etag), (self.modified, other.modified))
        return all(mine == theirs for mine, theirs in pairs if mine and theirs)


def check_status(answer: Response, shown: str) -> None:
    """Pass an answer that carries the file; raise what another means."""
    status = answer.status_code
    if status in _GONE:
        raise LostError(f"{shown} answered {status}: the file is gone or the link has expired")
    if status in LATER or status >= 500:
        raise Stumble(f"answered {status}", _retry_after(answer), busy=True)
    if status not in (200, 206):
        raise RefusedError(f"{shown} answered {status}", status)
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        raise Stumble("answered with a web page")
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise RefusedError(f"{shown} comes compressed, so its bytes cannot be checked", status)


def length_of(answer: Response) -> int | None:
    """Give the Content-Length in bytes."""
    text = answer.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else None


def content_range(answer: Response) -> tuple[int | None, int | None]:
    """Give where the answer starts and how long the whole is."""
    match = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    start, total = match.groups() if match else (None, None)
    return (int(start) if start else None, int(total) if total else None)


def kind_of(error: BaseException) -> str:
    """Say what went wrong without the texts of HTTP libraries, which repeat whole links."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.strerror:
            return seen.strerror
        seen = seen.__cause__ or seen.__context__
    return type(error).__name__


def _retry_after(answer: Response) -> float | None:
    text = answer.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    date = email.utils.parsedate_tz(text)
    return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else None
