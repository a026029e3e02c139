"""What every benchmark ends with: when and where it was taken, a table of figures, and the bars they have to pass."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stack.table import table


@dataclass(frozen=True)
class Bar:
    """A figure and what it has to be: at most ``limit``, or at least, if ``least``."""

    name: str
    value: float
    limit: float
    unit: str = ""
    least: bool = False

    @property
    def good(self) -> bool:
        """Whether it holds. What is no number does not."""
        return self.value >= self.limit if self.least else self.value <= self.limit

    @property
    def row(self) -> tuple[str, str, str, str]:
        """Name, figure, bar and verdict."""
        sign = ">=" if self.least else "<="
        wanted = f"{sign} {shown(self.limit, self.unit)}"
        return self.name, shown(self.value, self.unit), wanted, "PASS" if self.good else "FAIL"


def shown(value: float, unit: str = "") -> str:
    """Render a figure with as many digits as it is worth; ``%`` takes a share of 1."""
    if unit == "%":
        return f"{value:.1%}"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 or not value else 4
    return f"{value:,.{digits}f} {unit}".rstrip()


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` (0 to 1) of all do not exceed; not a number for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def machine() -> str:
    """Say when and on what this runs."""
    info = Path("/proc/cpuinfo")
    model = re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE) if info.exists() else None
    return ", ".join(
        [
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            f"{os.cpu_count()} x {model[1] if model else platform.machine()}",
            f"{platform.system()} {platform.release()}",
            f"Python {platform.python_version()}",
            f"load {os.getloadavg()[0]:.1f}",
        ]
    )


def say(text: str = "") -> None:
    """Print at once: a benchmark's progress is watched."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def report(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], bars: Sequence[Bar], notes: Sequence[str] = ()
) -> int:
    """Print all; return the exit code: 1 if a bar does not hold."""
    say(f"\n{title}\n{machine()}\n")
    say(table(headings, rows, right=range(1, len(headings))))
    for note in notes:
        say(note)
    if bars:
        say("\n" + table(("bar", "figure", "wanted", ""), [bar.row for bar in bars], right=(1, 2)))
    return 0 if all(bar.good for bar in bars) else 1
