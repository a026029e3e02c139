"""The running whole: sandbox and Airflow, started in order, watched, and ended in every case."""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from stack import ROOT, database, session
from stack.airflow_api import PARTS, AirflowApi
from stack.home import Home
from stack.ports import HOST, asked, free_port, or_free
from stack.processes import NotReady, Processes, StackError, clean_environment
from stack.settings import POOLS, airflow_environment, inbox_settings, sandbox_connections
from stack.signals import shield
from stack.terminal import Terminal

WITHIN = 180.0
DAG = "encode_video"
# Who signs what a task shows to the API server, and who checks it: nobody else is told how, as in docker-compose.yaml.
SIGNERS = ("api-server", "scheduler")
SIGNING = "AIRFLOW__API_AUTH__JWT_SECRET"
ALONE = {
    "api-server": ["api-server"],
    # Without --skip-serve-logs each of the two would serve its logs on all interfaces; here they are read from disk.
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
}


@dataclass(frozen=True)
class Layout:
    """Which processes Airflow consists of, with what settings, and what prepares its database."""

    parts: Mapping[str, Sequence[str]]
    prepare: Callable[[Mapping[str, str]], None]
    settings: Mapping[str, str] = field(default_factory=dict)
    # Whether what ends by itself is started anew, or is the end of all.
    restarted: bool = False


@dataclass
class Machine:
    """A stack that is up."""

    processes: Processes
    airflow: AirflowApi
    sandbox: dict[str, Any]
    began: float
    notes: list[str]

    def wait_for(self, what: str, is_so: Callable[[], Any], within: float) -> None:
        """Look until it is so; raise if a process dies or the time (seconds) is over."""
        _wait(self.processes, what, is_so, within)

    def wait_for_dag(self, dag_id: str, within: float) -> None:
        """Wait (seconds) until the DAG can be run; raise at once if its file, named like it, cannot be imported."""

        def parsed() -> bool:
            if error := self.airflow.import_errors(self.began).get(f"{dag_id}.py"):
                raise StackError(f"dags/{dag_id}.py cannot be imported: {error}")
            return self.airflow.has_dag(dag_id)

        self.wait_for(f"the DAG {dag_id}", parsed, within)

    def ledger(self, service: str = "bytenite") -> dict[str, Any]:
        """Return the sandbox's account of what would have been paid to a service."""
        answer = self.airflow.session.get(f"{self.sandbox[service]['url']}/sandbox/ledger", timeout=10)
        answer.raise_for_status()
        ledger: dict[str, Any] = answer.json()
        return ledger

    def kill(self, part: str) -> None:
        """SIGKILL one of the processes with all that it started, its tasks included; it comes back by itself."""
        self.processes.kill(part)


@contextlib.contextmanager
def running(
    home: Home, terminal: Terminal, *, fresh: bool, overrides: Mapping[str, str] | None = None
) -> Iterator[Machine]:
    """Start everything in ``home``, emptied first if ``fresh``, and stop it on the way out.

    ``overrides`` are environment variables for Airflow that win over the stack's own.

    :raises AlreadyRunning: another stack has the home.
    :raises StackError: something did not start.
    """
    with housed(home, terminal, fresh=fresh) as processes:

        def prepare(environment: Mapping[str, str]) -> None:
            database.prepare(home.path / "airflow", processes, environment)

        yield start(home, processes, terminal, Layout(ALONE, prepare), overrides or {}, fresh=fresh)


@contextlib.contextmanager
def housed(home: Home, terminal: Terminal, *, fresh: bool) -> Iterator[Processes]:
    """Hold ``home``, emptied first if ``fresh``, and end on the way out whatever was started there.

    :raises AlreadyRunning: another stack has the home.
    """
    with home.locked():
        processes = Processes(home.path)
        try:
            if left := processes.clear_left_overs():
                terminal.say(f"Ended what an earlier run had left: {', '.join(left)}.")
            if fresh:
                home.wipe()
            home.write_status("starting")
            yield processes
        finally:
            shield()
            terminal.keep()
            terminal.hint("Stopping …")
            processes.stop()


