"""The drill's videos: one second each, 320x180; of 4,096 no two show the same or have the same number of bytes."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from drill.plan import Kind
from stack.clip import ffmpeg

AT_ONCE = 2
SHAPE = "s=320x180:r=25:d=1"
HEADER = 8
"""Bytes of a box of MP4 with nothing in it."""
BITS, BAR = 12, 26
"""How many bits of a number are to be seen, and how wide each is in pixels."""


def make_clips(kinds: Mapping[int, Kind], folder: Path) -> dict[int, bytes]:
    """Make the content of each, by its number."""
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        made = list(threads.map(lambda number: _made(number, kinds[number], folder), kinds))
    sizes = set[int]()
    clips = dict[int, bytes]()
    for (number, kind), content in zip(kinds.items(), made, strict=True):
        clips[number] = content if kind in ("empty", "text") else _unlike(content, sizes)
    return clips


def clip(number: int, kind: Kind, folder: Path) -> bytes:
    """Make one: a test card in the number's own position, colours and tone, or nothing but noise; and its bar code."""
    path = folder / f"{number}.mp4"
    # Turned in steps that have no common factor: neighbours in number are far apart in looks.
    turned = f"hue=h={number * 67 % 360}:s=1.5,rotate={number * 29 % 360}*PI/180:c=0x{number * 40503 % 0xFFFFFF:06X}"
    picture = f"testsrc2={SHAPE},{turned}{',negate' if number % 2 else ''}"
    if kind == "noisy":
        picture = f"nullsrc={SHAPE},geq=random(1)*255:128:128"
    picture = f"{picture},{_bar_code(number)}"
    command = [ffmpeg(), "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", picture]
    command += ["-f", "lavfi", "-i", f"sine=frequency={300 + number % 700}:duration=1"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p"]
    command += ["-c:a", "aac", "-movflags", "+faststart", "-shortest", str(path)]
    subprocess.run(command, check=True, timeout=60, stdin=subprocess.DEVNULL)
    content = path.read_bytes()
    path.unlink()
    return content


def padded(content: bytes, more: int) -> bytes:
    """Append a box that players skip, of ``more`` bytes, its header included."""
    return content + more.to_bytes(4, "big") + b"free" + bytes(more - HEADER)


def _bar_code(number: int) -> str:
    """Draw the number's bits along the lower edge: one that differs is 2.7 % of the picture, or 16 dB of PSNR."""
    colours = ("white" if number >> bit & 1 else "black" for bit in range(BITS))
    boxes = (f"drawbox=x={bit * BAR}:y=120:w={BAR}:h=60:c={colour}:t=fill" for bit, colour in enumerate(colours))
    return ",".join(boxes)


def _made(number: int, kind: Kind, folder: Path) -> bytes:
    if kind == "empty":
        return b""
    if kind == "text":
        return f"This is number {number}, and no video.\n".encode() * 20
    content = clip(number, kind, folder)
    return content[: len(content) // 2] if kind == "cut off" else content


def _unlike(content: bytes, sizes: set[int]) -> bytes:
    """Make its number of bytes one that is not taken yet: that is all a service tells of what it was sent."""
    while len(content) in sizes:
        content = padded(content, HEADER + 1)
    sizes.add(len(content))
    return content
