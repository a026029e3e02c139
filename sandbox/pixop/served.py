"""How many bytes of each video were downloaded."""

import contextlib
from collections import Counter
from collections.abc import Iterator

from sandbox.injection import Line
from sandbox.store import Store

KIND = "pixop.downloads"


class Served:
    """Counts what goes out, that of running downloads too: a client knows of a cut before its download ends here."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ended: Counter[str] = Counter(dict(store.all(KIND)))
        self._running: list[tuple[str, Line]] = []

    @contextlib.contextmanager
    def counting(self, video_id: str, line: Line) -> Iterator[None]:
        """Count what is sent on a connection while this lasts."""
        entry = (video_id, line)
        self._running.append(entry)
        try:
            yield
        finally:
            self._running.remove(entry)
            self._ended[video_id] += line.sent_bytes
            self._store.put(KIND, video_id, [video_id, self._ended[video_id]])

    def totals(self) -> dict[str, int]:
        """Return the bytes by video."""
        running: Counter[str] = Counter()
        for video_id, line in self._running:
            running[video_id] += line.sent_bytes
        return dict(self._ended + running)
