"""The work behind the API: ingesting what was uploaded and processing what was ordered."""

import asyncio
import logging
import shutil
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from sandbox.pixop import records
from sandbox.pixop.context import Context
from sandbox.pixop.enhance import EnhanceError
from sandbox.pixop.making import IngestError, ingest, make
from sandbox.pixop.records import Stage, Video
from sandbox.pixop.turns import Turns

log = logging.getLogger(__name__)
TICK = 0.1
PATIENCE = 2.0


# Returns the fields of the video that are known now.
Work = Callable[[Context, Video], Awaitable[dict[str, Any]]]


class Works:
    """Runs each ingest and processing as a task. The states on disk say what is left to do after a kill."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._turns = Turns(lambda: context.settings.encodes)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def resume(self) -> None:
        """Take up the work that an earlier sandbox left, anew but not paid anew."""
        sweep(self._context)
        for video in self._context.videos.alive():
            if video.ingest.state == records.RUNNING:
                self._begin(video, self._ingest(video))
            if video.processing.state == records.RUNNING:
                self._begin(video, self._process(video))

    def ingest(self, video: Video) -> None:
        """Begin to look at an uploaded file."""
        settings = self._context.settings
        video.ingest = _started(Stage(doomed=settings.fail_next_ingest > 0))
        settings.fail_next_ingest = max(0, settings.fail_next_ingest - 1)
        video.metadata = video.quality = None
        self._context.videos.touch(video)
        self._begin(video, self._ingest(video))

    def process(self, video: Video) -> None:
        """Begin to make a processed video."""
        _started(video.processing)
        self._context.videos.touch(video)
        self._begin(video, self._process(video))

    async def delete(self, video: Video) -> None:
        """Delete a video, ending the work on it: of a running processing this is the cancel."""
        video.deleted = True
        for stage in (video.ingest, video.processing):
            if stage.state == records.RUNNING:
                _end(stage, records.CANCELLED)
        self._context.videos.touch(video)
        await self._cancel(video)
        shutil.rmtree(self._context.folder(video), ignore_errors=True)

    async def stop(self) -> None:
        """End all work; it is taken up at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=PATIENCE)

    async def _cancel(self, video: Video) -> None:
        task = self._tasks.get(video.id)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    def _begin(self, video: Video, work: Coroutine[None, None, None]) -> None:
        # A replaced upload is ingested anew: the old look must not end after the new one.
        if earlier := self._tasks.get(video.id):
            earlier.cancel()
        task = self._tasks[video.id] = asyncio.create_task(work)
        task.add_done_callback(lambda done: self._tasks.pop(video.id) if self._tasks.get(video.id) is done else None)

    async def _ingest(self, video: Video) -> None:
        await self._run(video, video.ingest, ingest, lambda: self._context.settings.ingest_seconds)

    async def _process(self, video: Video) -> None:
        async with self._turns.mine():
            await self._run(video, video.processing, make, lambda: self._context.settings.job_seconds)

    async def _run(self, video: Video, stage: Stage, work: Work, least: Callable[[], float]) -> None:
        try:
            found = {} if stage.doomed else await work(self._context, video)
            await _last(stage, least)
            # Only now: what is not DONE can be neither seen nor downloaded.
            for name, value in found.items():
                setattr(video, name, value)
            _end(stage, records.FAILED if stage.doomed else records.DONE)
        except (IngestError, EnhanceError, OSError) as error:
            log.info("video %s: %s", video.id, error)
            _end(stage, records.FAILED)
        except Exception:
            log.exception("video %s met a fault of the sandbox's own", video.id)
            _end(stage, records.FAILED)
        self._context.videos.touch(video)


def sweep(context: Context) -> None:
    """Delete the files that no video knows of: half uploads, half outputs, and what a kill kept from deletion."""
    known = {context.ground.state.path / video.media.path for video in context.videos.alive() if video.media}
    for folder in context.ground.state.folder("pixop", "media").iterdir():
        for path in folder.iterdir():
            if path not in known:
                path.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()


def _started(stage: Stage) -> Stage:
    stage.state, stage.percent = records.RUNNING, 0.0
    stage.began = stage.changed = time.time()
    return stage


def _end(stage: Stage, state: str) -> None:
    stage.state, stage.changed, stage.ended = state, time.time(), time.time()
    if state == records.DONE:
        stage.percent = 100.0


async def _last(stage: Stage, least: Callable[[], float]) -> None:
    """Wait out the least time, showing progress if there was none."""
    while (left := stage.began + least() - time.time()) > 0:
        stage.percent = max(stage.percent, min(99.0, 100 * (1 - left / max(least(), TICK))))
        stage.changed = time.time()
        await asyncio.sleep(min(TICK, left))
