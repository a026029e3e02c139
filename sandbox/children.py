"""Child processes that do not outlive the sandbox, even when it is killed outright."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1


def _dier() -> Callable[[], None] | None:
    """Return what a new child must run so that the kernel kills it with its parent; None where it cannot.

    The library is loaded here, not in the child: between fork and exec only plain calls are safe.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    sandbox = os.getpid()

    def die_with_parent() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != sandbox:
            os._exit(1)

    return die_with_parent


# Give this as `preexec_fn`, and start children from the main thread only: the kernel
# sends the death signal when the *thread* that forked ends.
die_with_parent = _dier()


def stop(process: subprocess.Popen[bytes], *, patience: float = 2.0) -> None:
    """End a child: politely, and after `patience` seconds not."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_leftover(pid_file: Path, *, marker: str) -> None:
    """End a child that a killed sandbox left behind (only possible where the kernel does not do it).

    `marker` must occur in the process's command line: its number may belong to a stranger by now.
    """
    try:
        pid = int(pid_file.read_text())
    except (OSError, ValueError):
        return
    listing = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True)  # noqa: S607
    if marker in listing.stdout:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
