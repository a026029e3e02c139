"""Does the work of jobs: fetch, probe, encode, deliver."""

import asyncio
import contextlib
import hashlib
import json
import logging
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from sandbox import media
from sandbox.bytenite import jobs as states
from sandbox.bytenite.blobs import digest
from sandbox.bytenite.bucket import Bucket
from sandbox.bytenite.command import arguments
from sandbox.bytenite.jobs import Job, JobBook
from sandbox.bytenite.naming import hostile_name, result_name
from sandbox.bytenite.parameters import ImpossibleError, OutputParams, read_output
from sandbox.bytenite.places import STORES, PlaceError, Places, without_query
from sandbox.bytenite.settings import Settings
from sandbox.state import StateDir

log = logging.getLogger(__name__)

# What an instant result is made from: short enough to encode at once, large enough for any usual height.
INSTANT_SOURCE = media.Probe(width=1920, height=1080, seconds=0.2, fps=25.0, has_audio=True)
INSTANT_INPUT = "testsrc2=size=1920x1080:rate=25:duration=0.2[out0];sine=frequency=440:duration=0.2[out1]"
TICK = 0.1


class DoomedError(Exception):
    """The job was told to fail."""


class Engine:
    """Runs each job as a task. A job's state on disk says what is left to do, so a restart takes work up again."""

    def __init__(
        self, *, state: StateDir, jobs: JobBook, bucket: Bucket, places: Places, settings: Callable[[], Settings]
    ) -> None:
        self._state = state
        self._jobs = jobs
        self._bucket = bucket
        self._places = places
        self._settings = settings
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._encoding = 0
        self._turn = asyncio.Condition()
        self._instant_lock = asyncio.Lock()

    def resume(self) -> None:
        """Take up the jobs that an earlier sandbox left at work; they begin anew, and are not paid anew."""
        for job in self._jobs.everything():
            if job.state in states.AT_WORK and not job.deleted:
                self.start(job)

    def start(self, job: Job) -> None:
        """Begin a job's work."""
        task = asyncio.create_task(self._work(job))
        self._tasks[job.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(job.id, None))

    async def end(self, job: Job) -> None:
        """Stop a job's work, ffmpeg included, and leave its state alone."""
        task = self._tasks.get(job.id)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def stop(self) -> None:
        """Stop all work; it is taken up at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2)

    async def _work(self, job: Job) -> None:
        log.info("job %s begins", job.id)
        work = self._state.folder("bytenite", "work", job.id)
        try:
            results = await self._make(job, work)
            await self._last_until(job)
            job.results, job.completed_at = results, time.time()
            if job.doomed:
                raise DoomedError(job.doomed)
            job.state, job.progress = states.COMPLETE, 100.0
        except (PlaceError, media.MediaError, ImpossibleError, DoomedError) as error:
            self._fail(job, str(error).replace(str(work), "").replace(str(self._state.path), ""))
        except Exception:
            log.exception("job %s met a fault of the sandbox's own", job.id)
            self._fail(job, "internal error")
        finally:
            shutil.rmtree(work, ignore_errors=True)
        job.ended_at = time.time()
        self._jobs.save(job)
        log.info("job %s ends: %s %s", job.id, job.state, job.error)

    @staticmethod
    def _fail(job: Job, message: str) -> None:
        job.state, job.error = states.FAILED, without_query(message)[:500]

    async def _last_until(self, job: Job) -> None:
        """Wait out the least time a job takes, showing progress if there was none."""
        began = job.started_at or time.time()
        while (left := began + self._settings().job_seconds - time.time()) > 0:
            passed = 100 * (1 - left / max(self._settings().job_seconds, TICK))
            job.progress = max(job.progress, min(99.0, passed))
            await asyncio.sleep(min(TICK, left))

    async def _make(self, job: Job, work: Path) -> list[dict[str, Any]]:
        """Return the results of a job, in the order the service lists them."""
        # A job is what it was when it was run, whatever is set later.
        data: dict[str, Any] = (job.params or {})["data"]
        outputs = [read_output(output, index) for index, output in enumerate(data["outputs"])]
        names = [result_name(data, index, job.name) for index in range(len(outputs))]
        if job.doomed and not self._settings().fail_late:
            await self._last_until(job)
            raise DoomedError(job.doomed)
        if job.instant:
            self._set_running(job)
            files = [await self._instant_clip(output) for output in outputs]
        else:
            files = await self._encode_all(job, outputs, work)
        results = [await self._deliver(job, *pair) for pair in zip(names, files, strict=True)]
        return results[::-1]

    def _set_running(self, job: Job) -> None:
        job.state = states.RUNNING
        self._jobs.save(job)

    async def _encode_all(self, job: Job, outputs: list[OutputParams], work: Path) -> list[Path]:
        source = await self._source(job, work)
        try:
            probe = await media.probe(source)
        except media.MediaError as error:
            raise media.MediaError(f"the source cannot be decoded: {error}") from None
        commands = [arguments(output, probe) for output in outputs]
        made = []
        async with self._my_turn():
            self._set_running(job)
            for index, command in enumerate(commands):
                target = self._bucket.folder(job) / f"{len(commands) - 1 - index}.mp4"
                draft = target.with_suffix(".part")
                head = ["-y", "-v", "error", "-nostdin", "-protocol_whitelist", "file", "-i", str(source)]
                progress = self._progress(job, index, len(commands), probe.seconds)
                await media.encode([*head, *command, str(draft)], on_time=progress)
                made.append(draft.rename(target))
        return made

    @staticmethod
    def _progress(job: Job, index: int, count: int, seconds: float) -> Callable[[float], None]:
        def on_time(made: float) -> None:
            share = min(1.0, max(0.0, made / seconds)) if seconds else 0.0
            job.progress = max(job.progress, round(min(99.0, 100 * (index + share) / count), 1))

        return on_time

    async def _source(self, job: Job, work: Path) -> Path:
        source = job.source or {}
        if source.get("dataSourceDescriptor") == "file":
            return self._bucket.upload_file(job)
        if source.get("dataSourceDescriptor") == "bypass":
            raise PlaceError("a video cannot be encoded without a source")
        target = work / "source"
        await self._places.fetch(source, target)
        if target.stat().st_size == 0:
            raise PlaceError("the source is empty")
        return target

    @contextlib.asynccontextmanager
    async def _my_turn(self) -> AsyncIterator[None]:
        """Wait until fewer jobs are encoded than may be."""
        async with self._turn:
            await self._turn.wait_for(lambda: self._encoding < self._settings().encodes)
            self._encoding += 1
        try:
            yield
        finally:
            self._encoding -= 1
            # Not `async with`: a cancelled task must get out of here without waiting.
            asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(self._next()))

    async def _next(self) -> None:
        async with self._turn:
            self._turn.notify_all()

    async def _instant_clip(self, output: OutputParams) -> Path:
        """Return a fifth of a second encoded as asked, made once for each set of parameters."""
        key = hashlib.sha256(json.dumps(output.model_dump(), sort_keys=True).encode()).hexdigest()[:32]
        clip = self._state.folder("bytenite", "instant") / f"{key}.mp4"
        async with self._instant_lock:
            if not clip.exists():
                draft = clip.with_suffix(".part")
                head = ["-y", "-v", "error", "-nostdin", "-f", "lavfi", "-i", INSTANT_INPUT]
                await media.run("ffmpeg", [*head, *arguments(output, INSTANT_SOURCE), str(draft)])
                draft.rename(clip)
        return clip

    async def _deliver(self, job: Job, name: str, file: Path) -> dict[str, Any]:
        """Write one result where it belongs and return what is to be known of it."""
        settings = self._settings()
        if settings.result_names == "hostile":
            name = hostile_name(int(name.split("/")[0].removeprefix("out_")))
        result: dict[str, Any] = {"name": name, "file": str(file.relative_to(self._state.path))}
        if settings.synthetic_size and job.instant:
            result |= {"synthetic": settings.synthetic_size, "seed": f"{job.id}/{name}"}
            blob = self._bucket.blob(result)
            result["etag"] = hashlib.sha256(f"{result['seed']}:{blob.size}".encode()).hexdigest()[:32]
        else:
            blob = self._bucket.blob(result)
            result["etag"] = await asyncio.to_thread(digest, blob)
        result["size"] = blob.size
        if (job.destination or {}).get("dataSourceDescriptor") in STORES:
            result["key"] = await self._places.write(job.destination or {}, name, blob)
        return result
