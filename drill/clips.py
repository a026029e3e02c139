"""The drill's videos: one second each, 320x180, and no two of the same picture, or of the same number of bytes."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from drill.plan import Kind, Landing
from stack.clip import ffmpeg

AT_ONCE = 2
SHAPE = "s=320x180:r=25:d=1"
HEADER = 8
"""Bytes of a box of MP4 with nothing in it."""


def make_clips(landings: tuple[Landing, ...], folder: Path) -> dict[int, bytes]:
    """Make the content of each, by its number."""
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        made = list(threads.map(partial(_made, folder=folder), landings))
    sizes = set[int]()
    clips = dict[int, bytes]()
    for landing, content in zip(landings, made, strict=True):
        clips[landing.number] = content if landing.kind in ("empty", "text") else _unlike(content, sizes)
    return clips


def clip(number: int, kind: Kind, folder: Path) -> bytes:
    """Make one: a test card whose colours, motion and tone are the number's own; or nothing but noise."""
    path = folder / f"{number}.mp4"
    # Inverted, mirrored and turned in steps that have no common factor: neighbours in number are far apart in looks.
    turned = f"hue=h={number * 67 % 360}:s=1.5,rotate={number * 29 % 360}*PI/180:c=0x{number * 40503 % 0xFFFFFF:06X}"
    picture = f"testsrc2={SHAPE},{turned}{',negate' if number % 2 else ''}"
    if kind == "noisy":
        picture = f"nullsrc={SHAPE},geq=random(1)*255:128:128"
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


def _made(landing: Landing, folder: Path) -> bytes:
    if landing.kind == "empty":
        return b""
    if landing.kind == "text":
        return f"This is number {landing.number}, and no video.\n".encode() * 20
    content = clip(landing.number, landing.kind, folder)
    return content[: len(content) // 2] if landing.kind == "cut off" else content


def _unlike(content: bytes, sizes: set[int]) -> bytes:
    """Make its number of bytes one that is not taken yet: that is all a service tells of what it was sent."""
    while len(content) in sizes:
        content = padded(content, HEADER + 1)
    sizes.add(len(content))
    return content
