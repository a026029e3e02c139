"""One run of a job on a worker: download, probe, encode, upload."""

import asyncio
import contextlib
import json
import shutil
import time
from pathlib import Path
from typing import Any

from sandbox import media
from sandbox.openencoder import jobs, probing, samples
from sandbox.openencoder.context import Context
from sandbox.openencoder.encoding import Encoding
from sandbox.openencoder.endings import FailedError, PanicError, StoppedError
from sandbox.openencoder.golang import make_guid, object_key, url_path
from sandbox.openencoder.jobs import Job
from sandbox.openencoder.storage import StorageError


class Run:
    """Takes a job through its phases. The database is only written, never asked, except where it says so."""

    def __init__(self, context: Context, job: Job, *, price_hourly: float) -> None:
        self._context = context
        self._job = job
        self._price_hourly = price_hourly
        self._folder = context.ground.state.folder("openencoder", "work") / make_guid()

    async def go(self) -> None:
        """Do the job, whether it completes, fails or is stopped; raises PanicError and WorkerExitError."""
        self._job.runs += 1
        self._job.started = self._job.started or time.time()
        (self._folder / "dst").mkdir(parents=True)
        try:
            source = await self._download()
            probe = await self._look(source)
            await self._encode(source, probe)
            await self._upload()
            await self._enter(jobs.COMPLETED, linger=False)
        except StoppedError:
            self._context.jobs.set_status(self._job, jobs.CANCELLED)
        except FailedError:
            self._context.jobs.set_status(self._job, jobs.ERROR)
        finally:
            self._job.ended = time.time()
            self._context.jobs.table.save(self._job)
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _enter(self, state: str, *, linger: bool = True) -> None:
        if self._job.status == jobs.CANCELLED and not self._context.switches.cancel_overwritten:
            raise StoppedError
        self._context.jobs.set_status(self._job, state)
        if linger and self._context.switches.phase_seconds:
            await asyncio.sleep(self._context.switches.phase_seconds)

    async def _download(self) -> Path:
        await self._enter(jobs.DOWNLOADING)
        path = url_path(self._job.source)
        local = self._folder / ("source" + _suffix(path or ""))
        try:
            if path is None:
                raise StorageError("no URL")
            if self._context.switches.instant:
                await self._context.storage.check(object_key(path))
            elif self._context.configuration["S3_STREAMING"] != "enabled":
                await self._context.storage.download(object_key(path), local)
        except StorageError as error:
            hangs = self._context.switches.missing_source_hangs
            raise (PanicError if hangs else FailedError)(str(error)) from error
        self._report(100)
        return local

    async def _look(self, source: Path) -> dict[str, Any]:
        await self._enter(jobs.PROBING)
        found = samples.PROBE if self._context.switches.instant else b""
        if not found:
            arguments = ["-v", "quiet", "-protocol_whitelist", "file", "-show_streams", "-of", "json", str(source)]
            with contextlib.suppress(media.MediaError, TimeoutError):
                found = await media.run("ffprobe", arguments, seconds=media.PROBE_SECONDS)
        probe = probing.keep(found)
        self._job.probe = json.dumps(probe, separators=(",", ":"), ensure_ascii=False)
        self._context.jobs.table.save(self._job)
        return probe

    async def _encode(self, source: Path, probe: dict[str, Any]) -> None:
        await self._enter(jobs.ENCODING, linger=False)
        encoding = Encoding(self._context, self._job, price_hourly=self._price_hourly)
        await encoding.make(source, probe, self._folder / "dst")

    def _report(self, progress: float) -> None:
        self._job.progress = progress
        self._context.jobs.table.save(self._job)

    async def _upload(self) -> None:
        await self._enter(jobs.UPLOADING)
        prefix = url_path(self._job.destination)
        if prefix is None:
            raise PanicError("the destination is no URL")
        for path in sorted(each for each in (self._folder / "dst").rglob("*") if each.is_file()):
            # Prefix and name are joined with nothing between them.
            key = object_key(prefix + path.name)
            try:
                await self._context.storage.upload(path, key)
                self._job.output = key
            except StorageError as error:
                if not self._context.switches.silent_upload_failure:
                    raise FailedError(str(error)) from error
        self._report(100)


def _suffix(path: str) -> str:
    suffix = Path(path.replace("\0", "")).suffix
    return suffix if suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) < 10 else ""
