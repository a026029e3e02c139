"""How a benchmark ends when it is interrupted: as when it is through, with all put away that it had started."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from stack.signals import Interrupted, interruptible


def ended(main: Callable[[], int | None]) -> int:
    """Run a benchmark's ``main``; return its exit code, or after a signal what a shell would say."""
    try:
        with interruptible():
            return main() or 0
    except Interrupted as interrupted:
        print(f"{interrupted}; all has been stopped.", file=sys.stderr)
        return interrupted.exit_code


def waited_for(command: list[str], folder: Path) -> int:
    """Run a command in a folder; return its exit code. When this is interrupted, the command may end in peace."""
    with subprocess.Popen(command, cwd=folder) as child:
        try:
            return child.wait()
        except Interrupted as interrupted:
            # From a terminal it has the signal already, and takes no second one.
            child.send_signal(interrupted.number)
            raise
