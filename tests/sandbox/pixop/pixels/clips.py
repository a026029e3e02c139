"""Small clips of every kind, and what can be seen in a result."""

import json
import subprocess
from array import array
from pathlib import Path
from typing import Any

from sandbox.media import find_tool

FAST = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"
# Every picture is one grey, 8 brighter than the one before: what became of time can be read off it.
RAMP = "-f lavfi -i color=black:s=64x48:d=0.4:r={rate},format=yuv420p,geq=lum='40+8*N':cb=128:cr=128"
# Silent until the first tenth of a second is over; 48 kHz.
BEEP = "-f lavfi -i aevalsrc='if(gte(t,0.1),0.5*sin(2000*t),0)':s=48000:d=0.4"
GREY = "-f lavfi -i color=gray:s=96x64:d=0.4:r=25"

CLIPS = {
    "film.mp4": f"-f lavfi -i testsrc2=s=320x180:d=0.4:r=25 -f lavfi -i sine=d=0.4 -f lavfi -i sine=d=0.4:f=880 "
    f"-map 0 -map 1 -map 2 {FAST} -c:a aac",
    "small.mp4": f"-f lavfi -i testsrc2=s=128x72:d=0.2:r=25 {FAST}",
    "tape.mkv": "-f lavfi -i testsrc2=s=180x144:d=0.4:r=50,tinterlace=interleave_top,setsar=16/15 "
    f"-f lavfi -i sine=d=0.4 -flags +ildct+ilme {FAST} -c:a pcm_s16le",
    "phone.mp4": "-display_rotation 90 -i clip:small.mp4 -c copy",
    "deep.mkv": "-f lavfi -i testsrc2=s=160x90:d=0.2:r=25 -pix_fmt yuv422p10le -c:v ffv1",
    "loose.mp4": f"-f lavfi -i testsrc2=s=160x90:d=1:r=25,select='not(eq(mod(n,7),3))' -fps_mode vfr {FAST}",
    "ramp25.mkv": f"{RAMP.format(rate=25)} -c:v ffv1",
    "ramp50.mkv": f"{RAMP.format(rate=50)} -c:v ffv1",
    "fields.mkv": f"{RAMP.format(rate=50)} -vf tinterlace=interleave_top,setfield=tff -c:v ffv1",
    "beep.mov": f"{RAMP.format(rate=25)} {BEEP} -c:v ffv1 -c:a pcm_s16le",
    "stream.mts": f"{RAMP.format(rate=25)} {BEEP} -c:v mpeg2video -b:v 2M -g 6 -c:a mp2 -f mpegts",
    "grey.mkv": f"{GREY} -c:v ffv1",
    "noisy.mkv": f"{GREY} -vf noise=c0s=12:c0f=t -c:v ffv1",
    "edge.mkv": "-f lavfi -i color=gray:s=96x64:d=0.2:r=25,format=yuv420p,"
    "geq=lum='if(lt(X,48),80,150)':cb=128:cr=128 -c:v ffv1",
    "shaky.mkv": "-f lavfi -i testsrc=s=320x240:d=0.4:r=25,crop=256:192:x='16+6*mod(n,2)':y=16,format=yuv420p "
    "-c:v ffv1",
    "blurred.mkv": "-f lavfi -i testsrc=s=160x90:d=0.4:r=25,gblur=4 -c:v ffv1",
    "sharp.mkv": "-f lavfi -i testsrc=s=160x90:d=0.4:r=25 -c:v ffv1",
    "sound.mp4": "-f lavfi -i sine=d=0.4 -c:a aac",
    "long.mp4": f"-f lavfi -i testsrc2=s=320x180:d=30:r=25 {FAST}",
}


def probe(path: Path) -> dict[str, Any]:
    """Return ffprobe's findings, with the first picture's under `picture` and the first video's under `video`."""
    command = [find_tool("ffprobe"), "-v", "error", "-show_streams", "-show_format", "-show_programs", "-count_frames"]
    found: dict[str, Any] = json.loads(subprocess.check_output([*command, "-of", "json", str(path)]))
    found["video"] = next(stream for stream in found["streams"] if stream["codec_type"] == "video")
    first = ["-select_streams", "V:0", "-show_frames", "-read_intervals", "%+#3"]
    shown = subprocess.check_output([find_tool("ffprobe"), "-v", "error", *first, "-of", "json", str(path)])
    found["picture"] = json.loads(shown)["frames"][0]
    found["sounds"] = [stream for stream in found["streams"] if stream["codec_type"] == "audio"]
    return found


def pictures(path: Path, graph: str = "null") -> list[bytes]:
    """Return the luma of every picture, row by row, after a filter."""
    video = probe(path)["video"]
    command = [find_tool("ffmpeg"), "-v", "error", "-i", str(path), "-map", "0:V:0", "-vf"]
    command += [f"{graph},extractplanes=y,format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    raw = subprocess.check_output(command)
    size = video["width"] * video["height"]
    return [raw[at : at + size] for at in range(0, len(raw), size)]


def mean(values: bytes) -> float:
    return sum(values) / len(values)


def greys(path: Path) -> list[int]:
    """Return the mean of every picture."""
    return [round(mean(picture)) for picture in pictures(path)]


def fields(path: Path) -> list[tuple[int, int]]:
    """Return the mean of the even and of the odd lines of every picture."""
    width = probe(path)["video"]["width"]
    found = []
    for picture in pictures(path):
        lines = [picture[at : at + width] for at in range(0, len(picture), width)]
        found.append((round(mean(b"".join(lines[::2]))), round(mean(b"".join(lines[1::2])))))
    return found


def roughness(picture: bytes) -> float:
    """Return how far the points of a picture lie from their mean."""
    middle = mean(picture)
    return sum(abs(point - middle) for point in picture) / len(picture)


def difference(one: bytes, other: bytes) -> float:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)


def onset(path: Path) -> float:
    """Return the second at which the first sound track is first heard, on the file's own clock."""
    command = [find_tool("ffmpeg"), "-v", "error", "-i", str(path), "-map", "0:a:0", "-af", "aresample=async=1"]
    raw = subprocess.check_output([*command, "-ac", "1", "-ar", "48000", "-f", "s16le", "-"])
    samples = array("h", raw)
    return next(at for at, sample in enumerate(samples) if abs(sample) > 500) / 48000
