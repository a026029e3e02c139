"""Run ffmpeg over files and links: find one that measures VMAF, keep it to its inputs, and sort what it says."""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reelworks.core.errors import OverdueError, UnreachableError
from reelworks.core.redact import redact
from reelworks.media.ffprobe import FORMATS, LINK_OPTIONS, is_link, shown
from reelworks.media.program import program

_LEVEL = re.compile(r"^(?:\[(?P<who>[^\]]*)\] )*\[(?P<level>info|warning|error|fatal|panic)\] (?P<text>.*)")
_NETWORK = ("http", "https", "tcp", "tls")
_OURS = ("out#", "vost#", "aost#", "enc:", "rawvideo", "framecrc", "s16le", "null")  # what we write speaks of no input
_KEPT = 5  # messages; a damaged file says thousands
_LONGEST = 4096  # characters of a line


@dataclass(frozen=True)
class Said:
    """What one run left: its exit code, how often it complained of an input, the first complaints, and the rest."""

    code: int
    error_count: int
    errors: tuple[str, ...]
    lines: tuple[str, ...]


@functools.cache
def ffmpeg_path() -> str:
    """Return the ffmpeg to run: $REELWORKS_FFMPEG, else the one of the imageio-ffmpeg wheel, else the PATH's."""
    return program("ffmpeg", "imageio-ffmpeg", "imageio_ffmpeg", "binaries/ffmpeg-*")


def reading(target: str | Path, *, start: float = 0.0, seconds: float | None = None) -> list[str]:
    """Return the arguments that read a target, or a stretch of it, and nothing that it may name."""
    # Absolute, for we run in a folder of our own; the prefix keeps a file called `concat:x` a file.
    where = str(target) if is_link(target) else f"file:{Path(target).resolve()}"
    options = ["-protocol_whitelist", "http,https,tcp,tls" if is_link(target) else "file"]
    options += ["-format_whitelist", FORMATS, *(LINK_OPTIONS if is_link(target) else [])]
    stretch = ["-ss", f"{start:.6f}"] if start else []
    stretch += ["-t", f"{seconds:.6f}"] if seconds is not None else []
    return [*options, *stretch, "-i", where]


def run(arguments: Sequence[str], *, folder: Path, target: str | Path, timeout: float) -> Said:
    """Run ffmpeg in ``folder``, which its outputs name no path out of; ``timeout`` in seconds.

    ``target`` is what complaints are about. Raises OverdueError when time is up, UnreachableError if the way to a link
    broke.
    """
    command = [ffmpeg_path(), "-y", "-hide_banner", "-nostdin", "-nostats", "-v", "level+info"]
    # Times count from the file's start, wherever reading begins and whatever streams are read.
    command += ["-copyts", "-start_at_zero", *arguments]
    log = folder / "said.txt"
    try:
        with log.open("wb") as out:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder, timeout=timeout, check=False
            )
    except subprocess.TimeoutExpired:
        raise OverdueError(f"ffmpeg was not done with {shown(target)} after {timeout:g} s") from None
    return _sorted(log, done.returncode, target)


def _sorted(log: Path, code: int, target: str | Path) -> Said:
    count, errors, lines = 0, dict[str, None](), list[str]()
    with log.open(encoding="utf-8", errors="replace") as said:
        for raw in said:
            line = raw.rstrip()[:_LONGEST]
            found = _LEVEL.match(line)
            if not found or found["level"] in ("info", "warning"):
                if not found or found["level"] == "info":
                    lines.append(line)
                continue
            who = found["who"] or ""
            words = redact(found["text"].replace(str(target), shown(target)))[:200]
            if who.startswith(_NETWORK) and is_link(target):
                raise UnreachableError(f"{shown(target)} could not be read to its end: {words}")
            if not who.startswith(_OURS):
                count += 1
                if len(errors) < _KEPT:
                    errors[f"{who.split(' ')[0]}: {words}" if who else words] = None
    return Said(code, count, tuple(errors), tuple(lines))
