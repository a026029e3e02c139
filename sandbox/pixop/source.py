"""What of a source's metadata decides how it is processed."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sandbox.pixop.values import CODECS_OF, FIELD_ORDERS, FRAME_RATES
from sandbox.pixop.wishes import exact_rate

# Names of ffprobe on the left, of the API on the right.
CODECS = {"mpeg2video": "mpeg2", "h264": "h264", "hevc": "hevc", "prores": "prores", "dnxhd": "dnxhd", "ffv1": "ffv1"}


RATE_TOLERANCE = 0.0004


@dataclass(frozen=True)
class Source:
    """A video as ingest found it: sizes as displayed but in its own pixels, the bit rate in bits per second."""

    container: str | None
    codec: str | None
    yuv: str
    bits: int
    width: int
    height: int
    display_aspect: Fraction
    interlaced: str | None  # its field order, tff or bff; None is progressive
    parity: str  # what to assume of it when it is deinterlaced all the same: tff, bff or auto
    fps: Fraction
    constant_rate: bool
    duration_ms: int
    bitrate: int


def read_source(metadata: dict[str, Any]) -> Source:
    """Return what matters of the document's `metadata` object; what it lacks is taken for the usual."""
    own = metadata.get("sandbox") or {}
    chroma = (metadata.get("pixelFormat") or {}).get("chromaSubsampling") or {}
    width, height = metadata["frameWidth"], metadata["frameHeight"]
    interlaced, parity = _fields(metadata.get("scanning") or {})
    duration = metadata.get("durationInMillis") or 0
    return Source(
        container=own.get("container"),
        codec=CODECS.get(metadata.get("codecName") or ""),
        yuv=chroma.get("yuv") or "4:2:0",
        bits=chroma.get("bits") or 8,
        width=width,
        height=height,
        display_aspect=_aspect(own.get("displayAspectRatio")) or Fraction(width, height),
        interlaced=interlaced,
        parity=parity,
        fps=_rate(metadata.get("averageFramerate") or 25.0),
        constant_rate=bool(own.get("constantFramerate", True)),
        duration_ms=duration,
        bitrate=round((metadata.get("videoStreamSize") or 0) * 8000 / duration) if duration else 0,
    )


def _rate(average: float) -> Fraction:
    # Timestamps in milliseconds make 24.999 of 25; 23.976 and 24 lie further apart than this.
    usual = min(FRAME_RATES.values(), key=lambda rate: abs(rate - average))
    return usual if abs(usual - average) < average * RATE_TOLERANCE else exact_rate(average)


def _aspect(text: str | None) -> Fraction | None:
    across, _, down = (text or "").partition(":")
    return Fraction(int(across), int(down)) if across and down and int(across) and int(down) else None


def _fields(scanning: dict[str, Any]) -> tuple[str | None, str]:
    """Return the field order, and what to assume if it has to be deinterlaced.

    The document lets `auto` go by the metadata; the pictures themselves are asked only where it is silent.
    """
    told, seen = scanning.get("metadata") or {}, scanning.get("heuristics") or {}
    known = told if told.get("scanningType") else seen
    order = FIELD_ORDERS.get(known.get("interlacedFieldOrder") or "")
    if known.get("scanningType") == "interlaced":
        return order or "tff", order or "tff"
    return None, FIELD_ORDERS.get(seen.get("interlacedFieldOrder") or "") or "auto"


def container_for(codec: str) -> str:
    """Return the first container of the document's list that holds a codec."""
    return next(container for container, codecs in CODECS_OF.items() if codec in codecs)
