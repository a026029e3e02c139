"""The reader of the server's log of metadata: entries come out of order, and it may end."""

import asyncio
import json
import shlex
import sys
from pathlib import Path

import pytest

from sandbox.notify import tail

STAND_IN = """
import json, pathlib, sys, time
runs = pathlib.Path({folder!r}) / "runs"
with runs.open("a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
for moment in json.loads({moments!r})[len(runs.read_text().splitlines()) - 1]:
    print(json.dumps({{"directory": "/buckets/inbox", "tsNs": str(moment)}}, indent=2), flush=True)
if len(runs.read_text().splitlines()) > 1:
    time.sleep(60)
"""
START = 1_000_000_000_000_000_000
SECOND = 10**9


def read(folder: Path, runs: list[list[int]], count: int) -> list[int]:
    """Return what the reader yields, in seconds after START, of a `weed` that prints these, run by run."""

    async def first() -> list[int]:
        reader = tail.Tail("127.0.0.1:1.2", folder / "tail.log")
        found: list[int] = []
        async for entry in reader.entries(START):
            found.append((int(entry["tsNs"]) - START) // SECOND)
            if len(found) == count:
                break
        await reader.stop()
        return found

    moments = json.dumps([[START + second * SECOND for second in run] for run in runs])
    script, program = folder / "weed.py", folder / "weed"
    script.write_text(STAND_IN.format(folder=str(folder), moments=moments))
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(script))} "$@"\n')
    program.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tail, "find_weed", lambda: str(program))
        return asyncio.run(asyncio.wait_for(first(), 60))


def test_an_entry_that_comes_late_is_not_passed_over(tmp_path: Path) -> None:
    assert read(tmp_path, [[-1, 10, 30, 20, 40]], 4) == [10, 30, 20, 40]


def test_a_reader_that_ended_is_followed_by_another_from_there(tmp_path: Path) -> None:
    assert read(tmp_path, [[10, 20], [10, 19, 20, 30]], 4) == [10, 20, 20, 30]
    first, second = (tmp_path / "runs").read_text().splitlines()
    assert first.split()[:3] == ["filer.meta.tail", "-filer=127.0.0.1:1.2", "-pathPrefix=/buckets/"]
    assert second.split()[:3] == first.split()[:3]
