"""What an output may differ by from its source before it is refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Gates(BaseModel):
    """The thresholds of a recipe; what is beyond one is a fault.

    ``duration_tolerance``: seconds that pictures may start or end elsewhere than the source's; the larger of it and
    ``duration_tolerance_part``, a part of the duration, counts.
    ``aspect_tolerance``: part by which the shape of the picture as displayed may differ; None for presets that pad.
    ``least_frame_rate``: frames per second, as part of the source's. Twice as many are always right.
    ``least_channels``: sound may have fewer channels than its source, but not fewer than this.
    ``max_black``, ``max_frozen``, ``max_silent``: seconds without picture, motion or sound where the source has it.
    ``max_loudness_shift``: LU, of the whole track (EBU R 128).
    ``max_av_offset``: seconds that sound may be early or late against the picture, at any place.
    ``picture_tolerance``: how far the average of a 32nd of the picture's width may be off, of 255 levels.
    ``vmaf_floor``: least mean VMAF, None for none; ``vmaf_low_floor``: least 5th percentile of its frames.
    ``vmaf_every``: only each n-th frame is scored, and of long videos only ``vmaf_seconds``, spread over them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    duration_tolerance: float = Field(default=0.25, ge=0)
    duration_tolerance_part: float = Field(default=0.001, ge=0, le=1)
    aspect_tolerance: float | None = Field(default=0.02, ge=0, le=1)
    least_frame_rate: float = Field(default=0.97, ge=0, le=1)
    least_channels: int = Field(default=2, ge=0)
    max_black: float = Field(default=0.1, ge=0)
    max_frozen: float = Field(default=0.4, ge=0)
    max_silent: float = Field(default=0.2, ge=0)
    max_loudness_shift: float = Field(default=1.5, ge=0)
    max_av_offset: float = Field(default=0.06, ge=0)
    picture_tolerance: float = Field(default=24, ge=0, le=255)
    vmaf_floor: float | None = Field(default=70, ge=0, le=100)
    vmaf_low_floor: float | None = Field(default=50, ge=0, le=100)
    vmaf_every: int = Field(default=5, ge=1)
    vmaf_seconds: float = Field(default=120, gt=0)
