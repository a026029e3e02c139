"""So many at a time, where the number may change while others wait."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable


class Turns:
    """Lets `limit()` callers work at the same time."""

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._busy = 0
        self._waiting: list[asyncio.Future[None]] = []

    @contextlib.asynccontextmanager
    async def mine(self) -> AsyncIterator[None]:
        """Wait for a turn, and give it up at the end."""
        while self._busy >= self._limit():
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1
            # All of them, in their order: the limit may have been raised.
            waiting, self._waiting = self._waiting, []
            for turn in waiting:
                if not turn.done():
                    turn.set_result(None)
