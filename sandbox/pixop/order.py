"""A process request with nothing left open: what will be made, step by step."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One filter: the API's name of it, what it is in ffmpeg, and of which method of Pixop's it takes the place."""

    kind: str
    name: str
    graph: str
    stand_in: str | None = None
    # The request did not name it, but the output as asked for cannot do without.
    implied: bool = False


@dataclass(frozen=True)
class Order:
    """Everything about the output, resolved against the source. Bit rates in bits per second, positions in ms."""

    container: str
    codec: str
    profile: str | None
    yuv: str
    bits: int
    pixel_format: str
    bitrate: int | None  # None where the codec is lossless or its profile decides
    width: int
    height: int
    sample_aspect: str
    fps: str  # a fraction, such as 30000/1001
    interlaced: str | None  # tff or bff
    start_ms: int
    end_ms: int
    clip: bool  # whether less than the whole source was asked for
    steps: tuple[Step, ...]
    shortfalls: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """How long the output is."""
        return (self.end_ms - self.start_ms) / 1000

    def to_json(self) -> dict[str, Any]:
        """Return plain values for storing."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Order":
        """Return the order that `to_json` was called on."""
        steps = tuple(Step(**step) for step in data["steps"])
        return cls(**{**data, "steps": steps, "shortfalls": tuple(data["shortfalls"])})

    def as_parameters(self) -> dict[str, Any]:
        """Return the document's `processingParameters` object."""
        positions = {"startPositionMilliseconds": self.start_ms, "endPositionMilliseconds": self.end_ms}
        return {"sourceVideo": positions if self.clip else {}, "targetVideo": self._target()}

    def _target(self) -> dict[str, Any]:
        scanning = f"interlaced_{self.interlaced}" if self.interlaced else "progressive"
        codec = {"profile": self.profile, "scanning": scanning, "shortfalls": list(self.shortfalls) or None}
        return {
            "preset": {"name": None},
            "container": {"name": self.container, "properties": {}},
            "codec": {"name": self.codec, "properties": _given(codec)},
            "pixelFormat": {"name": self.pixel_format, "chromaSubsampling": {"yuv": self.yuv, "bits": self.bits}},
            "bitrate": self.bitrate,
            "frameWidth": self.width,
            "frameHeight": self.height,
            "videoFilters": [_filter(step) for step in self.steps],
        }


def _filter(step: Step) -> dict[str, Any]:
    properties = {"type": step.kind, "ffmpeg": step.graph, "standIn": step.stand_in, "implied": step.implied or None}
    return {"name": step.name, "properties": _given(properties)}


def _given(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if value is not None}
