"""What may stand in an Open Encoder preset's ``data``, as typed models: form A (``raw``) and form B (objects).

Field names and values are the server's. What it cannot do is refused here: a second pass (its command line is
broken), and in form B the three filters that it adds when ``denoise`` or ``deinterlace`` is left out.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

CODECS = {
    "libx264": "h264",
    "libx265": "hevc",
    "libvpx": "vp8",
    "libvpx-vp9": "vp9",
    "libaom-av1": "av1",
    "libsvtav1": "av1",
}


def _as_text(value: object) -> object:
    # YAML reads `frame_rate: 30` as a number, and the server's JSON reader panics at one.
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _like(pattern: str, example: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"should look like {example}, not {value!r}")
        return value

    return AfterValidator(check)


Text = Annotated[str, BeforeValidator(_as_text)]
Word = Annotated[Text, _like(r"\S*", "one word")]
Bitrate = Annotated[Text, _like("|0|[1-9][0-9]*[kM]?", '"3000k"')]
Pixels = Annotated[Text, _like("|-1|-2|[1-9][0-9]{0,4}", '"720", or "-2" to follow the other side')]
Time = Annotated[Text, _like(r"|[0-9:.]+", '"00:00:10"')]
Number = Annotated[Text, _like(r"|-?[0-9]+(\.[0-9]+)?", '"1.2"')]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Format(_Model):
    """The container, and the part of the source that is taken with ``clip: true``."""

    container: Word = "mp4"
    clip: bool = False
    startTime: Time = ""
    stopTime: Time = ""


class Video(_Model):
    """The picture. ``crf`` counts with ``pass: crf`` only; ``size: custom`` takes ``width`` and ``height``."""

    codec: Literal["libx264", "libx265", "libvpx", "libvpx-vp9", "libaom-av1", "libsvtav1", "copy"]
    preset: Word = "none"
    rate: Literal["1", "crf"] = Field(default="1", alias="pass")
    crf: int = Field(default=0, ge=0, le=63)
    bitrate: Bitrate = ""
    minrate: Bitrate = ""
    maxrate: Bitrate = ""
    bufsize: Bitrate = ""
    pixel_format: Word = "auto"
    frame_rate: Number = ""
    speed: Word = "auto"
    tune: Word = "none"
    profile: Word = "none"
    level: Word = "none"
    faststart: bool = False
    size: Literal["source", "custom"] = "source"
    width: Pixels = ""
    height: Pixels = ""
    format: Literal["", "widescreen"] = ""
    aspect: Word = ""
    scaling: Word = "auto"
    codec_options: Word = ""

    @model_validator(mode="after")
    def _agrees(self) -> Video:
        if (self.crf != 0) != (self.rate == "crf"):
            raise ValueError("crf counts with pass: crf only, which needs a crf of 1 or more")
        if (self.size == "custom") != bool(self.width and self.height):
            raise ValueError("size: custom needs width and height, and they need it")
        if self.scaling != "auto" and self.size == "source":
            raise ValueError("scaling needs size: custom")
        if self.frame_rate and self.pixel_format == "auto":
            # The server looks at the wrong field here, and drops the rate.
            raise ValueError("frame_rate needs a pixel_format, such as yuv420p")
        return self


class Audio(_Model):
    """The sound; ``volume`` in percent, ``quality`` is a bit rate such as 128k."""

    codec: Literal["", "aac", "libopus", "libvorbis", "libmp3lame", "copy"] = "aac"
    channel: Annotated[Text, _like("source|[1-8]", '"2"')] = "source"
    quality: Annotated[Text, _like("auto|[1-9][0-9]*k", '"128k"')] = "auto"
    sample_rate: Annotated[Text, _like("auto|[1-9][0-9]{3,5}", '"48000"')] = "auto"
    volume: Number = "100"


class Filter(_Model):
    """Filters. Left out, ``denoise`` and ``deinterlace`` would add some, so they are always sent."""

    deband: bool = False
    deshake: bool = False
    deflicker: bool = False
    dejudder: bool = False
    denoise: Literal["none", "light", "medium", "heavy"] = "none"
    deinterlace: Literal["none", "frame", "field", "frame_nospatial", "field_nospatial"] = "none"
    brightness: Number = ""
    contrast: Number = ""
    saturation: Number = ""
    gamma: Number = ""
    acontrast: Number = ""


class Objects(_Model):
    """Form B: what the server builds a command line from."""

    format: Format = Format()
    video: Video
    audio: Audio = Audio()
    filter: Filter = Filter()

    def body(self) -> dict[str, Any]:
        """Give what is sent: the defaults spelled out."""
        return self.model_dump(mode="json", by_alias=True)


def _arguments(entries: tuple[str, ...]) -> tuple[str, ...]:
    for entry in entries:
        if not entry.startswith("-") or entry != " ".join(entry.split()):
            raise ValueError(f'each entry is one option with its value, such as "-c:v libx264", not {entry!r}')
    words = [word for entry in entries for word in entry.split()]
    if "-y" not in words:
        raise ValueError('"-y" is missing: without it ffmpeg would stop and ask')
    if "-i" in words:
        raise ValueError("-i is not for a preset: the server adds the source")
    return entries


class Raw(_Model):
    """Form A: ffmpeg's own options, each entry split at its spaces (so none may be within a value)."""

    raw: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_arguments)]

    def body(self) -> dict[str, Any]:
        """Give what is sent."""
        return self.model_dump(mode="json")


def data_kind(value: Any) -> str:
    """Tell the two forms apart: with ``raw`` the server ignores all else."""
    return "form A" if isinstance(value, dict) and "raw" in value else "form B"
