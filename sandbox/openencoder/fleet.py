"""Workers: the static ones and one on each machine. Each does one job at a time."""

import asyncio
import contextlib
import logging
import secrets
import shutil
import time
from dataclasses import dataclass, field, replace

from sandbox.openencoder import jobs
from sandbox.openencoder.context import Context
from sandbox.openencoder.endings import PanicError, WorkerExitError
from sandbox.openencoder.run import Run
from sandbox.openencoder.waiting import Entry, Queue

log = logging.getLogger(__name__)

GLANCE = 0.05
# Workers that go on running look for jobs of dead ones, too, but rarely.
SWEEP_SECONDS = 600.0


@dataclass
class Worker:
    """A worker process; `ended` while it is down (Unix seconds)."""

    name: str
    price_hourly: float
    started: float = field(default_factory=time.time)
    ended: float | None = None
    entry: Entry | None = None
    entry_since: float = 0.0
    task: "asyncio.Task[None] | None" = None
    id: str = field(default_factory=lambda: secrets.token_hex(12))
    pool_id: str = field(default_factory=lambda: secrets.token_hex(12))


class Fleet:
    """Hands jobs to workers; workers come and go with machines, switches and poison."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.queue = Queue(context.ground.store)
        self._workers: dict[str, Worker] = {}
        self._ghosts: list[Worker] = []
        self._stir = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    def running(self) -> list[Worker]:
        """Return the workers that are up."""
        return [worker for worker in self._workers.values() if worker.ended is None]

    def busy(self) -> list[Worker]:
        """Return the workers with a job in hand; dead ones, too, until the job is another's."""
        self._ghosts = [ghost for ghost in self._ghosts if ghost.entry in self.queue.lost()]
        return [*self._ghosts, *(worker for worker in self.running() if worker.entry is not None)]

    def send(self, job: jobs.Job) -> None:
        """Queue a job; without Redis it is lost."""
        if self._context.switches.redis_up:
            self.queue.put(job.guid)
            self._stir.set()

    async def start(self) -> None:
        """Begin to work."""
        shutil.rmtree(self._context.ground.state.folder("openencoder", "work"), ignore_errors=True)
        self._watch = asyncio.create_task(self._keep_watch())
        self._watch.add_done_callback(_complain)

    async def stop(self) -> None:
        """End all work; what was in hand is taken up after the next start."""
        tasks = [self._watch, *(worker.task for worker in self._workers.values())]
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)

    async def _keep_watch(self) -> None:
        while True:
            self._man()
            self._reclaim()
            if self._context.switches.redis_up:
                self._hand_out()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stir.wait(), GLANCE)
            self._stir.clear()

    def _man(self) -> None:
        """Let workers begin and end with what they run on."""
        wanted = self._posts()
        for name, price_hourly in wanted.items():
            worker = self._workers.setdefault(name, Worker(name, price_hourly))
            pause = self._context.switches.worker_restart_seconds
            if worker.ended is not None and pause is not None and time.time() >= worker.ended + pause:
                self._workers[name] = Worker(name, price_hourly)
        for name in self._workers.keys() - wanted.keys():
            self._dismiss(self._workers.pop(name))

    def _posts(self) -> dict[str, float]:
        """Return what workers there should be, with the price of an hour of each."""
        switches, now = self._context.switches, time.time()
        posts = {f"static-{index}": switches.static_price_hourly for index in range(switches.static_workers)}
        booted = [machine for machine in self._context.machines.alive() if machine.booted_at(switches) <= now]
        return posts | {f"machine-{machine.id}": machine.price_hourly for machine in booted}

    def _dismiss(self, worker: Worker) -> None:
        if worker.task is not None:
            worker.task.cancel()
        if worker.entry is not None:
            self.queue.lose(worker.entry)

    def _reclaim(self) -> None:
        """Queue the jobs of vanished workers anew, some time after another worker began."""
        now, reap = time.time(), self._context.switches.reap_seconds
        for entry in self.queue.lost():
            lost = entry.lost or 0.0
            if any(
                (worker.started >= lost and now >= worker.started + reap) or now >= lost + SWEEP_SECONDS
                for worker in self.running()
            ):
                self.queue.reclaim(entry)

    def _hand_out(self) -> None:
        for worker in self.running():
            if worker.entry is None and (entry := self.queue.take()):
                worker.entry, worker.entry_since = entry, time.time()
                worker.task = asyncio.create_task(self._work(worker, entry))

    async def _work(self, worker: Worker, entry: Entry) -> None:
        job = self._context.jobs.find(entry.guid)
        try:
            # The one time that a worker asks before it acts.
            if job is not None and job.status != jobs.CANCELLED:
                log.info("%s begins job %s", worker.name, job.id)
                await Run(self._context, job, price_hourly=worker.price_hourly).go()
                log.info("%s leaves job %s %s", worker.name, job.id, job.status)
            self.queue.done(entry)
        except WorkerExitError as error:
            log.warning("%s ended: %s", worker.name, error)
            worker.ended = time.time()
            self._ghosts.append(replace(worker, task=None))
            self.queue.lose(entry)
        except PanicError as error:
            log.warning("%s panicked: %s", worker.name, error)
            self.queue.again(entry, pause=entry.fails**4 + self._context.switches.retry_seconds)
        finally:
            worker.entry = worker.task = None
            self._stir.set()


def _complain(watch: "asyncio.Task[None]") -> None:
    if not watch.cancelled() and (error := watch.exception()):
        log.critical("nobody hands out jobs any more", exc_info=error)
