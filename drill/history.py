"""What happened in S3, in order: SeaweedFS's own log of changes, which nobody that writes there can alter."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.notify.changes import Change, changes_in
from sandbox.notify.tail import Tail

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

WITHIN = 60.0
"""Seconds until the log has to show what was just written."""

ENDS = "_drill"
"""The folder of the inbox for the objects that tell where the log may end; no video is called like them."""


def read_history(client: S3Client, filer: str, since: float, folder: Path) -> list[Change]:
    """Return every change of every object since a moment (seconds since the epoch) up to now.

    An object is written first, and the log read until it tells of it: then it has told of all that came before.
    Call it in the main thread: the reader is a child that ends with it. What it complains of goes to ``folder``.
    """
    end = f"{ENDS}/{uuid.uuid4().hex}"
    client.put_object(Bucket="inbox", Key=end, Body=b"end")

    async def read() -> list[Change]:
        tail, found = Tail(filer, folder / "history.log"), list[Change]()
        try:
            async with asyncio.timeout(WITHIN):
                async for entry in tail.entries(int(since * 1e9)):
                    found += changes_in(entry)
                    if any((change.bucket, change.key) == ("inbox", end) for change in changes_in(entry)):
                        break
        finally:
            await tail.stop()
        return found

    changes = asyncio.run(read())
    client.delete_object(Bucket="inbox", Key=end)
    # Of two at once, the log may tell the younger first.
    return sorted((each for each in changes if not each.key.startswith(f"{ENDS}/")), key=lambda each: each.moment)


def to_json(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Return what ``from_json`` makes the same of."""
    return [asdict(change) for change in changes]


def from_json(rows: Iterable[dict[str, Any]]) -> list[Change]:
    """Rebuild the changes."""
    return [Change(**row) for row in rows]
