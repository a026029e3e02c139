"""An encode whose output is as big as one likes and costs no time to make: pictures that are not compressed."""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.guarantees.encoder_house import TINY, EncoderHouse, QuickOpenEncoderOperator
from tests.guarantees.house import ffmpeg
from tests.task_process import TaskLife

if TYPE_CHECKING:
    from reelworks.core.claim import Claim
    from reelworks.core.jobs import Job

FRAME = 640 * 360 * 3 // 2
"""Bytes of one picture as it lies in the output."""
RAW = {
    **TINY,
    "name": "raw",
    "output": "raw.avi",
    "data": json.dumps({"raw": ["-vf scale=640:360", "-c:v rawvideo", "-pix_fmt yuv420p", "-an", "-y"]}),
}


class MeasuredOperator(QuickOpenEncoderOperator):
    """Tells how much memory it took to settle a job: the bytes it had before, and those that were added."""

    def settle(self, job: Job, claim: Claim) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        forget_peak()
        before = peak()
        outputs, facts = super().settle(job, claim)
        return outputs, {**facts, "memory_before": before, "memory_added": peak() - before}


def forget_peak() -> None:
    """Begin anew, where the system can: a fork begins with what the process had that forked it."""
    if (refs := Path("/proc/self/clear_refs")).exists():
        refs.write_text("5")


def peak() -> int:
    """The most memory this process ever had, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def big_encode(house: EncoderHouse, size: int, **arguments: Any) -> TaskLife:
    """A life for the encode of a video whose output has at least ``size`` bytes."""
    house.put_preset(RAW)
    clip = house.folder / "clip.mp4"
    make_clip(clip, frames=math.ceil(size / FRAME))
    return house.encode(
        house.put("clip.mp4", clip.read_bytes()), MeasuredOperator, preset="raw", deferrable=False, **arguments
    )


def make_clip(path: Path, frames: int) -> None:
    picture = ("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25", "-frames:v", str(frames))
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    subprocess.run([ffmpeg(), "-v", "error", *picture, *codec, "-y", str(path)], check=True)
