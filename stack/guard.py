"""Stands between the stack and one of its processes, so that the process cannot outlive it.

``python -m stack.guard FOLDER SIGNAL COMMAND…`` leads a session of its own and waits on its input: a line starts the
command, the end of it (the stack has stopped, or was killed) ends the command, by that signal first, and all that the
command started.
"""

import os
import select
import signal
import subprocess
import sys

from stack import session

GRACE = 6.0
LOOK = 0.1


def main(arguments: list[str]) -> int:
    """Run the command until it ends or is no longer wanted; its exit code."""
    asked = _listen()
    if not sys.stdin.buffer.readline():
        return 0
    folder, ending, *command = arguments
    child = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, restore_signals=True)
    try:
        while child.poll() is None and not asked and not _input_ended():
            pass
        _end(child, signal.Signals[ending])
    finally:
        session.kill_members(os.getpid())
    return child.returncode


def _listen() -> list[int]:
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: asked.append(number))
    return asked


def _input_ended() -> bool:
    readable, _, _ = select.select([sys.stdin], [], [], LOOK)
    return bool(readable) and not os.read(sys.stdin.fileno(), 1)


def _end(child: subprocess.Popen[bytes], ending: signal.Signals) -> None:
    if child.poll() is not None:
        return
    child.send_signal(ending)
    try:
        child.wait(GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
