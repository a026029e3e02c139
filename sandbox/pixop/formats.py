"""How an uploaded file is read, and what ffmpeg's names of pixel formats mean."""

import json
from typing import Any

from sandbox import media

# A playlist among the uploads must not make ffmpeg read other files of this machine.
DEMUXERS = "mov,matroska,webm,mpegts,mpeg,mpegvideo,mxf,avi,dv,gxf,flv,asf,ogg,nut,ivf,h264,hevc,m4v,yuv4mpegpipe"
READ = ["-v", "error", "-protocol_whitelist", "file", "-format_whitelist", DEMUXERS]

SUBSAMPLING = {(0, 0): "4:4:4", (1, 0): "4:2:2", (1, 1): "4:2:0", (2, 0): "4:1:1", (2, 2): "4:1:0", (0, 1): "4:4:0"}
_known: dict[str, tuple[str | None, int]] = {}


async def pixel_formats() -> dict[str, tuple[str | None, int]]:
    """Return subsampling (such as 4:2:0) and bits per component of every pixel format, by ffmpeg's name."""
    if not _known:
        output = await media.run("ffprobe", ["-v", "error", "-show_pixel_formats", "-of", "json"], seconds=30)
        _known.update({entry["name"]: _meaning(entry) for entry in json.loads(output)["pixel_formats"]})
    return _known


def _meaning(entry: dict[str, Any]) -> tuple[str | None, int]:
    depths = [part["bit_depth"] for part in entry.get("components", [])]
    steps = (entry.get("log2_chroma_w", 0), entry.get("log2_chroma_h", 0))
    grey = entry.get("nb_components", 3) < 3
    return "4:0:0" if grey else SUBSAMPLING.get(steps), max(depths, default=8)
