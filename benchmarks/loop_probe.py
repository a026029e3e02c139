"""How late the triggerer's event loop is: a trigger that does nothing but measure that."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

FILE = "REELWORKS_LOOP_PROBE"
PERIOD = 0.05
EVERY = 20


class LoopProbe(BaseTrigger):
    """Sleeps again and again, and appends when it woke and how late (``seconds lateness``) to the file of ``FILE``."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what rebuilds this trigger."""
        return "benchmarks.loop_probe.LoopProbe", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Measure for as long as the triggerer lives."""
        lines = list[str]()
        while True:
            due = time.monotonic() + PERIOD
            await asyncio.sleep(PERIOD)
            lines.append(f"{time.time():.3f} {time.monotonic() - due:.6f}\n")
            if len(lines) == EVERY:
                await asyncio.to_thread(append, "".join(lines))
                lines.clear()
        yield TriggerEvent(None)


def append(text: str) -> None:
    """Add to the file."""
    with Path(os.environ[FILE]).open("a") as file:
        file.write(text)


def lateness(file: Path, begin: float, end: float) -> list[float]:
    """Return the seconds of lateness between two times.

    A probe that was held up misses those that were due meanwhile; they are counted with what they would have found.
    """
    found = list[float]()
    for line in file.read_text().splitlines():
        at, late = map(float, line.split())
        if begin <= at <= end:
            found += [late - missed * PERIOD for missed in range(int(late / PERIOD) + 1)]
    return found
