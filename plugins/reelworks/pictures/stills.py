"""Single pictures out of a video, by ffmpeg: one decoder at a time, within a time limit, whatever the video is."""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reelworks.core.errors import BadInputError, OverdueError
from reelworks.media.ffprobe import shown
from reelworks.media.probe import probe
from reelworks.verify.ffmpeg import reading, run

WITHIN = 300.0  # seconds, for one picture made of however many stills
_LONGEST_RUN = 90.0  # seconds
# Two threads hold a few frames each, not one per core; 2^26 pixels are twice those of 8K.
_BOUNDED = ["-threads", "2", "-max_pixels", str(2**26)]
# Out of RGB, as the stills are, a JPEG gets the colours that every viewer expects of one.
_JPEG = ["-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj444p", "-f", "image2", "-update", "1", "made.jpg"]


@dataclass(frozen=True, slots=True)
class Shape:
    """How a video is displayed, turned and stretched as it asks to be: pixels, and width by height."""

    height: float
    aspect: float


def shape_of(target: str | Path) -> Shape:
    """Look at a file or link. Raises what ``probe`` does."""
    stream = probe(target).video[0]
    width, height = stream.height * (stream.aspect or stream.width / stream.height), float(stream.height)
    if stream.rotation % 180:
        width, height = height, width
    return Shape(height, width / height)


def even(length: float) -> int:
    """Return the next even number of pixels; codecs want even ones."""
    return max(2, round(length / 2) * 2)


@dataclass(frozen=True, slots=True)
class Darkroom:
    """A folder to develop in, and the moment (monotonic) when it must be done."""

    folder: Path
    until: float

    def still(self, target: str | Path, at: float, filters: str, name: str) -> bool:
        """Write the first picture from ``at`` (seconds) on to the PNG ``name``; return whether there is one."""
        writing = ["-map", "0:V:0", "-vf", f"{filters},setsar=1,format=rgb24", "-frames:v", "1"]
        writing += ["-fps_mode", "passthrough", "-c:v", "png", "-f", "image2", "-update", "1", name]
        self._run([*_BOUNDED, *reading(target, start=max(0.0, at)), *writing], target)
        return (self.folder / name).exists()

    def jpeg(self, inputs: Sequence[str], filters: str, target: str | Path) -> bytes:
        """Make one JPEG of stills in the folder; ``target`` is what a complaint would be about."""
        reads = [word for name in inputs for word in ("-f", "image2", "-i", name)]
        complaints = self._run([*reads, "-filter_complex", filters, "-frames:v", "1", *_JPEG], target)
        made = self.folder / "made.jpg"
        if not made.exists():
            raise BadInputError(f"no picture could be made of {shown(target)}: {'; '.join(complaints)}")
        return made.read_bytes()

    def _run(self, arguments: Sequence[str], target: str | Path) -> tuple[str, ...]:
        left = self.until - time.monotonic()
        if left <= 0:
            raise OverdueError(f"the picture of {shown(target)} was not done in time")
        return run(arguments, folder=self.folder, target=target, timeout=min(left, _LONGEST_RUN)).errors


@contextmanager
def darkroom(within: float = WITHIN) -> Iterator[Darkroom]:
    """Give a folder that is gone afterwards, and ``within`` seconds."""
    with tempfile.TemporaryDirectory(prefix="reelworks-pictures-") as name:
        yield Darkroom(Path(name), time.monotonic() + within)


@functools.cache
def can_write() -> bool:
    """Whether this ffmpeg can draw text: it may lack the filter, and the machine a font."""
    drawn = "color=size=64x32:duration=0.1,drawtext=text=0"
    arguments = ["-f", "lavfi", "-i", drawn, "-frames:v", "1", "-f", "null", "-"]
    with tempfile.TemporaryDirectory(prefix="reelworks-pictures-") as folder:
        try:
            return run(arguments, folder=Path(folder), target="a test picture", timeout=30).code == 0
        except OverdueError:
            return False
