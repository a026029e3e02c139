"""Interlaced or progressive: as the file says, and as its pictures look."""

import re
from pathlib import Path
from typing import Any

from sandbox import media
from sandbox.pixop.formats import READ

# ffprobe's words. In practice the first letter is the field that is shown first: ffmpeg and QuickTime files write
# `tb` for interleaved fields with the top one first.
ORDERS = {"tt": "top_field", "tb": "top_field", "bb": "bottom_field", "bt": "bottom_field"}
LOOK_FRAMES = 250
LOOK_SECONDS = 120.0


def told(video: dict[str, Any], pictures: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the scanning that stream and pictures are marked with; nulls when they are not."""
    marked = [frame for frame in pictures if frame.get("interlaced_frame")]
    if marked:
        return _scanning("top_field" if marked[0].get("top_field_first") else "bottom_field")
    word = video.get("field_order", "")
    if word in ORDERS:
        return _scanning(ORDERS[word])
    known = word == "progressive" or bool(pictures)
    return {"scanningType": "progressive" if known else None, "interlacedFieldOrder": None}


async def look(path: Path) -> dict[str, Any]:
    """Return the scanning that the first seconds look like, whatever they are marked with."""
    command = [*READ, "-nostdin", "-i", str(path), "-map", "0:V:0", "-frames:v", str(LOOK_FRAMES)]
    command += ["-vf", "idet,metadata=mode=print:file=-", "-f", "null", "-"]
    said = (await media.run("ffmpeg", command, seconds=LOOK_SECONDS)).decode()
    top, bottom, progressive = (_count(said, kind) for kind in ("tff", "bff", "progressive"))
    if top + bottom <= progressive:
        return {"scanningType": "progressive", "interlacedFieldOrder": None}
    return _scanning("top_field" if top >= bottom else "bottom_field")


def _count(said: str, kind: str) -> float:
    # A running tally: the last one is that of all pictures.
    tallies = re.findall(rf"idet\.multiple\.{kind}=([\d.]+)", said)
    return float(tallies[-1]) if tallies else 0.0


def _scanning(order: str) -> dict[str, Any]:
    return {"scanningType": "interlaced", "interlacedFieldOrder": order}
