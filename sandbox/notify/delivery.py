"""Puts events into the queue, and keeps account; some get lost, doubled or late on request."""

import fnmatch
import json
import time
from typing import Any

from sandbox.notify.changes import Change
from sandbox.notify.records import message_of, test_event
from sandbox.notify.settings import Settings
from sandbox.sqs.queues import Queues
from sandbox.store import Store

COUNTS = ("made", "sent", "lost", "duplicated", "delayed", "test_events")


class Delivery:
    """The way of events into the queue. Which go wrong is counted from the latest change of the settings."""

    def __init__(self, store: Store, queues: Queues, region: str) -> None:
        self._store = store
        self._queues = queues
        self._region = region
        self._counts: dict[str, int] = dict.fromkeys(COUNTS, 0) | store.get("events", "counts", {})
        self._since = 0
        self.settings = Settings.model_validate(store.get("events", "settings", {}))

    def change(self, settings: Settings) -> None:
        """Put other settings in force. Where events go outlives a restart; what goes wrong does not."""
        self._queues.create(settings.queue)
        self.settings = settings
        self._since = 0
        lasting = {"buckets", "queue", "events", "prefix", "suffix"}
        self._store.put("events", "settings", settings.model_dump(include=lasting))

    def tell(self, change: Change) -> None:
        """Send a change's event, if it is one to send; a fault may keep it back."""
        if not self._concerns(change):
            return
        self._count("made")
        self._since += 1
        if self._strikes(self.settings.lose_every):
            self._lose(change)
            return
        late = self.settings.delay_seconds if self._strikes(self.settings.delay_every) else 0.0
        self._count("delayed", bool(late))
        body = message_of(change, region=self._region)
        self._send(body, late)
        self._count("sent")
        if self._strikes(self.settings.duplicate_every):
            self._send(body, late + self.settings.duplicate_seconds)
            self._count("duplicated")

    def send_test_event(self, bucket: str) -> None:
        """Send s3:TestEvent."""
        self._send(test_event(bucket, time.time_ns()), 0.0)
        self._count("test_events")

    def ledger(self) -> dict[str, Any]:
        """Return how many events there were and what became of them, and which were lost."""
        return {"events": dict(self._counts), "lost": list(self._store.all("lost"))}

    def _concerns(self, change: Change) -> bool:
        asked = self.settings
        return (
            change.bucket in asked.buckets
            and change.key.startswith(asked.prefix)
            and change.key.endswith(asked.suffix)
            and any(fnmatch.fnmatchcase(f"s3:{change.event}", pattern) for pattern in asked.events)
        )

    def _strikes(self, every: int) -> bool:
        return bool(every) and self._since % every == 0

    def _lose(self, change: Change) -> None:
        told = {"bucket": change.bucket, "key": change.key, "event": change.event, "version": change.version}
        self._store.put("lost", f"{change.moment:020}", told)
        self._count("lost")

    def _send(self, body: dict[str, Any], late: float) -> None:
        # Looked up each time: somebody may have deleted the queue.
        self._queues.create(self.settings.queue).send(json.dumps(body), delay=late)

    def _count(self, name: str, more: int = 1) -> None:
        self._counts[name] += more
        self._store.put("events", "counts", self._counts)
