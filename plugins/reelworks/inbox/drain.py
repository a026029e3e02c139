"""Emptying the queue of notifications: a message goes only when the runs of the videos it names are there.

A notification is a hint that something happened to a key. What counts is what lies there now, so duplicates, disorder
and deletions need no care of their own: each look finds the present content, which has its one run.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reelworks.core.errors import BadInputError, BusyError, RefusedError, UnreachableError
from reelworks.inbox.listing import look
from reelworks.inbox.messages import told
from reelworks.inbox.notice import IN_A_ROW, notice
from reelworks.inbox.place import Inbox
from reelworks.inbox.runs import in_flight
from reelworks.inbox.sqs import Message, Queue
from reelworks.media.s3errors import s3_errors
from reelworks.settings import count, setting

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)

TRIES = 5
"""How often a message may be received whose video cannot be looked at, before it is set aside."""
BUSY = 30.0
"""Seconds for which a message is put off whose video Airflow or S3 had no time for."""


def drain_queue() -> dict[str, int]:
    """Empty the queue, as the settings say, inside a task; give what came of its messages and their videos."""
    from reelworks.media.s3 import s3_client

    url = setting("REELWORKS_QUEUE")
    if not url:
        log.info("REELWORKS_QUEUE is not set: there is nothing to read")
        return {}
    inbox = Inbox.from_settings()
    queue = Queue.opened(url, inbox.aws_conn_id)
    drain = Drain(queue, s3_client(inbox.aws_conn_id), inbox, most=count("REELWORKS_IN_FLIGHT"))
    return drain.run()


@dataclass
class Drain:
    """One emptying; stops early when ``most`` runs are in flight, and leaves the rest in the queue, safely."""

    queue: Queue
    client: S3Client
    inbox: Inbox
    most: int
    tally: Counter[str] = field(default_factory=Counter)
    room: int = 0
    _busy: int = 0

    def run(self) -> dict[str, int]:
        """Receive until none is left."""
        while self._has_room() and (messages := self.queue.receive()):
            self.queue.delete([message for message in messages if self._dealt_with(message)])
        log.info("%s: %s", self.queue.url, ", ".join(f"{number} {what}" for what, number in self.tally.items()))
        return dict(self.tally)

    def _has_room(self) -> bool:
        if self.room <= 0:
            self.room = self.most - in_flight()
        return self.room > 0

    def _dealt_with(self, message: Message) -> bool:
        """Start what it names; True when nothing is left for which it would be needed."""
        self.tally["messages"] += 1
        said = told(message.body)
        if said.fault:
            log.warning("message %s is no S3 notification: %s", message.id, said.fault)
        try:
            waits = [*self._waits(said.places)]
        except (BadInputError, RefusedError) as error:
            log.warning("message %s, received %d times: %s", message.id, message.times, error)
            return message.times >= TRIES and self._set_aside(message)
        except (BusyError, UnreachableError) as error:
            self._put_off(message, error)
            return False
        self._busy = 0
        if waits:
            self.tally["settling"] += 1
            self.queue.put_off(message, max(waits))
            return False
        return self._set_aside(message) if said.fault else True

    def _put_off(self, message: Message, error: Exception) -> None:
        """Let others go first; what was started for the message is found to exist when it comes again."""
        self._busy += 1
        if self._busy >= IN_A_ROW:
            raise error
        self.tally["busy"] += 1
        log.warning("message %s is put off: %s", message.id, error)
        self.queue.put_off(message, BUSY)

    def _waits(self, places: list[tuple[str, str]]) -> Iterator[float]:
        """Start the runs of the videos there; give the seconds for which one that may still be growing has to wait."""
        for bucket, key in places:
            if not self.inbox.takes(bucket, key):
                self.tally["not ours"] += 1
            elif (found := look(self.client, self.inbox, bucket, key)) is None:
                self.tally["gone"] += 1
                log.info("s3://%s/%s is gone again", bucket, key)
            elif found[1]:
                yield found[1]
            else:
                outcome = notice(self.client, self.inbox, found[0])
                self.room -= outcome == "started"
                self.tally[outcome] += 1
                log.info("%s: %s", found[0].source, outcome)

    def _set_aside(self, message: Message) -> bool:
        """Keep in the outbox what cannot be understood: the queue may be another's, set here by mistake."""
        self.tally["set aside"] += 1
        url = self.inbox.record(f"set_aside/{message.id}")
        with s3_errors(self.client, "write", url):
            self.client.put_object(Bucket=url.bucket, Key=url.key, Body=message.body.encode(errors="replace"))
        log.warning("message %s is set aside: %s", message.id, url)
        return True
