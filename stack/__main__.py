"""``python -m stack up|cluster|down|status|demo|put|get``."""

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

UP, CLUSTER = "up", "cluster"

COMMANDS: dict[str, tuple[Callable[..., int], str, str]] = {
    "up": (background.up, UP, "start sandbox and Airflow, and leave them running"),
    "cluster": (background.up_cluster, CLUSTER, "the same with PostgreSQL, Redis and Celery workers, as in compose"),
    "down": (background.down, "", "stop them"),
    "status": (background.status, "", "tell what runs, and where"),
    "demo": (demo.demo, "demo", "encode a sample video, show what came out, stop all"),
    "put": (objects.put, "", "upload videos to s3://inbox/ of what was started"),
    "get": (objects.get, "", "download what lies below an S3 prefix of it"),
    "keep": (background.keep, UP, ""),  # what `up` leaves behind
    "keep-cluster": (background.keep_cluster, CLUSTER, ""),
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
        command.add_argument(
            "--home", default=home, help=f"its folder, below .reelworks (default: {home or 'what runs'})"
        )
    chosen = parser.parse_args(arguments)
    terminal = Terminal()
    run, things = COMMANDS[chosen.command][0], [chosen.things] if "things" in chosen else []
    try:
        return min([run(home, terminal, *things) for home in _homes(chosen.home)])
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


def _homes(name: str) -> list[Home]:
    """Return the home of that name; without one those of the stacks that stay and run, or else what `up` starts."""
    staying = [Home.named(each) for each in ((name,) if name else (UP, CLUSTER))]
    return [home for home in staying if home.owner() is not None or home.has_left_overs()] or staying[:1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
