"""The running cluster: what docker-compose.yaml describes, as processes of this machine.

PostgreSQL, Redis, the sandbox, and Airflow with Celery workers and several triggerers. What dies is started anew, but
for the sandbox: others know it by its ports.
"""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from celery import Celery  # type: ignore[import-untyped]

from stack import session
from stack.broker import Broker
from stack.deployed import SETTINGS, WORKER_CONCURRENCY
from stack.home import Home
from stack.machine import WITHIN, Layout, Machine, housed, start
from stack.postgres import Postgres
from stack.processes import ComponentDied, Processes
from stack.terminal import Terminal

LOOK = 0.5


@dataclass
class Cluster(Machine):
    """A cluster that is up.

    The parts to kill: api-server, scheduler, dag-processor, triggerer-1…, worker-1…, sandbox, redis, postgres.
    """

    postgres: Postgres
    broker: Broker

    @property
    def deaths(self) -> list[str]:
        """What has ended so far, killed or not, by name in order."""
        return self.processes.deaths

    @property
    def restarts(self) -> list[str]:
        """What was started anew so far, by name in order."""
        return self.processes.restarts

    def restart_database(self) -> None:
        """Crash PostgreSQL (an immediate shutdown: nothing is written down); return when it has recovered."""
        self.postgres.crash()

    def part_of(self, pid: int) -> str | None:
        """Name the part to which a process belongs, as a worker to which a task's does."""
        for component in self.processes.components:
            if pid in (component.guard.pid, *session.members(component.guard.pid)):
                return component.name
        return None


@contextlib.contextmanager
def running(
    home: Home,
    terminal: Terminal,
    *,
    fresh: bool,
    workers: int = 2,
    triggerers: int = 2,
    overrides: Mapping[str, str] | None = None,
    instant: bool = False,
) -> Iterator[Cluster]:
    """Start a cluster in ``home``, emptied first if ``fresh``, and stop it on the way out.

    ``overrides`` are environment variables for Airflow that win over the cluster's own; ``instant``: the sandbox skips
    encoding.

    :raises AlreadyRunning: another stack has the home.
    :raises StackError: something did not start.
    """
    with housed(home, terminal, fresh=fresh) as processes, _watched(processes):
        terminal.show("starting PostgreSQL and Redis", "services")
        postgres = Postgres.start(home.path / "postgres", processes, durable=not fresh)
        broker = Broker.start(home.path / "redis", processes)
        settings = _settings(postgres, broker, workers)
        layout = Layout(_parts(workers, triggerers), postgres.migrate, settings, restarted=True)
        machine = start(home, processes, terminal, layout, overrides or {}, fresh=fresh, instant=instant)
        cluster = Cluster(**vars(machine), postgres=postgres, broker=broker)
        terminal.show("waiting for workers and triggerers", "workers")
        living = partial(machine.airflow.living, "TriggererJob", machine.began)
        cluster.wait_for("the triggerers", lambda: living() >= triggerers, WITHIN)
        cluster.wait_for("the workers", lambda: len(_answering(broker)) >= workers, WITHIN)
        yield cluster


def _parts(workers: int, triggerers: int) -> dict[str, Sequence[str]]:
    # All write their logs below one folder, where the API server reads them; nobody has to serve any.
    quiet = "--skip-serve-logs"
    return {
        "api-server": ["api-server"],
        "scheduler": ["scheduler", quiet],
        "dag-processor": ["dag-processor"],
        **{f"triggerer-{at}": ["triggerer", quiet] for at in range(1, triggerers + 1)},
        # Two workers of one machine need names of their own; the usual talk among workers serves nothing here.
        **{
            f"worker-{at}": ["celery", "worker", quiet, "--celery-hostname", f"worker-{at}", *ALOOF]
            for at in range(1, workers + 1)
        },
    }


ALOOF = ("--without-mingle", "--without-gossip")


def _settings(postgres: Postgres, broker: Broker, workers: int) -> dict[str, str]:
    places = {
        "DATABASE__SQL_ALCHEMY_CONN": postgres.url,
        "CELERY__BROKER_URL": broker.url,
        # Not more than there are slots on workers, or tasks wait in the queue and are taken for stuck.
        "CORE__PARALLELISM": workers * WORKER_CONCURRENCY,
    }
    return {f"AIRFLOW__{key}": str(value) for key, value in (SETTINGS | places).items()}


def _answering(broker: Broker) -> dict[str, object]:
    with Celery(broker=broker.url) as celery:
        return celery.control.inspect(timeout=2).ping() or {}


@contextlib.contextmanager
def _watched(processes: Processes) -> Iterator[None]:
    """Look all the time whether something has died, so that it comes back whatever the caller does."""
    over = threading.Event()

    def watch() -> None:
        # What dies again and again is told to whoever looks next.
        with contextlib.suppress(ComponentDied):
            while not over.wait(LOOK):
                processes.check()

    watcher = threading.Thread(target=watch, name="cluster", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
