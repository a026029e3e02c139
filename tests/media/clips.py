"""Small clips of many kinds, made on the spot."""

from __future__ import annotations

import subprocess
from pathlib import Path

from reelworks.media.ffprobe import ffprobe_path


def make(path: Path, *arguments: str, seconds: float = 1, size: str = "128x96", sound: bool = True) -> Path:
    """Encode a test picture, and a tone, as the arguments say."""
    ffmpeg = ffprobe_path().replace("ffprobe-", "ffmpeg-")
    inputs = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration={seconds}"]
    if sound:
        inputs += ["-f", "lavfi", "-i", f"sine=duration={seconds}"]
    command = [ffmpeg, "-v", "error", "-y", *inputs, *arguments, f"file:{path}"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=60)
    return path
