"""``python -m drill`` drills; ``python -m drill --again`` judges the last one's evidence once more."""

import argparse
import sys

from drill import run
from stack.home import Home
from stack.processes import StackError
from stack.signals import Interrupted
from stack.terminal import Terminal

SEED = 1


def main(arguments: list[str]) -> int:
    """Run; the exit code is 1 if anything was not as it has to be, and 3 if too little happened to tell."""
    parser = argparse.ArgumentParser(prog="python -m drill", description="Videos go through while much of it dies.")
    parser.add_argument("--count", type=int, default=100, metavar="N", help="how many videos (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="the same one repeats the same plan")
    parser.add_argument("--home", default="drill", help="its folder, below .reelworks (default: %(default)s)")
    parser.add_argument("--again", action="store_true", help="only judge what the last drill has left there")
    chosen = parser.parse_args(arguments)
    if chosen.count < LEAST:
        parser.error(f"--count: at least {LEAST}, to have some of each kind")
    terminal, home = Terminal(), Home.named(chosen.home)
    try:
        return run.again(home, terminal) if chosen.again else run.drill(home, terminal, chosen.count, chosen.seed)
    except StackError as error:
        terminal.keep()
        print(error, file=sys.stderr)
        return 1
    except Interrupted as interrupted:
        terminal.keep()
        print(f"{interrupted}; all has been stopped.", file=sys.stderr)
        return interrupted.exit_code


LEAST = 20

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
