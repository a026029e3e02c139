"""The encoding parameters of one output, as ByteNite's GUI writes them."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

HEIGHTS = {"4k": 2160, "8k": 4320}
RATIO = re.compile(r"(\d+(?:\.\d+)?)\s*[:/x]\s*(\d+(?:\.\d+)?)")
BITRATE = re.compile(r"\d+(\.\d+)?[kKmM]?")


class ImpossibleError(Exception):
    """Parameters that no encoder can follow; the job fails with this text."""


def _bitrate(value: object) -> object:
    if value in (None, ""):
        return None
    text = str(value)
    if not BITRATE.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no bit rate")
    return text


def _ratio(value: object) -> object:
    if value in (None, ""):
        return None
    match = RATIO.fullmatch(str(value).strip())
    number = float(match[1]) / float(match[2]) if match and float(match[2]) else 0.0
    if not 0.05 <= number <= 20:
        raise ValueError(f"{str(value)[:40]!r} is no aspect ratio")
    return number


def _fps(value: object) -> object:
    return None if value in (None, "") else value


BitRate = Annotated[str | None, BeforeValidator(_bitrate)]
Rate = Annotated[float, Field(gt=0, le=300)]
Ratio = Annotated[float | None, BeforeValidator(_ratio)]


class Part(BaseModel):
    """Unknown fields are let pass: the schema was never published, so ours cannot be complete."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Cropping(Part):
    """Pixels of the source cut away on each side."""

    bottom: int = Field(default=0, ge=0)
    left: int = Field(default=0, ge=0)
    right: int = Field(default=0, ge=0)
    top: int = Field(default=0, ge=0)


class Orientation(Part):
    """Turning and mirroring."""

    flip: Literal["", "horizontal", "vertical", "both", "none"] = ""
    rotation: str = ""


class Padding(Part):
    """Bars that bring the picture to another shape."""

    fill_color: str = Field(default="#000000", pattern=r"^(#[0-9A-Fa-f]{6}|[A-Za-z]{0,20})$")
    final_aspect_ratio: Ratio = None


class Resolution(Part):
    """The picture's height, and its shape if it is to be stretched."""

    aspect_ratio: Ratio = None
    avoid_upscaling: bool = False
    height: str | int = ""
    custom_height: int | None = Field(default=None)

    def lines(self) -> int | None:
        """Return the height in lines; None = the source's."""
        if self.height == "custom":
            if self.custom_height is None:
                raise ImpossibleError("resolution.height is custom but custom_height is missing")
            return _sane_height(self.custom_height)
        text = str(self.height).strip().lower()
        if text in ("", "original", "source"):
            return None
        number = HEIGHTS.get(text) or (int(text.rstrip("p")) if text.rstrip("p").isdecimal() else 0)
        return _sane_height(number, text)


def _sane_height(number: int, text: str = "") -> int:
    if not 16 <= number <= 4320:
        raise ImpossibleError(f"resolution height {text or number} is not between 16 and 4320")
    return number


class Aspect(Part):
    """What the picture looks like."""

    cropping: Cropping = Cropping()
    orientation: Orientation = Orientation()
    padding: Padding = Padding()
    resolution: Resolution = Resolution()


class Audio(Part):
    """The sound track."""

    audio_bitrate: BitRate = None
    audio_channel: str = ""
    audio_codec: str = "AAC"
    audio_sample_rate: str = ""


class Bitrate(Part):
    """Rate control."""

    rate_control_mode: Literal["variable_bitrate", "constant_bitrate", "constant_quality"] = "constant_quality"
    avg_bitrate: BitRate = None
    min_bitrate: BitRate = None
    max_bitrate: BitRate = None
    target_bitrate: BitRate = None
    buffer_size: BitRate = None
    crf: int | None = None


class CodecParams(Part):
    """Options of one encoder."""

    level: str = ""
    preset: str = ""
    profile: str = ""
    tune: str = ""
    cpu_used: int | None = None


class FrameRate(Part):
    """Pictures a second, and whether more may be made than there are."""

    fps: Annotated[Rate | None, BeforeValidator(_fps)] = None
    up_mode: str = "avoid"


class Video(Part):
    """The picture track."""

    bitrate: Bitrate = Bitrate()
    codec: Literal["libx264", "libx265", "libvpx-vp9"] = "libx264"
    codec_params: CodecParams = CodecParams()
    frame_rate: FrameRate = FrameRate()


class OutputParams(Part):
    """All that is asked of one output."""

    aspect: Aspect = Aspect()
    audio: Audio = Audio()
    video: Video = Video()


def read_output(output: dict[str, Any], index: int) -> OutputParams:
    """Return one output's parameters, or raise ImpossibleError naming the first field that is wrong."""
    kind = output.get("output_type", "mp4")
    if kind != "mp4":
        raise ImpossibleError(f"outputs[{index}]: output_type {str(kind)[:40]!r} is not made here, only mp4")
    try:
        return OutputParams.model_validate(output.get("output_params") or {})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ImpossibleError(f"outputs[{index}].output_params.{place}: {first['msg']}") from None
