"""The body of ByteNite's params call as typed models: what a hand-written preset may say.

Field names and values are the vendor's (contract sheet, section 5, and the public notebooks). What
can have a default has one, so that a preset only says what matters. What is not covered here goes
through a JSON export instead.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

CODECS = {"libx264": "h264", "libx265": "hevc", "libvpx-vp9": "vp9"}


def _as_text(value: object) -> object:
    # YAML reads `fps: 30` and `audio_channel: 2.0` as numbers; the vendor wants "30" and "2.0".
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _like(pattern: str, example: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"should look like {example}, not {value!r}")
        return value

    return AfterValidator(check)


Text = Annotated[str, BeforeValidator(_as_text)]
Bitrate = Annotated[str, _like("[1-9][0-9]{0,6}k", "3000k (kilobits per second)")]
Ratio = Annotated[str, _like("|[1-9][0-9]{0,3}:[1-9][0-9]{0,3}", '"16:9"')]
Colour = Annotated[str, _like("#[0-9a-fA-F]{6}", '"#000000"')]
Channels = Annotated[Text, _like(r"1\.0|2\.0|5\.1|7\.1", '"2.0"')]
Fps = Annotated[Text, _like(r"|[1-9][0-9]{0,2}(\.[0-9]{1,3})?", '"30"')]
Level = Annotated[Text, _like(r"|[1-6](\.[0-3])?", '"4.1"')]
Speed = Literal[
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo"
]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cropping(_Model):
    """Pixels cut from each edge."""

    bottom: int = Field(default=0, ge=0)
    left: int = Field(default=0, ge=0)
    right: int = Field(default=0, ge=0)
    top: int = Field(default=0, ge=0)


class Orientation(_Model):
    """Flip and rotation; the vendor's words for them are not public, so they are passed on as they are."""

    flip: Text = ""
    rotation: Text = ""


class Padding(_Model):
    """Bars around the picture until it has the final aspect ratio, such as 16:9."""

    fill_color: Colour = "#000000"
    final_aspect_ratio: Ratio = ""


class Resolution(_Model):
    """The picture's height; the width follows from the aspect ratio."""

    aspect_ratio: Ratio = ""
    avoid_upscaling: bool = True
    height: Literal["480p", "540p", "720p", "1080p", "custom"] = "720p"
    custom_height: int | None = Field(default=None, ge=16, le=4320)

    @model_validator(mode="after")
    def _heights_agree(self) -> Resolution:
        if self.height == "custom" and self.custom_height is None:
            raise ValueError("height is custom, so custom_height must say how many pixels")
        if self.height != "custom" and self.custom_height is not None:
            raise ValueError(f"custom_height needs height: custom, not {self.height}")
        if self.custom_height is not None and self.custom_height % 2:
            raise ValueError(f"custom_height must be even, as 4:2:0 video needs, not {self.custom_height}")
        return self


class Aspect(_Model):
    """What happens to the picture's shape."""

    cropping: Cropping = Cropping()
    orientation: Orientation = Orientation()
    padding: Padding = Padding()
    resolution: Resolution = Resolution()


class Audio(_Model):
    """The one audio track. ``audio: null`` leaves it out of the parameters."""

    audio_bitrate: Bitrate = "192k"
    audio_channel: Channels = "2.0"
    audio_codec: Literal["AAC"] = "AAC"
    audio_sample_rate: Literal["44.1khz", "48khz"] = "48khz"


class VariableBitrate(_Model):
    """An average, and the bounds it moves in."""

    rate_control_mode: Literal["variable_bitrate"]
    avg_bitrate: Bitrate
    min_bitrate: Bitrate
    max_bitrate: Bitrate
    buffer_size: Bitrate

    @model_validator(mode="after")
    def _in_order(self) -> VariableBitrate:
        low, middle, high = (int(b[:-1]) for b in (self.min_bitrate, self.avg_bitrate, self.max_bitrate))
        if not low <= middle <= high:
            raise ValueError(
                "min_bitrate <= avg_bitrate <= max_bitrate must hold, "
                f"not {self.min_bitrate}, {self.avg_bitrate}, {self.max_bitrate}"
            )
        return self


class ConstantBitrate(_Model):
    """The same bitrate throughout."""

    rate_control_mode: Literal["constant_bitrate"]
    target_bitrate: Bitrate


class ConstantQuality(_Model):
    """The same quality throughout; ``crf`` 0 is best, the bitrate is what it takes."""

    rate_control_mode: Literal["constant_quality"]
    crf: int = Field(ge=0, le=63)
    buffer_size: Bitrate


RateControl = Annotated[VariableBitrate | ConstantBitrate | ConstantQuality, Field(discriminator="rate_control_mode")]


class FrameRate(_Model):
    """Frames per second, "" for the source's; ``up_mode: avoid`` never invents frames."""

    fps: Fps = ""
    up_mode: Literal["avoid"] = "avoid"


class X264Params(_Model):
    """What libx264 takes."""

    level: Level = ""
    preset: Speed = "medium"
    profile: Literal["", "baseline", "main", "high"] = ""
    tune: Literal["", "film", "animation", "grain", "stillimage", "fastdecode", "zerolatency"] = ""


class X265Params(_Model):
    """What libx265 takes; no level was ever seen."""

    preset: Speed = "medium"
    profile: Literal["", "main", "main10"] = ""
    tune: Literal["", "animation", "grain", "fastdecode", "zerolatency"] = ""


class Vp9Params(_Model):
    """What libvpx-vp9 takes: 0 is slow and good, 8 is fast."""

    cpu_used: int = Field(default=1, ge=0, le=8)


class _Video(_Model):
    bitrate: RateControl
    frame_rate: FrameRate = FrameRate()

    @model_validator(mode="after")
    def _crf_in_range(self) -> _Video:
        x26x = getattr(self, "codec", "").startswith("libx26")
        if x26x and isinstance(self.bitrate, ConstantQuality) and self.bitrate.crf > 51:
            raise ValueError(f"crf goes up to 51 with this codec, not {self.bitrate.crf}")
        return self


class X264(_Video):
    """H.264."""

    codec: Literal["libx264"]
    codec_params: X264Params = X264Params()


class X265(_Video):
    """H.265 (HEVC)."""

    codec: Literal["libx265"]
    codec_params: X265Params = X265Params()


class Vp9(_Video):
    """VP9."""

    codec: Literal["libvpx-vp9"]
    codec_params: Vp9Params = Vp9Params()


class OutputParams(_Model):
    """How one output is made."""

    aspect: Aspect = Aspect()
    audio: Audio | None = Audio()
    video: Annotated[X264 | X265 | Vp9, Field(discriminator="codec")]


class Output(_Model):
    """One file that comes out."""

    name: str | None = Field(default=None, max_length=100)
    output_params: OutputParams
    output_type: Literal["mp4"] = "mp4"


class Data(_Model):
    """All outputs, and the Go template their names are made from."""

    output_code_template: str = ""
    output_template: str = "{{.job_name}}_{{.output_params.Aspect.Resolution.Height}}"
    outputs: tuple[Output, ...] = Field(min_length=1, max_length=50)


class Params(_Model):
    """A whole hand-written preset: the params call's body, and a description for people."""

    description: str = ""
    data: Data
    preset: Literal["unpackaged", ""] = "unpackaged"

    def body(self) -> dict[str, Any]:
        """Give what is sent: the defaults spelled out, the absent left out."""
        return self.model_dump(mode="json", exclude={"description"}, exclude_none=True)
