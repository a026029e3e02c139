"""Where a download goes to: an object in S3 (upload.py) or a local file (files.py)."""

from __future__ import annotations

from typing import Protocol, Self


class Sink(Protocol):
    """Where a download goes to: it appears whole after ``finish``, or not at all."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

    def expect(self, total: int | None) -> None:
        """Hear of the whole length in bytes."""
        ...

    def part_size(self) -> int:
        """Say how many bytes each part but the last should have."""
        ...

    def put(self, number: int, first: int, body: memoryview) -> None:
        """Store the part with this number (from 1) and first byte. Any thread may, in any order."""
        ...

    def write(self, chunk: bytes) -> None:
        """Store the next bytes, where they come in order."""
        ...

    def finish(self) -> None:
        """Make it appear."""
        ...
