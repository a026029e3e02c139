"""``up``, ``cluster``, ``down`` and ``status``: a stack that stays until it is told to stop."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from stack import ROOT, cluster, machine
from stack.home import Home
from stack.processes import ComponentDied, Processes, StackError
from stack.settings import callers_connections
from stack.signals import Interrupted, interruptible
from stack.terminal import Terminal

START_WITHIN = 400.0
STOP_WITHIN = 30.0
PARSED_WITHIN = 45.0

Running = Callable[..., contextlib.AbstractContextManager[machine.Machine]]


def up(home: Home, terminal: Terminal) -> int:
    """Start a stack that outlives this command, and wait until it is ready."""
    return _start(home, terminal, "keep")


def up_cluster(home: Home, terminal: Terminal) -> int:
    """Do the same with a cluster."""
    return _start(home, terminal, "keep-cluster")


def keep(home: Home, terminal: Terminal) -> int:
    """Be the process that has started the stack and looks after it."""
    return _keep(home, terminal, machine.running)


def keep_cluster(home: Home, terminal: Terminal) -> int:
    """Be that of a cluster."""
    return _keep(home, terminal, cluster.running)


def _start(home: Home, terminal: Terminal, keep: str) -> int:
    if (owner := home.owner()) is not None:
        about = home.status()
        ready = about.get("phase") == "ready"
        terminal.say(_describe(about, "Already running") if ready else f"Process {owner} is starting or stopping it.")
        return 0
    home.path.mkdir(parents=True, exist_ok=True)
    home.write_status("starting")
    with (home.path / "stack.log").open("w") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "stack", keep, "--home", str(home.path)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        with interruptible(int(START_WITHIN)):
            while keeper.poll() is None and home.status().get("phase") == "starting":
                terminal.show("starting the sandbox and Airflow", "starting")
                time.sleep(0.2)
    except Interrupted:
        keeper.terminate()
        keeper.wait(STOP_WITHIN)
        raise
    about = home.status()
    # A keeper that has failed says so, and is there for a moment more.
    if about.get("phase") == "ready":
        terminal.say(_describe(about, "Up"))
        return 0
    terminal.say(f"It did not start.\n{(home.path / 'stack.log').read_text().strip()}")
    return 1


def _keep(home: Home, terminal: Terminal, running: Running) -> int:
    try:
        with interruptible(), running(home, terminal, fresh=False, overrides=callers_connections()) as stack:
            home.write_status(
                "ready", airflow=stack.airflow.url, sandbox=_addresses(stack.sandbox), notes=_notes(stack)
            )
            while True:
                stack.processes.check()
                time.sleep(0.5)
    except Interrupted:
        home.write_status("stopped")
        return 0
    except StackError as error:
        terminal.say(str(error))
        home.write_status("failed", message=str(error))
        return 1


def down(home: Home, terminal: Terminal) -> int:
    """Stop the stack; nothing to stop is no failure."""
    owner = home.owner()
    if owner is not None:
        os.kill(owner, signal.SIGTERM)
        if not _gone(home, owner):
            # Its guards notice that it is gone and end what they guard.
            with contextlib.suppress(ProcessLookupError):
                os.kill(owner, signal.SIGKILL)
            _gone(home, owner)
    left: list[str] = []
    if home.path.exists():
        with home.locked():
            left = Processes(home.path).clear_left_overs()
        home.write_status("stopped")
    if left:
        terminal.say(f"Ended what an earlier run had left: {', '.join(left)}.")
    terminal.say(f"{home.path.name}: {'stopped' if owner or left else 'nothing was running'}.")
    return 0


def status(home: Home, terminal: Terminal) -> int:
    """Tell what runs; 0 if the stack is ready, 3 if it is not."""
    about, name = home.status(), home.path.name
    if home.owner() and about.get("phase") == "ready":
        terminal.say(_describe(about, f"{name}: running"))
        return 0
    if home.owner():
        terminal.say(f"{name}: running, but not ready: {about.get('phase')}.")
    elif about.get("phase") == "failed":
        terminal.say(f"{name}: not running; it failed: {about.get('message')}")
    else:
        terminal.say(f"{name}: not running.")
    return 3


def _gone(home: Home, owner: int) -> bool:
    until = time.monotonic() + STOP_WITHIN
    while home.owner() == owner and time.monotonic() < until:
        time.sleep(0.1)
    return home.owner() != owner


def _notes(stack: machine.Machine) -> list[str]:
    """Wait for the DAGs, but a broken one is no reason to stop: Airflow's UI shows what is wrong with it."""
    if taken := sorted(key for key in callers_connections() if key.startswith("AIRFLOW_")):
        stack.notes.append(f"From your shell: {', '.join(taken)}.")
    try:
        stack.wait_for_dag(machine.DAG, PARSED_WITHIN)
    except ComponentDied:
        raise
    except StackError as error:
        stack.notes.append(str(error).splitlines()[0])
    return stack.notes


def _addresses(sandbox: dict[str, Any]) -> dict[str, str]:
    services = {"ByteNite": "bytenite", "Open Encoder": "openencoder", "Pixop": "pixop"}
    return {"S3": sandbox["s3"]["endpoint"], **{name: sandbox[key]["url"] for name, key in services.items()}}


def _describe(about: dict[str, Any], what: str) -> str:
    lines = [f"{what}: Airflow at {about.get('airflow')} (no login)."]
    lines += [f"  {name:<12} {url}" for name, url in about.get("sandbox", {}).items()]
    lines += [f"  {note}" for note in about.get("notes", [])]
    return "\n".join([*lines, "  `make down` stops it."])
