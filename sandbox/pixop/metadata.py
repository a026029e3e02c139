"""Ingest: what ffprobe knows of a file, in the document's shape."""

import asyncio
import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

from sandbox import media
from sandbox.pixop import quality, scanning
from sandbox.pixop.formats import READ, pixel_formats
from sandbox.pixop.source import RATE_TOLERANCE

PROBE_SECONDS = 60.0
COUNT_SECONDS = 600.0
# Where several files share a demuxer, the brand tells the container.
CONTAINERS = {"mpegts": "mts", "mxf": "mxf"}


class NotAVideoError(Exception):
    """The file holds no pictures that can be read; the text is what ffprobe said."""


async def ingest(path: Path, *, light: bool) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the document's `metadata` and `qualityAssessment` objects; the latter is None when light.

    Width and height are those of the picture as it is shown after turning. What the document has no field for
    is under the key `sandbox`. Raises NotAVideoError.
    """
    try:
        found = await _probe(path)
        video = _picture(found)
        metadata = await _describe(path, found, video)
        if light:
            return metadata, None
        metadata["scanning"]["heuristics"] = await scanning.look(path)
        return metadata, await quality.assess(path, metadata["durationInMillis"])
    except (media.MediaError, TimeoutError) as error:
        raise NotAVideoError(str(error).replace(str(path), "the file") or "ffprobe took too long") from error


async def _probe(path: Path) -> dict[str, Any]:
    # V is a picture that moves: cover art is none.
    command = [*READ, "-select_streams", "V:0", "-show_format", "-show_streams", "-of", "json"]
    command += ["-show_frames", "-read_intervals", "%+#24"]
    output = await media.run("ffprobe", [*command, str(path)], seconds=PROBE_SECONDS)
    found: dict[str, Any] = json.loads(output)
    return found


def _picture(found: dict[str, Any]) -> dict[str, Any]:
    streams: list[dict[str, Any]] = found.get("streams", [])
    if not streams or not streams[0].get("width"):
        raise media.MediaError("no video stream found")
    return streams[0]


async def _describe(path: Path, found: dict[str, Any], video: dict[str, Any]) -> dict[str, Any]:
    about = found.get("format", {})
    turned = _turned(video)
    width, height = (video["height"], video["width"]) if turned else (video["width"], video["height"])
    seconds = float(video.get("duration") or about.get("duration") or 0)
    frames, stream_size = await _totals(path, video)
    rate = _fraction(video.get("avg_frame_rate")) or _fraction(video.get("r_frame_rate"))
    if not seconds and rate:
        seconds = float(frames / rate)
    if not rate:
        rate = Fraction(frames / seconds).limit_denominator(1001) if seconds else Fraction(25)
    return {
        "containerName": about.get("format_name"),
        "longContainerName": about.get("format_long_name"),
        "codecName": video.get("codec_name"),
        "longCodecName": video.get("codec_long_name"),
        "pixelFormat": await _pixel_format(video),
        "frameWidth": width,
        "frameHeight": height,
        "scanning": {"metadata": scanning.told(video, found.get("frames", []))},
        "averageFramerate": round(float(rate), 6),
        "durationInMillis": round(seconds * 1000),
        "totalFrames": frames,
        "size": (await asyncio.to_thread(path.stat)).st_size,
        "videoStreamSize": stream_size,
        "sandbox": {
            "container": _container(about),
            "displayAspectRatio": _display_aspect(video, turned=turned),
            "constantFramerate": _same(_fraction(video.get("r_frame_rate")), rate),
        },
    }


async def _pixel_format(video: dict[str, Any]) -> dict[str, Any]:
    name = video.get("pix_fmt")
    yuv, bits = (await pixel_formats()).get(name or "", (None, None))
    return {"name": name, "chromaSubsampling": {"yuv": yuv, "bits": bits}}


async def _totals(path: Path, video: dict[str, Any]) -> tuple[int, int]:
    """Return the pictures and bytes of the stream, by counting where the container does not tell."""
    frames, rate, seconds = video.get("nb_frames", ""), video.get("bit_rate", ""), video.get("duration")
    if frames.isdigit() and rate.isdigit() and seconds:
        return int(frames), round(int(rate) * float(seconds) / 8)
    command = [*READ, "-select_streams", str(video["index"]), "-show_entries", "packet=size", "-of", "csv=p=0"]
    output = await media.run("ffprobe", [*command, str(path)], seconds=COUNT_SECONDS)
    sizes = [int(size) for size in re.findall(rb"^\d+", output, re.MULTILINE)]
    return len(sizes), sum(sizes)


def _container(about: dict[str, Any]) -> str | None:
    name = about.get("format_name") or ""
    if name.startswith("mov"):
        brand = about.get("tags", {}).get("major_brand", "qt")
        return "mov" if brand.strip() == "qt" else "mp4"
    return CONTAINERS.get(name)


def _display_aspect(video: dict[str, Any], *, turned: bool) -> str:
    pixel = _fraction(video.get("sample_aspect_ratio", "1:1").replace(":", "/")) or Fraction(1)
    shape = pixel * Fraction(video["width"], video["height"])
    shape = 1 / shape if turned else shape
    return f"{shape.numerator}:{shape.denominator}"


def _same(one: Fraction | None, other: Fraction) -> bool:
    return one is not None and abs(one - other) < other * RATE_TOLERANCE


def _turned(video: dict[str, Any]) -> bool:
    turns = [side["rotation"] for side in video.get("side_data_list", []) if "rotation" in side]
    return bool(turns) and round(turns[0]) % 180 == 90


def _fraction(text: str | None) -> Fraction | None:
    over, _, under = (text or "").partition("/")
    if not over.isdigit() or not (under or "1").isdigit() or not int(under or 1) or not int(over):
        return None
    return Fraction(int(over), int(under or 1))
