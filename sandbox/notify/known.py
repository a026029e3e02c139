"""Which objects were told of, so that a restart finds what was missed: a killed server's log lacks its end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from sandbox.notify.changes import Change
from sandbox.seaweed import S3Access
from sandbox.store import Store


class Known:
    """The latest state of each object that was told of."""

    def __init__(self, store: Store, access: S3Access) -> None:
        self._store = store
        self._access = access

    def note(self, change: Change) -> None:
        """Remember an object as it is after a change that was told."""
        name = f"{change.bucket}/{change.key}"
        if change.created:
            body = {"bucket": change.bucket, "key": change.key, "etag": change.etag, "modified": change.modified}
            self._store.put("known", name, body)
        elif change.version is None or change.event.endswith("DeleteMarkerCreated"):
            self._store.drop("known", name)

    async def missed(self, bucket: str, before: int, *, look: bool) -> AsyncIterator[Change]:
        """Yield what must have happened in a bucket since it was last told of, up to a moment (nanoseconds).

        `look` asks for each object's version too: a request each.
        """
        there: set[str] = set()
        async for found in self._objects(bucket):
            there.add(found["Key"])
            now = {"bucket": bucket, "key": found["Key"], "etag": found["ETag"].strip('"')}
            now["modified"] = int(found["LastModified"].timestamp())
            # What is younger than the moment will be told of by the log.
            old_enough = now["modified"] <= before // 10**9
            if old_enough and self._store.get("known", f"{bucket}/{found['Key']}") != now:
                version = await self._version(bucket, found["Key"]) if look else None
                yield _created(now, found["Size"], version, before)
        for kept in list(self._store.all("known")):
            if kept["bucket"] == bucket and kept["key"] not in there:
                yield Change(bucket, kept["key"], "ObjectRemoved:Delete", before)

    async def _objects(self, bucket: str) -> AsyncIterator[Any]:
        pages = iter(self._access.client().get_paginator("list_objects_v2").paginate(Bucket=bucket))
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            for found in page.get("Contents", ()):
                yield found

    async def _version(self, bucket: str, key: str) -> str | None:
        head = await asyncio.to_thread(self._access.client().head_object, Bucket=bucket, Key=key)
        return head.get("VersionId")


def _created(now: dict[str, Any], size: int, version: str | None, moment: int) -> Change:
    event = "ObjectCreated:CompleteMultipartUpload" if "-" in now["etag"] else "ObjectCreated:Put"
    return Change(now["bucket"], now["key"], event, moment, size, now["etag"], version, now["modified"])
