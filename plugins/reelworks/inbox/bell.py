"""The bell at the queue: an asset event while messages wait, and never one of them taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from reelworks.core.errors import VideoServiceError
from reelworks.inbox.sqs import Queue
from reelworks.settings import seconds, setting

AGAIN = 30.0
"""Seconds after which it rings once more if messages still wait: an asset event may be dropped, a drain may fail."""
READ_AGAIN = 60.0
"""Seconds after which the settings are read anew."""


class QueueBell(BaseEventTrigger):
    """Rings when messages begin to wait in the queue of the settings, and every half minute while they do.

    Airflow merges asset events, and its own SQS trigger deletes messages before their events are stored. So an event
    says nothing here but "look": the DAG that it starts reads the queue itself, and deletes what it has dealt with.
    """

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what rebuilds it. It has no arguments: they would be read while the DAG file is parsed."""
        return "reelworks.inbox.bell.QueueBell", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look for ever. An error is told and outlived: nothing would start a watcher anew."""
        queue, interval, read, rung = None, 5.0, 0.0, None
        while True:
            now = time.monotonic()
            try:
                if not read or now - read > READ_AGAIN:
                    queue, interval = await asyncio.to_thread(_opened)
                    read = now
                waiting = await asyncio.to_thread(queue.waiting) if queue else 0
            except VideoServiceError as error:
                self.log.warning("%s", error)
                waiting, read = 0, 0.0
            except Exception as error:  # whatever it is, the next look may do better
                self.log.warning("the queue could not be looked at: %s", type(error).__name__)
                waiting, read = 0, 0.0
            if not waiting:
                rung = None
            elif rung is None or now - rung >= AGAIN:
                rung = now
                yield TriggerEvent({"waiting": waiting})
            await asyncio.sleep(interval)


def _opened() -> tuple[Queue | None, float]:
    url, interval = setting("REELWORKS_QUEUE"), max(1.0, seconds("REELWORKS_BELL_INTERVAL"))
    return (Queue.opened(url, setting("REELWORKS_AWS_CONN")) if url else None), interval
