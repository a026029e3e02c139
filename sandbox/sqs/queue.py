"""A queue: messages wait, are taken, come back, and go."""

import asyncio
import heapq
import time
import uuid
from typing import Any

from sandbox.sqs.attributes import DEFAULTS, redrive
from sandbox.sqs.errors import SqsError
from sandbox.sqs.message import Message, read_handle
from sandbox.store import Store


class Queue:
    """A standard queue. Every change is on its way to disk before it is answered: a kill -9 loses no message."""

    def __init__(self, store: Store, name: str, attributes: dict[str, str], created: float) -> None:
        self.name = name
        self.attributes = attributes
        self.created = created
        self.messages: dict[str, Message] = {}
        self._store = store
        # By when it can be received. What a later change of a message made untrue is skipped when it comes up.
        self._due: list[tuple[float, int, str]] = []
        self._waiting: set[asyncio.Future[None]] = set()
        self._number = 0

    def value(self, name: str) -> int:
        """Return a number among the attributes."""
        return int(self.attributes.get(name, DEFAULTS[name]))

    def keep(self) -> None:
        """Keep name and attributes."""
        self._store.put("queue", self.name, {"name": self.name, "attributes": self.attributes, "created": self.created})

    def send(self, body: str, *, delay: float | None = None, attributes: dict[str, Any] | None = None) -> Message:
        """Put a message in; it can be received after `delay` seconds (else the queue's own)."""
        now = time.time()
        late = self.value("DelaySeconds") if delay is None else delay
        self._number += 1
        message = Message(str(uuid.uuid4()), self.name, self._number, body, now, now + late, attributes or {})
        self.place(message)
        return message

    def place(self, message: Message) -> None:
        """Take a message in as it is, and keep it."""
        self._store.put("message", message.id, message.document())
        self.restore(message)
        self._stir()

    def restore(self, message: Message) -> None:
        """Take in a message that is kept already."""
        self.messages[message.id] = message
        self._number = max(self._number, message.number)
        heapq.heappush(self._due, (message.visible_at, message.number, message.id))

    async def receive(self, most: int, *, wait: float, hidden: float, dead: "Queue | None") -> list[Message]:
        """Take up to `most` messages, hidden from others for `hidden` seconds; waits up to `wait` for the first."""
        deadline = time.time() + wait
        while not (taken := self._take(most, hidden, dead)) and (left := deadline - time.time()) > 0:
            # A message that becomes visible by the passing of time stirs nothing.
            until_due = max(0.01, self._due[0][0] - time.time()) if self._due else left
            stirred = asyncio.get_running_loop().create_future()
            self._waiting.add(stirred)
            await asyncio.wait([stirred], timeout=min(left, until_due))
            self._waiting.discard(stirred)
        return taken

    def _take(self, most: int, hidden: float, dead: "Queue | None") -> list[Message]:
        taken: list[Message] = []
        now = time.time()
        while self._due and self._due[0][0] <= now and len(taken) < most:
            due, _, message_id = heapq.heappop(self._due)
            message = self.messages.get(message_id)
            if message is None or message.visible_at != due:
                continue
            if now - message.sent > self.value("MessageRetentionPeriod"):
                self._forget(message)
            elif dead is not None and message.count >= redrive(self.attributes["RedrivePolicy"])[1]:
                self._bury(message, dead)
            else:
                message.count += 1
                message.first_received = message.first_received or now
                self._show_at(message, now + hidden)
                taken.append(message)
        return taken

    def _bury(self, message: Message, dead: "Queue") -> None:
        self._forget(message)
        message.queue, message.visible_at = dead.name, time.time()
        dead.place(message)

    def _show_at(self, message: Message, moment: float) -> None:
        message.visible_at = moment
        heapq.heappush(self._due, (moment, message.number, message.id))
        self._store.put("message", message.id, message.document())

    def delete(self, handle: str) -> None:
        """Delete what was delivered with this receipt; an outdated receipt deletes nothing, and nobody is told."""
        message, current = self._held(handle)
        if message is not None and current:
            self._forget(message)

    def change_visibility(self, handle: str, seconds: float) -> None:
        """Hide a delivered message for so long from now; 0 gives it back."""
        message, current = self._held(handle)
        if message is None or not current or message.visible_at <= time.time():
            raise SqsError("MessageNotInflight", "The message referred to isn't in flight.")
        self._show_at(message, time.time() + seconds)
        self._stir()

    def _held(self, handle: str) -> tuple[Message | None, bool]:
        found = read_handle(handle)
        if found is None:
            raise SqsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
        message = self.messages.get(found[0])
        return message, message is not None and message.count == found[1]

    def purge(self) -> None:
        """Delete every message."""
        for message in list(self.messages.values()):
            self._forget(message)

    def _forget(self, message: Message) -> None:
        del self.messages[message.id]
        self._store.drop("message", message.id)

    def _stir(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    def described(self) -> dict[str, str]:
        """Return the attributes as told."""
        made = str(int(self.created))
        return DEFAULTS | self.attributes | {"CreatedTimestamp": made, "LastModifiedTimestamp": made}

    def counts(self) -> dict[str, str]:
        """Return how many messages wait, are in flight, and are delayed."""
        now = time.time()
        hidden = [message for message in self.messages.values() if message.visible_at > now]
        delayed = sum(1 for message in hidden if not message.count)
        return {
            "ApproximateNumberOfMessages": str(len(self.messages) - len(hidden)),
            "ApproximateNumberOfMessagesNotVisible": str(len(hidden) - delayed),
            "ApproximateNumberOfMessagesDelayed": str(delayed),
        }
