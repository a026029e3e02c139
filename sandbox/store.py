"""What must outlive a kill -9: small JSON documents in SQLite."""

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Store:
    """Documents by kind and key. `put` is on its way to disk when it returns, whatever then happens to the process.

    Write-ahead logging without waiting for the disk: a killed process loses nothing, a power cut may.
    """

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600, exist_ok=True)
        os.chmod(path, 0o600)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS documents (kind TEXT, key TEXT, body TEXT, PRIMARY KEY (kind, key))"
        )

    def put(self, kind: str, key: str, body: Any) -> None:
        """Write or overwrite a document."""
        self._db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (kind, key, json.dumps(body)))

    def get(self, kind: str, key: str, default: Any = None) -> Any:
        """Return a document, or the default when there is none."""
        row = self._db.execute("SELECT body FROM documents WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return default if row is None else json.loads(row[0])

    def drop(self, kind: str, key: str) -> None:
        """Delete a document, if there is one."""
        self._db.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key))

    def all(self, kind: str) -> Iterator[Any]:
        """Yield every document of a kind, in no order."""
        for (body,) in self._db.execute("SELECT body FROM documents WHERE kind = ?", (kind,)):
            yield json.loads(body)

    def close(self) -> None:
        """Fold the log into the file."""
        self._db.close()
