"""Result files: real ones on disk, and synthetic ones of any size that are made while they are sent."""

import asyncio
import hashlib
import io
import os
import random
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

BLOCK = 1 << 20


class Blob(Protocol):
    """Bytes of known number that can be read from anywhere."""

    @property
    def size(self) -> int:
        """How many."""

    def read_at(self, offset: int, count: int) -> bytes:
        """Return at most `count` bytes from `offset`."""


@dataclass(frozen=True)
class FileBlob:
    """A file."""

    path: Path

    @property
    def size(self) -> int:
        """Its length."""
        return self.path.stat().st_size

    def read_at(self, offset: int, count: int) -> bytes:
        """Read a part."""
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(count)


@lru_cache(maxsize=8)
def _noise(seed: str) -> bytes:
    return random.Random(seed).randbytes(BLOCK)  # noqa: S311  (reproducible on purpose)


@dataclass(frozen=True)
class SyntheticBlob:
    """A small real mp4, then a `free` box of noise up to the size: players and probes take it, storage feels it.

    The same seed and size give the same bytes, in any process.
    """

    seed: str
    total: int
    clip: bytes

    @property
    def size(self) -> int:
        """What was asked for, or the clip if that is longer."""
        return max(self.total, len(self.clip) + 16)

    def read_at(self, offset: int, count: int) -> bytes:
        """Make a part."""
        out = bytearray()
        end = min(offset + count, self.size)
        while offset + len(out) < end:
            at = offset + len(out)
            block = self._block(at // BLOCK)
            out += block[at % BLOCK : at % BLOCK + end - at]
        return bytes(out)

    def _block(self, number: int) -> bytes:
        # Each block differs in its head, or storage that compares blocks would keep one.
        block = struct.pack(">Q", number) + _noise(self.seed)[8:]
        head = self.clip + struct.pack(">I4sQ", 1, b"free", self.size - len(self.clip))
        start = number * BLOCK
        part = head[start : start + BLOCK]
        return part + block[len(part) :]


class BlobFile(io.RawIOBase):
    """A blob as a file, for uploads that want one."""

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._at = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._blob.size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def read(self, count: int = -1) -> bytes:
        """Read a part."""
        left = self._blob.size - self._at
        found = self._blob.read_at(self._at, left if count < 0 else min(count, left)) if left > 0 else b""
        self._at += len(found)
        return found


async def stream(blob: Blob, start: int, length: int) -> AsyncIterator[bytes]:
    """Yield a part of a blob in blocks, without keeping the loop waiting for the disk."""
    while length > 0:
        block = await asyncio.to_thread(blob.read_at, start, min(BLOCK, length))
        if not block:
            return
        yield block
        start += len(block)
        length -= len(block)


def digest(blob: Blob) -> str:
    """Return the MD5 that an S3-like store would give as ETag; reads everything."""
    md5 = hashlib.md5(usedforsecurity=False)
    for offset in range(0, blob.size, BLOCK):
        md5.update(blob.read_at(offset, BLOCK))
    return md5.hexdigest()
