"""The encode itself: ffmpeg on a worker, looked after at intervals."""

import asyncio
import time
from pathlib import Path
from typing import Any

from sandbox import media
from sandbox.openencoder import jobs, probing, samples
from sandbox.openencoder.arguments import output_arguments
from sandbox.openencoder.context import Context
from sandbox.openencoder.endings import FailedError, PanicError, StoppedError, WorkerExitError
from sandbox.openencoder.jobs import Job
from sandbox.openencoder.options import OptionsError
from sandbox.openencoder.presets import Preset

READ = ["-hide_banner", "-loglevel", "error", "-nostdin", "-protocol_whitelist", "file,crypto,data"]


class Encoding:
    """Makes the files of one job in a folder; charges for the time it took, however it ended."""

    def __init__(self, context: Context, job: Job, *, price_hourly: float) -> None:
        self._context = context
        self._job = job
        self._price_hourly = price_hourly
        self._reached = 0.0

    async def make(self, source: Path, probe: dict[str, Any], folder: Path) -> None:
        """Encode; raises FailedError, StoppedError, PanicError, WorkerExitError."""
        preset = self._preset()
        self._job.options = preset.data
        self._context.jobs.table.save(self._job)
        began = time.monotonic()
        work = asyncio.ensure_future(self._produce(source, preset, folder))
        try:
            await self._watch(work, probe, began)
        except media.MediaError as error:
            raise FailedError(str(error)) from error
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            self._charge(time.monotonic() - began)

    def _preset(self) -> Preset:
        preset = self._context.presets.find(self._job.preset)
        if preset is None:
            if not self._context.switches.poison_jobs:
                raise FailedError("unknown preset")
            raise WorkerExitError(f"job {self._job.id} has the unknown preset {self._job.preset!r}")
        return preset

    async def _produce(self, source: Path, preset: Preset, folder: Path) -> None:
        began = time.monotonic()
        try:
            arguments = output_arguments(preset.data)
        except OptionsError as error:
            raise PanicError(str(error)) from error
        try:
            target = place(folder, preset.output)
            if self._context.switches.instant:
                await samples.make(self._context.ground.state, preset, arguments, target)
            else:
                await media.encode([*READ, "-i", str(source), *arguments, str(target)], on_time=self._reach)
        except (OSError, ValueError) as error:  # such as a zero byte among the arguments
            raise media.MediaError(str(error)) from error
        await asyncio.sleep(max(0.0, began + self._context.switches.job_seconds - time.monotonic()))

    def _reach(self, seconds: float) -> None:
        self._reached = seconds

    async def _watch(self, work: "asyncio.Future[None]", probe: dict[str, Any], began: float) -> None:
        while True:
            switches = self._context.switches
            # Without the danger a cancel is honoured at once, not only at the server's own interval.
            pause = switches.tick_seconds if switches.cancel_overwritten else min(0.05, switches.tick_seconds)
            done, _ = await asyncio.wait({work}, timeout=pause)
            if done:
                return work.result()
            if self._job.status == jobs.CANCELLED:
                raise StoppedError
            self._report(probe, time.monotonic() - began)

    def _report(self, probe: dict[str, Any], elapsed: float) -> None:
        length, frames = probing.length(probe), probing.frames(probe)
        if not frames or not length:
            return
        pace = self._context.switches.job_seconds
        made = min(elapsed / pace if pace else self._reached / length, 1.0)
        self._job.progress = round(made * 100, 2)
        self._job.speed = f"{made * length / elapsed:.3g}x"
        self._job.fps = round(made * frames / elapsed, 2)
        self._context.jobs.table.save(self._job)

    def _charge(self, seconds: float) -> None:
        self._job.encode_seconds += seconds
        self._job.cost += seconds * self._price_hourly / 3600
        self._context.jobs.table.save(self._job)


def place(folder: Path, name: str) -> Path:
    """Return where the output goes; raises ValueError for a name that leads out of the folder."""
    target = (folder / name).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise ValueError("the output would be outside the worker's folder")
    return target
