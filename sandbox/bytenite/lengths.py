"""How long a job's source is, for its price."""

import asyncio
import json
import math

from sandbox import media
from sandbox.bytenite.bucket import Bucket
from sandbox.bytenite.jobs import Job
from sandbox.bytenite.places import PlaceError, Places

LOOK_SECONDS = 5.0


class Lengths:
    """Looks once at each source."""

    def __init__(self, *, bucket: Bucket, places: Places) -> None:
        self._bucket = bucket
        self._places = places
        self._known: dict[str, int] = {}

    async def minutes(self, job: Job) -> int:
        """Return the source's length in started minutes; 1 where it cannot be seen."""
        key = job.id + json.dumps(job.source, sort_keys=True)
        if key not in self._known:
            self._known[key] = await self._look(job)
        return self._known[key]

    async def _look(self, job: Job) -> int:
        try:
            address = await self._address(job)
            # A playlist on the web must not open files of this machine.
            protocols = "http,https,tcp,tls" if address.startswith("http") else "file"
            look = ["-v", "error", "-protocol_whitelist", protocols, "-of", "csv=p=0"]
            look += ["-show_entries", "format=duration", address]
            seconds = float(await media.run("ffprobe", look, seconds=LOOK_SECONDS))
            return max(1, min(100_000, math.ceil(seconds / 60)))
        except (media.MediaError, PlaceError, TimeoutError, ValueError, KeyError, OverflowError):
            return 1

    async def _address(self, job: Job) -> str:
        source = job.source or {}
        if source["dataSourceDescriptor"] == "file":
            return str(self._bucket.upload_file(job))
        return await asyncio.to_thread(self._places.readable_url, source)
