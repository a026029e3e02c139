"""Videos of known looks, and what is to be seen in a picture."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from reelworks.verify.ffmpeg import ffmpeg_path

FLAGS = ["-v", "error", "-nostdin", "-y"]


def ffmpeg(*arguments: str) -> None:
    """Run it."""
    subprocess.run([ffmpeg_path(), *FLAGS, *arguments], check=True, timeout=60)


def film(path: Path, look: str, *arguments: str) -> Path:
    """Make a video of a filter's picture; the last arguments win."""
    usual = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    ffmpeg("-f", "lavfi", "-i", look, *usual, *arguments, str(path))
    return path


def brightening(path: Path, *arguments: str, seconds: float = 6, size: str = "320x180") -> Path:
    """Make a grey video that brightens by 30 levels a second."""
    look = f"color=black:size={size}:rate=25:duration={seconds},format=gray,geq=lum=16+T*30"
    return film(path, look, "-qp", "10", *arguments)


@dataclass
class Picture:
    """A JPEG, decoded."""

    width: int
    height: int
    pixels: bytes

    def at(self, x: float, y: float) -> tuple[int, int, int]:
        """Red, green and blue at a place given in shares of width and height."""
        where = 3 * (int(y * self.height) * self.width + int(x * self.width))
        red, green, blue = self.pixels[where : where + 3]
        return red, green, blue

    def row(self, y: int) -> list[int]:
        """The green of one line."""
        return list(self.pixels[3 * y * self.width + 1 : 3 * (y + 1) * self.width : 3])


def seen(jpeg: bytes) -> Picture:
    """Decode a JPEG as a viewer would; its frame header gives its size."""
    assert jpeg[:3] == b"\xff\xd8\xff"
    at = 2
    while jpeg[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    height, width = (int.from_bytes(jpeg[at + n : at + n + 2], "big") for n in (5, 7))
    raw = ["-f", "image2pipe", "-i", "-", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run([ffmpeg_path(), *FLAGS, *raw], input=jpeg, capture_output=True, check=True, timeout=60)
    assert len(done.stdout) == 3 * width * height
    return Picture(width, height, done.stdout)
