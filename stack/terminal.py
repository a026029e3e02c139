"""Says what goes on: one line that is rewritten on a terminal, plain lines anywhere else."""

import shutil
import sys
import time
from dataclasses import dataclass, field
from typing import TextIO


@dataclass
class Terminal:
    """Where the commands talk to the person."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    began: float = field(default_factory=time.monotonic)
    _live: bool = False
    _said: str = ""

    def say(self, text: str = "") -> None:
        """Print lines that stay."""
        self._write(f"{self._clear()}{text}\n")
        self._live = False

    def show(self, text: str, key: str) -> None:
        """Show where things stand; off a terminal only when ``key`` is not the one shown last."""
        text = f"  {self.clock()}  {text}"
        if self.out.isatty():
            width = shutil.get_terminal_size().columns - 1
            self._write(f"{self._clear()}{text[:width]}")
            self._live = True
        elif key != self._said:
            self._write(f"{text}\n")
        self._said = key

    def hint(self, text: str) -> None:
        """Show on a terminal, until the next line takes its place, why nothing happens; elsewhere be silent."""
        if self.out.isatty():
            self._write(f"{self._clear()}{text}")
            self._live = True

    def keep(self) -> None:
        """Let the rewritten line stand as it is."""
        if self._live:
            self._write("\n")
        self._live = False

    def clock(self) -> str:
        """Return the time since the beginning as minutes and seconds."""
        seconds = int(time.monotonic() - self.began)
        return f"{seconds // 60:02}:{seconds % 60:02}"

    def _clear(self) -> str:
        return "\r\x1b[K" if self._live else ""

    def _write(self, text: str) -> None:
        encoding = getattr(self.out, "encoding", None) or "utf-8"
        self.out.write(text.encode(encoding, "replace").decode(encoding))
        self.out.flush()
