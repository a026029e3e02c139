"""What becomes of the sound: kept as it is where it may, encoded anew where it must."""

import json
from pathlib import Path
from typing import Any

from sandbox import media
from sandbox.pixop.formats import READ
from sandbox.pixop.order import Order

PCM = ("pcm_s16le", "pcm_s24le")
KEPT = {
    "mov": ("aac", "mp3", "ac3", "alac", "pcm_s16be", "pcm_s24be", "pcm_s32le", "pcm_f32le", *PCM),
    "mp4": ("aac", "mp3", "ac3", "eac3", "alac"),
    "mts": ("aac", "mp2", "mp3", "ac3", "eac3"),
    "mxf": PCM,
}
ENCODERS = {"mov": "aac", "mp4": "aac", "mts": "aac", "mxf": "pcm_s16le"}
# MXF holds sound of this rate only.
MXF_HERTZ = "48000"


async def sound_arguments(order: Order, source: Path, *, trim: str | None) -> list[str]:
    """Return ffmpeg's options for every sound track. Raises MediaError.

    A clip is cut to the sample, for which the sound has to be encoded anew; `trim` is the filter that does it.
    """
    chosen: list[str] = []
    for place, stream in enumerate(await _tracks(source)):
        chosen += ["-map", f"0:{stream['index']}", *_track(order.container, stream, place, trim)]
    return chosen


def _track(container: str, stream: dict[str, Any], place: int, trim: str | None) -> list[str]:
    codec = stream.get("codec_name", "")
    kept = codec in KEPT[container] and (container != "mxf" or stream.get("sample_rate") == MXF_HERTZ)
    if kept and not trim:
        return [f"-c:a:{place}", "copy"]
    # What came without loss goes without.
    encoder = codec if kept and codec.startswith("pcm_") else ENCODERS[container]
    chosen = [f"-c:a:{place}", encoder]
    chosen += [f"-ar:a:{place}", MXF_HERTZ] if container == "mxf" else []
    return chosen + ([f"-filter:a:{place}", trim] if trim else [])


async def _tracks(source: Path) -> list[dict[str, Any]]:
    command = [*READ, "-select_streams", "a", "-show_entries", "stream=index,codec_name,sample_rate,channels"]
    found = json.loads(await media.run("ffprobe", [*command, "-of", "json", str(source)], seconds=60))
    # A track that was never written to has no channels, and no encoder would take it.
    return [stream for stream in found.get("streams", []) if stream.get("channels")]
