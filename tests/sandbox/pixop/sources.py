"""Metadata as ingest gives it, for orders that are only written and not carried out."""

from typing import Any


def metadata(**changes: Any) -> dict[str, Any]:
    """A progressive 640x360 of ten seconds in MP4; `scanning`, `chroma` and `sandbox` take the place of parts."""
    yuv, bits = changes.pop("chroma", ("4:2:0", 8))
    order = changes.pop("interlaced", None)
    told = {"scanningType": "interlaced" if order else "progressive", "interlacedFieldOrder": order}
    own = {"container": "mp4", "displayAspectRatio": "16:9", "constantFramerate": True}
    return {
        "containerName": "mov,mp4,m4a,3gp,3g2,mj2",
        "codecName": "h264",
        "pixelFormat": {"name": "yuv420p", "chromaSubsampling": {"yuv": yuv, "bits": bits}},
        "frameWidth": 640,
        "frameHeight": 360,
        "scanning": {"metadata": told},
        "averageFramerate": 25.0,
        "durationInMillis": 10_000,
        "totalFrames": 250,
        "size": 1_300_000,
        "videoStreamSize": 1_250_000,
        **changes,
        "sandbox": own | changes.get("sandbox", {}),
    }
