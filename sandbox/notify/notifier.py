"""From the log of metadata to the queue."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.notify.changes import changes_in
from sandbox.notify.delivery import Delivery
from sandbox.notify.known import Known
from sandbox.notify.settings import Settings
from sandbox.notify.tail import Tail
from sandbox.service import Ground

log = logging.getLogger(__name__)


class Notifier:
    """Sends what happens in the buckets, within a second, at least once.

    An event is in the queue before its object counts as told of. What a killed sandbox missed is found by comparing
    the bucket with what was told: of several changes of an object in that time, only the last is sent.
    """

    def __init__(self, ground: Ground, delivery: Delivery) -> None:
        self._ground = ground
        self._delivery = delivery
        self._known: Known | None = None
        self._tail: Tail | None = None
        self._work: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Send what was missed, and follow the log. Without a server of our own there is no log, and no event."""
        access = self._ground.s3
        if access is None or access.filer is None:
            return
        self._known = Known(self._ground.store, access)
        self._tail = Tail(access.filer, self._ground.state.folder("s3") / "tail.log")
        self._begin(self._follow(self._known, self._tail, time.time_ns()))

    async def stop(self) -> None:
        """End all work."""
        for work in self._work:
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        if self._tail is not None:
            await self._tail.stop()

    def change(self, settings: Settings) -> None:
        """Put other settings in force, and subscribe to a bucket that is new among them."""
        self._delivery.change(settings)
        if self._known is not None:
            for bucket in settings.buckets:
                if not self._subscribed(bucket):
                    self._begin(self._catch_up(self._known, bucket, time.time_ns()))

    async def _follow(self, known: Known, tail: Tail, began: int) -> None:
        for bucket in self._delivery.settings.buckets:
            await self._catch_up(known, bucket, began)
        async for entry in tail.entries(began):
            for change in changes_in(entry):
                if change.bucket in self._delivery.settings.buckets:
                    self._delivery.tell(change)
                    known.note(change)

    async def _catch_up(self, known: Known, bucket: str, began: int) -> None:
        """Send what was missed up to `began`; of a bucket that is new to us, nothing but the test event."""
        fresh = not self._subscribed(bucket)
        if fresh:
            self._ground.store.put("subscribed", bucket, True)
            self._delivery.send_test_event(bucket)
        try:
            async for change in known.missed(bucket, began, look=not fresh):
                if not fresh:
                    self._delivery.tell(change)
                known.note(change)
        except (BotoCoreError, ClientError) as error:
            log.warning("bucket %s cannot be listed: %s", bucket, type(error).__name__)

    def _subscribed(self, bucket: str) -> bool:
        return bool(self._ground.store.get("subscribed", bucket, False))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("notifications stopped", exc_info=task.exception())
