"""One run of a job on a worker: download, probe, encode, upload."""

import asyncio
import contextlib
import json
import shutil
import time
from pathlib import Path

from sandbox import media
from sandbox.openencoder import jobs, probing, samples
from sandbox.openencoder.context import Context
from sandbox.openencoder.golang import make_guid, object_key, url_path
from sandbox.openencoder.jobs import Job
from sandbox.openencoder.options import OptionsError, output_arguments
from sandbox.openencoder.presets import Preset
from sandbox.openencoder.storage import StorageError

READ = ["-hide_banner", "-loglevel", "error", "-nostdin", "-protocol_whitelist", "file,crypto,data"]


class FailedError(Exception):
    """The job ends in `error`."""


class StoppedError(Exception):
    """The job ends as `cancelled`."""


class PanicError(Exception):
    """The worker's code panics: the job keeps its state, and the queue tries it again later."""


class WorkerExitError(Exception):
    """The whole worker process ends."""


class Run:
    """Takes a job through its phases. The database is only written, never asked, except where it says so."""

    def __init__(self, context: Context, job: Job, *, price_hourly: float) -> None:
        self._context = context
        self._job = job
        self._price_hourly = price_hourly
        self._probe: dict[str, object] = {}
        self._reached = 0.0
        self._folder = context.ground.state.folder("openencoder", "work") / make_guid()

    async def go(self) -> None:
        """Do the job; raises what is defined above for each way of not finishing."""
        self._job.runs += 1
        self._job.started = self._job.started or time.time()
        (self._folder / "dst").mkdir(parents=True)
        try:
            source = await self._download()
            await self._look(source)
            await self._encode(source)
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

    async def _look(self, source: Path) -> None:
        await self._enter(jobs.PROBING)
        found = samples.PROBE if self._context.switches.instant else b""
        if not found:
            arguments = ["-v", "quiet", "-protocol_whitelist", "file", "-show_streams", "-of", "json", str(source)]
            with contextlib.suppress(media.MediaError, TimeoutError):
                found = await media.run("ffprobe", arguments, seconds=media.PROBE_SECONDS)
        self._probe = probing.keep(found)
        self._job.probe = json.dumps(self._probe, separators=(",", ":"), ensure_ascii=False)
        self._context.jobs.table.save(self._job)

    async def _encode(self, source: Path) -> None:
        await self._enter(jobs.ENCODING, linger=False)
        preset = self._preset()
        self._job.options = preset.data
        self._context.jobs.table.save(self._job)
        began = time.monotonic()
        work = asyncio.ensure_future(self._produce(source, preset))
        try:
            await self._watch(work, began)
        except media.MediaError as error:
            raise FailedError(str(error)) from error
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            self._charge(time.monotonic() - began)

    def _preset(self) -> Preset:
        preset = self._context.presets.find(self._job.preset)
        if preset is None:
            call, reason = f"job {self._job.id} with preset {self._job.preset!r}", "unknown preset name: worker exits"
            if not self._context.switches.poison_jobs:
                raise FailedError(reason)
            raise WorkerExitError(f"{call}: {reason}")
        return preset

    async def _produce(self, source: Path, preset: Preset) -> None:
        began = time.monotonic()
        target = (self._folder / "dst" / preset.output).resolve()
        if not target.is_relative_to(self._folder.resolve() / "dst"):
            raise media.MediaError("the output would be outside the worker's folder")
        try:
            arguments = output_arguments(preset.data)
        except OptionsError as error:
            raise PanicError(str(error)) from error
        if self._context.switches.instant:
            await samples.make(self._context.ground.state, preset, arguments, target)
        else:
            await media.encode([*READ, "-i", str(source), *arguments, str(target)], on_time=self._reach)
        await asyncio.sleep(max(0.0, began + self._context.switches.job_seconds - time.monotonic()))

    def _reach(self, seconds: float) -> None:
        self._reached = seconds

    async def _watch(self, work: "asyncio.Future[None]", began: float) -> None:
        while True:
            switches = self._context.switches
            # Without the danger a cancel is honoured at once, not only at the server's own interval.
            pause = switches.tick_seconds if switches.cancel_overwritten else min(0.05, switches.tick_seconds)
            done, _ = await asyncio.wait({work}, timeout=pause)
            if done:
                return work.result()
            if self._job.status == jobs.CANCELLED:
                raise StoppedError
            self._report_encoding(time.monotonic() - began)

    def _report_encoding(self, elapsed: float) -> None:
        length, frames = probing.length(self._probe), probing.frames(self._probe)
        if not frames or not length:
            return
        pace = self._context.switches.job_seconds
        made = min(elapsed / pace if pace else self._reached / length, 1.0)
        self._job.speed = f"{made * length / elapsed:.3g}x"
        self._job.fps = round(made * frames / elapsed, 2)
        self._report(round(made * 100, 2))

    def _report(self, progress: float) -> None:
        self._job.progress = progress
        self._context.jobs.table.save(self._job)

    def _charge(self, seconds: float) -> None:
        self._job.encode_seconds += seconds
        self._job.cost += seconds * self._price_hourly / 3600
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
