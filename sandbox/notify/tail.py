"""SeaweedFS's log of metadata, as `weed filer.meta.tail` prints it."""

import asyncio
import contextlib
import json
import logging
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from sandbox import children
from sandbox.notify.changes import BUCKETS
from sandbox.seaweed import find_weed

log = logging.getLogger(__name__)

MARGIN = 5.0  # seconds that the log is read from before where it was left: its server counts from its own start
DISORDER = 10**9  # nanoseconds that an entry may come late
AGAIN = 0.5  # seconds before a reader that ended is started anew
LONGEST_LINE = 64 << 20  # bytes; all parts of a multipart upload are named on one


class Tail:
    """A child process that reads the log, started again if it ends."""

    def __init__(self, filer: str, errors: Path) -> None:
        self._filer = filer
        self._errors = errors
        self._process: asyncio.subprocess.Process | None = None

    async def entries(self, after: int) -> AsyncIterator[dict[str, Any]]:
        """Yield the entries made after a moment (nanoseconds since 1970), then each as it is made, for ever.

        They are nearly in order: of two that are made at once, the younger may come first. Those of the second
        before a reader ended come again from the next.
        """
        while True:
            newest = after
            process = self._process = await self._launch(after)
            async for entry in _read(process):
                moment = int(entry["tsNs"])
                newest = max(newest, moment)
                if moment > after:
                    yield entry
            after = max(after, newest - DISORDER)
            log.warning("the reader of the metadata log ended with code %s", await process.wait())
            await asyncio.sleep(AGAIN)

    async def _launch(self, after: int) -> asyncio.subprocess.Process:
        ago = max(0.0, time.time() - after / 1e9) + MARGIN
        with self._errors.open("ab") as errors:
            return await asyncio.create_subprocess_exec(
                find_weed(),
                "filer.meta.tail",
                f"-filer={self._filer}",
                f"-pathPrefix={BUCKETS}",
                f"-timeAgo={ago:.3f}s",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                limit=LONGEST_LINE,
                start_new_session=True,
                preexec_fn=children.die_with_parent,
            )

    async def stop(self) -> None:
        """End the child."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


async def _read(process: asyncio.subprocess.Process) -> AsyncIterator[dict[str, Any]]:
    assert process.stdout is not None  # noqa: S101  (it was asked for)
    lines: list[bytes] = []
    async for line in process.stdout:
        lines.append(line)
        # Entries are spread over lines; only an entry's last is a brace that is not indented.
        if line.rstrip() == b"}":
            yield json.loads(b"".join(lines))
            lines.clear()
