"""Run the benchmarks one after the other: ``python -m benchmarks`` in a short form, ``--full`` as for the README.

Those for which their time leaves no room are run by themselves, and named at the end.
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks.ending import ended, waited_for
from benchmarks.report import say
from stack import ROOT
from stack.table import table

BENCHMARKS = {
    "dag_import": ["--times", "2"],
    "transfers": ["--gigabytes", "0.5"],
    "against_stock": ["--videos", "15", "--alone", "2"],
    "overhead": ["--videos", "12", "--alone", "3"],
    "waiting": ["--jobs", "200", "--window", "20", "--ends", "20"],
}
"""Their short forms; without arguments they run in full."""

BY_THEMSELVES = ("result_memory", "sweep", "verify_corpus")

SHORT = 900.0
"""Seconds that the short forms may take together."""


def main() -> int:
    """Run them all, whatever becomes of one; return 1 unless all bars hold, or what a shell says of a signal."""
    return ended(measured)


def measured() -> int:
    """Run them all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--full", action="store_true")
    full = parser.parse_args().full
    rows, codes, start = [], [], time.monotonic()
    for name, short in BENCHMARKS.items():
        say(f"\n=== {name}")
        began = time.monotonic()
        command = [sys.executable, "-m", f"benchmarks.{name}", *([] if full else short)]
        codes.append(waited_for(command, ROOT))
        rows.append((name, f"{time.monotonic() - began:.0f}", "FAIL" if codes[-1] else "PASS"))
    took = time.monotonic() - start
    codes.append(int(took > SHORT and not full))
    rows.append(("all", f"{took:.0f}", "" if full else "FAIL" if codes[-1] else "PASS"))
    say("\n" + table(("benchmark", "seconds", ""), rows, right=(1,)))
    say("By themselves: " + ", ".join(f"python -m benchmarks.{name}" for name in BY_THEMSELVES))
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