def start(
    home: Home,
    processes: Processes,
    terminal: Terminal,
    layout: Layout,
    overrides: Mapping[str, str],
    *,
    fresh: bool,
    instant: bool = False,
) -> Machine:
    """Start the sandbox (``instant``: it skips encoding), then Airflow, and wait until all of it is healthy.

    :raises StackError: something did not start.
    """
    began = time.time()
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        terminal.say(text)

    # Only who stays is looked for at the usual port; the others would fight over it.
    wanted = asked("REELWORKS_AIRFLOW_PORT") or (None if fresh else 8080)
    airflow_port = or_free(wanted, note) if wanted else free_port()
    folder = home.path / "airflow"
    folder.mkdir(exist_ok=True)
    # Its processes would all write the default one at once.
    (folder / "airflow.cfg").touch()
    terminal.show("starting the sandbox", "sandbox")
    sandbox = _start_sandbox(home, processes, note, ["--instant"] if instant else [])
    environment = airflow_environment(folder, airflow_port, sandbox_connections(sandbox)) | inbox_settings(sandbox)
    environment |= {**layout.settings, **overrides}
    terminal.show("preparing Airflow's database", "database")
    layout.prepare(environment)
    for name, arguments in layout.parts.items():
        command = [sys.executable, "-m", "airflow", *arguments]
        told = {key: value for key, value in environment.items() if key != SIGNING or name in SIGNERS}
        processes.start(name, command, told, restarted=layout.restarted)
    api = AirflowApi(f"http://{HOST}:{airflow_port}")
    machine = Machine(processes, api, sandbox, began, notes)

    def all_healthy() -> bool:
        # The port was free when it was picked; another stack that started meanwhile may answer there.
        ours = session.listens(processes.named("api-server").guard.pid, airflow_port)
        healthy = api.healthy_parts(began) if ours else []
        terminal.show(f"starting Airflow: {', '.join(healthy) or '…'}", "airflow")
        return len(healthy) == len(PARTS) + 1

    machine.wait_for("Airflow's processes", all_healthy, WITHIN)
    # Who has Airflow ask for a sign-in makes the pools by hand, too.
    if environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "True":
        for pool, slots in POOLS.items():
            api.make_pool(pool, slots)
    return machine


def _start_sandbox(
    home: Home, processes: Processes, note: Callable[[str], None], options: Sequence[str]
) -> dict[str, Any]:
    folder = home.path / "sandbox"
    about = folder / "sandbox.json"
    about.unlink(missing_ok=True)
    command = [sys.executable, "-m", "sandbox", "--state", str(folder), *options]
    for service in ("s3", "sqs", "bytenite", "openencoder", "pixop"):
        # Left to itself, the sandbox takes its usual port, or a free one.
        if wanted := asked(f"REELWORKS_{service.upper()}_PORT"):
            command += [f"--{service}-port", str(or_free(wanted, note))]
    processes.start("sandbox", command, clean_environment() | {"PYTHONPATH": str(ROOT)})
    _wait(processes, "the sandbox", about.exists, WITHIN)
    sandbox: dict[str, Any] = json.loads(about.read_text())
    return sandbox


def _wait(processes: Processes, what: str, is_so: Callable[[], Any], within: float) -> None:
    until = time.monotonic() + within
    while True:
        # An answer that does not come is no answer yet: the API server is slow while everything starts.
        with contextlib.suppress(requests.RequestException):
            if is_so():
                return
        processes.check()
        if time.monotonic() > until:
            tails = "\n".join(f"--- {part.log}\n{part.tail(8)}" for part in processes.components)
            raise NotReady(f"{what} did not come up within {within:.0f} s\n{tails}")
        time.sleep(0.1)
