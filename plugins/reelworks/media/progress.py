"""How far a transfer is, said now and then."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

STEPS = 10


class Meter:
    """Logs each tenth of a transfer once it is reached, with the speed since the beginning in MB/s."""

    def __init__(self, what: str, total: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._what, self._total, self._clock = what, total, clock
        self._began = clock()
        self._step = 0

    def reached(self, done: int) -> None:
        """Hear of the bytes so far."""
        if not self._total or (step := STEPS * done // self._total) <= self._step:
            return
        self._step = step
        speed = done / max(1e-6, self._clock() - self._began) / 1e6
        log.info("%s: %d %% (%.1f of %.1f MB, %.1f MB/s)", self._what, 10 * step, done / 1e6, self._total / 1e6, speed)
