"""The sandbox's directory: its lock, its generated credentials, and where it says how to reach it."""

import fcntl
import json
import os
import secrets
from pathlib import Path
from typing import Any


class StateBusyError(Exception):
    """Another sandbox is running on the same directory."""


class StateDir:
    """Everything the sandbox keeps lies under one private directory.

    A second sandbox on the same directory is refused: two servers on one set of S3 volumes destroy them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock_file: int | None = None

    def open(self) -> None:
        """Make the directory (mode 0700) and take its lock, or raise StateBusyError."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        lock_file = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as busy:
            os.close(lock_file)
            raise StateBusyError(f"another sandbox is running on {self.path}") from busy
        self._lock_file = lock_file

    def folder(self, *parts: str) -> Path:
        """Return a folder below the directory, made if missing."""
        path = self.path.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def secret(self, name: str, *, letters: int = 40) -> str:
        """Return a credential that was made on first use, or given then by SANDBOX_<NAME>; kept for every restart."""
        kept = read_json(self.path / "credentials.json")
        if name not in kept:
            given = os.environ.get(f"SANDBOX_{name.upper()}")
            kept[name] = given or secrets.token_hex((letters + 1) // 2)[:letters]
            write_json(self.path / "credentials.json", kept)
        return str(kept[name])

    @property
    def info_file(self) -> Path:
        """Where a running sandbox says how it is reached."""
        return self.path / "sandbox.json"

    def last_ports(self) -> dict[str, int]:
        """Ports that the previous sandbox on this directory used, by service."""
        kept = read_json(self.path / "ports.json")
        return {name: port for name, port in kept.items() if isinstance(port, int)}

    def remember_ports(self, ports: dict[str, int]) -> None:
        """Keep the ports for the next start, so that addresses given to clients stay good."""
        write_json(self.path / "ports.json", self.last_ports() | ports)


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object's content; {} when the file is missing or damaged."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a private file in one step: a reader sees the old content or the new, never half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    draft.replace(path)
