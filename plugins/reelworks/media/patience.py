"""How much of a bad connection is borne before it is given up."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reelworks.core.errors import BusyError, UnreachableError

if TYPE_CHECKING:
    from reelworks.media.answers import Stumble

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How to bear a bad connection: tries in a row without one new byte, and seconds."""

    tries: int = 6
    first_wait: float = 0.5
    longest_wait: float = 60.0
    connect_timeout: float = 10.0
    read_timeout: float = 60.0


class Tries:
    """Counts the stumbles in a row on the way through one thing; a new byte in between forgives those before."""

    def __init__(self, patience: Patience, shown: str) -> None:
        self._patience, self._shown = patience, shown
        self._failures = 0
        self._position = 0

    def after(self, stumble: Stumble, position: int) -> float:
        """Return the seconds to wait before the next try; ``position`` is how many bytes there are now.

        :raises BusyError, UnreachableError: it was the last.
        """
        self._failures = 1 if position > self._position else self._failures + 1
        self._position = position
        if self._failures >= self._patience.tries:
            words = f"{self._shown}: {stumble}, {self._failures} times in a row"
            raise BusyError(words, stumble.wait) if stumble.busy else UnreachableError(words)
        wait = stumble.wait if stumble.wait is not None else self._patience.first_wait * 2 ** (self._failures - 1)
        log.info("%s: %s; going on from byte %d", self._shown, stumble, position)
        return min(wait, self._patience.longest_wait)
