"""The queue between server and workers."""

import time
from dataclasses import asdict, dataclass

from sandbox.openencoder.golang import make_guid
from sandbox.store import Store

KIND = "openencoder.queue"
MAX_FAILS = 4


@dataclass
class Entry:
    """A job to be done, from `due` on. `lost` is when its worker went away with it in hand (Unix seconds)."""

    key: str
    guid: str
    entered: float
    due: float
    fails: int = 0
    taken: bool = False
    lost: float | None = None


class Queue:
    """Entries in order; one stays until its job is done, so none is lost with a worker."""

    def __init__(self, store: Store) -> None:
        self._store = store
        kept = [Entry(**body) for body in store.all(KIND) if body is not None]
        self._entries = sorted(kept, key=lambda entry: entry.entered)
        for entry in self._entries:
            if entry.taken and entry.lost is None:
                entry.lost = time.time()

    def put(self, guid: str) -> None:
        """Add a job."""
        now = time.time()
        entry = Entry(make_guid(), guid, now, now)
        self._entries.append(entry)
        self._save(entry)

    def take(self) -> Entry | None:
        """Return the next entry that is due, now taken."""
        now = time.time()
        for entry in self._entries:
            if not entry.taken and entry.due <= now:
                entry.taken = True
                self._save(entry)
                return entry
        return None

    def done(self, entry: Entry) -> None:
        """Forget an entry."""
        self._entries.remove(entry)
        self._store.put(KIND, entry.key, None)

    def again(self, entry: Entry, *, pause: float) -> None:
        """Put an entry back whose try failed, for later; after four tries nobody tries again."""
        entry.fails += 1
        if entry.fails >= MAX_FAILS:
            self.done(entry)
            return
        self._release(entry, time.time() + pause)

    def lose(self, entry: Entry) -> None:
        """Note that the worker went away."""
        entry.lost = time.time()
        self._save(entry)

    def lost(self) -> list[Entry]:
        """Return the entries whose worker went away."""
        return [entry for entry in self._entries if entry.lost is not None]

    def reclaim(self, entry: Entry) -> None:
        """Let another worker take the entry."""
        self._release(entry, time.time())

    def waiting(self) -> list[Entry]:
        """Return the entries that a free worker would take."""
        return [entry for entry in self._entries if not entry.taken and entry.fails == 0]

    def _release(self, entry: Entry, due: float) -> None:
        entry.taken, entry.lost, entry.due = False, None, due
        self._save(entry)

    def _save(self, entry: Entry) -> None:
        self._store.put(KIND, entry.key, asdict(entry))
