"""A preset's `data`: form A (`raw`) and form B (objects), as the server's structs take them."""

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class OptionsError(Exception):
    """The data is not JSON of the right types: the worker panics on it."""


class Part(BaseModel):
    """Types are strict, members that nobody knows are ignored, missing ones are empty."""

    model_config = ConfigDict(extra="ignore", strict=True)


class Format(Part):
    """`format`: only the clip matters; the container follows the output's name."""

    clip: bool = False
    start: str = Field("", alias="startTime")
    stop: str = Field("", alias="stopTime")


class Video(Part):
    """`video`."""

    codec: str = ""
    preset: str = ""
    rate_control: str = Field("", alias="pass")
    crf: int = 0
    bitrate: str = ""
    minrate: str = ""
    maxrate: str = ""
    bufsize: str = ""
    pixel_format: str = ""
    frame_rate: str = ""
    speed: str = ""
    tune: str = ""
    profile: str = ""
    level: str = ""
    faststart: bool = False
    size: str = ""
    width: str = ""
    height: str = ""
    format: str = ""
    scaling: str = ""
    codec_options: str = ""


class Audio(Part):
    """`audio`."""

    codec: str = ""
    channel: str = ""
    quality: str = ""
    sample_rate: str = ""
    volume: str = ""


class Filter(Part):
    """`filter`. Without `denoise` and `deinterlace` set to "none" there are filters that nobody asked for."""

    deband: bool = False
    deshake: bool = False
    deflicker: bool = False
    dejudder: bool = False
    denoise: str = ""
    deinterlace: str = ""
    brightness: str = ""
    contrast: str = ""
    saturation: str = ""
    gamma: str = ""
    acontrast: str = ""


class Options(Part):
    """A preset's data."""

    raw: list[str] | None = None
    format: Format = Format()
    video: Video = Video()
    audio: Audio = Audio()
    filter: Filter = Filter()


def read(data: str) -> Options:
    """Return the options in a preset's data; raises OptionsError."""
    try:
        return Options() if data.strip() == "null" else Options.model_validate_json(data)
    except ValidationError as error:
        raise OptionsError(str(error.errors(include_url=False, include_input=False)[:1])) from None
