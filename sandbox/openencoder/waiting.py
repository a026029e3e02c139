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
        self._entries = [Entry(**body) for body in store.get(KIND, "all", [])]
        for entry in self._entries:
            if entry.taken and entry.lost is None:
                entry.lost = time.time()

    def put(self, guid: str) -> None:
        """Add a job."""
        now = time.time()
        self._entries.append(Entry(make_guid(), guid, now, now))
        self._save()

    def take(self) -> Entry | None:
        """Return the next entry that is due, now taken."""
        now = time.time()
        for entry in self._entries:
            if not entry.taken and entry.due <= now:
                entry.taken = True
                self._save()
                return entry
        return None

    def done(self, entry: Entry) -> None:
        """Forget an entry."""
        self._entries.remove(entry)
        self._save()

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
        self._save()

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
        self._save()

    def _save(self) -> None:
        self._store.put(KIND, "all", [asdict(entry) for entry in self._entries])
