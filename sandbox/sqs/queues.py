"""All queues of the one account there is."""

import time

from sandbox.sqs.attributes import DEFAULTS, checked, redrive
from sandbox.sqs.errors import SqsError, invalid, no_queue
from sandbox.sqs.message import Message
from sandbox.sqs.queue import Queue
from sandbox.store import Store

ACCOUNT = "000000000000"
LONGEST_NAME = 80


class Queues:
    """Queues by name, as an earlier sandbox on the same directory left them."""

    def __init__(self, store: Store, url: str, region: str) -> None:
        self._store = store
        self._url = url
        self._region = region
        self._queues = {found["name"]: Queue(store, **found) for found in store.all("queue")}
        messages = [Message(**found) for found in store.all("message")]
        for message in sorted(messages, key=lambda one: one.number):
            self._queues[message.queue].restore(message)

    def create(self, name: str, attributes: dict[str, object] | None = None) -> Queue:
        """Return a queue, made unless it is there; the same name with other attributes is refused."""
        wanted = checked(attributes or {})
        if name in self._queues:
            there = DEFAULTS | self._queues[name].attributes
            if any(there.get(key) != value for key, value in wanted.items()):
                raise SqsError("QueueNameExists", "A queue already exists with the same name and a different value.")
            return self._queues[name]
        if name.endswith(".fifo"):
            raise SqsError("UnsupportedOperation", "The sandbox has standard queues only: S3 notifies no others.")
        if not 0 < len(name) <= LONGEST_NAME or not name.replace("-", "").replace("_", "").isalnum():
            raise invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.")
        queue = self._queues[name] = Queue(self._store, name, wanted, time.time())
        queue.keep()
        return queue

    def named(self, name: str) -> Queue:
        """Return a queue by name."""
        if name not in self._queues:
            raise no_queue()
        return self._queues[name]

    def at(self, url: str) -> Queue:
        """Return a queue by its URL, on whatever host a client believes it to be."""
        return self.named(url.rpartition("/")[2])

    def names(self, prefix: str) -> list[str]:
        """Return the names that begin so."""
        return sorted(name for name in self._queues if name.startswith(prefix))

    def dead_letters_of(self, queue: Queue) -> Queue | None:
        """Return the queue that takes what was received in vain too often."""
        policy = queue.attributes.get("RedrivePolicy")
        return self._queues.get(redrive(policy)[0]) if policy else None

    def remove(self, queue: Queue) -> None:
        """Delete a queue with its messages."""
        queue.purge()
        del self._queues[queue.name]
        self._store.drop("queue", queue.name)

    def url_of(self, queue: Queue) -> str:
        """Return a queue's URL."""
        return f"{self._url}/{ACCOUNT}/{queue.name}"

    def arn_of(self, queue: Queue) -> str:
        """Return a queue's resource name."""
        return f"arn:aws:sqs:{self._region}:{ACCOUNT}:{queue.name}"

    def report(self) -> dict[str, dict[str, int]]:
        """Return for each queue how many messages wait, are in flight, and are delayed."""
        named = {"": "waiting", "NotVisible": "in_flight", "Delayed": "delayed"}
        return {
            name: {word: int(queue.counts()[f"ApproximateNumberOfMessages{key}"]) for key, word in named.items()}
            for name, queue in self._queues.items()
        }
