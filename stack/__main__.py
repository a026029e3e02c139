"""``python -m stack up|down|status|demo|put|get``."""

import argparse
import errno
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stack import background, demo, objects
from stack.home import Home
from stack.processes import StackError
from stack.signals import Interrupted
from stack.terminal import Terminal

COMMANDS: dict[str, tuple[Callable[..., int], str, str]] = {
    "up": (background.up, "up", "start sandbox and Airflow, and leave them running"),
    "down": (background.down, "up", "stop them"),
    "status": (background.status, "up", "tell what runs, and where"),
    "demo": (demo.demo, "demo", "encode a sample video, show what came out, stop all"),
    "put": (objects.put, "up", "upload videos to s3://inbox/ of what `up` started"),
    "get": (objects.get, "up", "download what lies below an S3 prefix of it"),
    "keep": (background.keep, "up", ""),  # what `up` leaves behind
}

UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)

TAKES: dict[str, tuple[Callable[[str], Any], str]] = {"put": (Path, "FILE"), "get": (str, "s3://…")}


def main(arguments: list[str]) -> int:
    """Run one command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m stack", description="Reelworks on one machine.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, home, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text) if text else commands.add_parser(name)
        if name in TAKES:
            command.add_argument("things", nargs="+", type=TAKES[name][0], metavar=TAKES[name][1])
        command.add_argument("--home", default=home, help=f"its folder, below .reelworks (default: {home})")
    chosen = parser.parse_args(arguments)
    terminal = Terminal()
    run = COMMANDS[chosen.command][0]
    try:
        return run(Home.named(chosen.home), terminal, *([chosen.things] if "things" in chosen else []))
    except StackError as error:
        terminal.keep()
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in UNWRITABLE or not error.filename:
            raise
        terminal.keep()
        print(
            f"{error.filename}: {error.strerror}. Reelworks keeps its files in .reelworks, below its own folder.",
            file=sys.stderr,
        )
        return 1
    except Interrupted as interrupted:
        terminal.keep()
        print(f"{interrupted}; all has been stopped.", file=sys.stderr)
        return interrupted.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
