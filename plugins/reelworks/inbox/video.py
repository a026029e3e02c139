"""A video that has landed, as S3 tells of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Video:
    """One object with the content it has now; ``size`` in bytes, ``etag`` without its quotes.

    Any key that S3 allows is fine here: a run is where an odd one is judged, and a run leaves a trace.
    """

    bucket: str
    key: str
    etag: str
    size: int
    modified: datetime

    @property
    def source(self) -> str:
        """Its address, the key as plain text."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def version(self) -> str:
        """What tells this content of the key from any other: the ETag. See `run_id_of` for why no version id."""
        return self.etag


def wanted(key: str, suffixes: Iterable[str]) -> bool:
    """Say whether the key ends in one of the suffixes, in whatever letter case, with or without their dot."""
    return key.lower().endswith(tuple(f".{suffix.lower().lstrip('.')}" for suffix in suffixes))
