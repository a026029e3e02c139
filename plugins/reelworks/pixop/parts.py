"""The parts of a request: what goes together, what excludes what, and what requires what.

Times are in milliseconds, sizes in pixels, rates in megabits and frames per second.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, model_validator

from reelworks.pixop import rules
from reelworks.pixop.rules import RATIO, is_free, listed

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]


class Part(BaseModel):
    """What all parts of a preset have in common: strict types, no unknown and no empty fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    if_empty: ClassVar[str] = "is empty; give it a field, or leave it out to have the source's"

    @model_validator(mode="before")
    @classmethod
    def _spelled(cls, data: Any) -> Any:
        if data == {}:
            raise ValueError(cls.if_empty)
        for field, value in data.items() if isinstance(data, dict) else ():
            if field not in cls.model_fields and (hint := rules.nearest(field, cls.model_fields)):
                raise ValueError(f"there is no field {field!r}.{hint}")
            if value is None:
                raise ValueError(f"{field} is empty; give it a value, or leave it out")
        return data


class MediaContainerCodec(Part):
    """What file comes out."""

    container: Annotated[Word, listed(rules.CODECS_OF)] | None = None
    codec: Annotated[Word, listed(rules.CODECS)] | None = None

    @model_validator(mode="after")
    def _go_together(self, info: ValidationInfo) -> MediaContainerCodec:
        offered = rules.CODECS_OF.get(self.container or "", ())
        if offered and self.codec in rules.CODECS and self.codec not in offered and not is_free(info):
            raise ValueError(
                f"container {self.container} takes codec {', '.join(offered)}, not {self.codec}, "
                "says Pixop's SDK (the document is silent); allow_unlisted: true tries it anyway"
            )
        return self


class Scanning(Part):
    """Progressive or interlaced output: by ``tag``, or else by type and field order."""

    tag: Annotated[Word, listed(rules.SCANNING)] | None = None
    scanningType: Annotated[Word, listed(("progressive", "interlaced"))] | None = None
    interlacedFieldOrder: Word | None = None

    @model_validator(mode="after")
    def _one_way(self, info: ValidationInfo) -> Scanning:
        kind, order = self.scanningType, self.interlacedFieldOrder
        if self.tag and (kind or order):
            raise ValueError("tag excludes scanningType and interlacedFieldOrder; keep the tag alone")
        if kind == "progressive" and order:
            raise ValueError("interlacedFieldOrder excludes scanningType: progressive; leave it out")
        if kind == "interlaced" and not order:
            raise ValueError(
                "interlacedFieldOrder is required when scanningType is interlaced; "
                "better use tag: interlaced_tff alone, which says both"
            )
        if order and not is_free(info):
            raise ValueError(
                f"interlacedFieldOrder {order!r} is uncertain: the document says top_field and bottom_field, the SDK "
                "top_first and bottom_first; use scanning tag interlaced_tff (or interlaced_bff) instead"
            )
        return self


class ChromaSubsampling(Part):
    """Colour resolution, and bits for each sample."""

    yuv: Annotated[Word, RATIO, listed(rules.BITS_OF)] | None = None
    bits: Annotated[int, Field(ge=1, le=32), listed(rules.BITS)] | None = None

    @model_validator(mode="after")
    def _go_together(self, info: ValidationInfo) -> ChromaSubsampling:
        offered = rules.BITS_OF.get(self.yuv or "", rules.BITS)
        if self.bits is not None and self.bits not in offered and not is_free(info):
            raise ValueError(
                f"yuv {self.yuv} takes bits {', '.join(map(str, offered))}, not {self.bits}, "
                "says Pixop's SDK (the document is silent); allow_unlisted: true tries it anyway"
            )
        return self


class Bitrate(Part):
    """Megabits per second; without it Pixop computes one from the source's and the size."""

    if_empty = "mbps is required; or leave bitrate out to have it computed"

    mbps: float = Field(ge=0.01, le=4000.0, allow_inf_nan=False)


class Resolution(Part):
    """The output's frame: by ``tag``, or else by width and height, or one of them and an aspect ratio."""

    if_empty = "width or height (or both) is required when there is no tag"

    tag: Annotated[Word, listed((*rules.SIZES, *rules.TIMES))] | None = None
    width: int | None = Field(default=None, ge=16, le=7680)
    height: int | None = Field(default=None, ge=16, le=4320)
    aspectRatioTag: Annotated[Word, RATIO, listed(rules.ASPECTS)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Resolution:
        if self.tag and (self.width or self.height):
            raise ValueError("tag excludes width and height; keep the one or the other")
        if self.tag and self.aspectRatioTag:
            raise ValueError("aspectRatioTag derives a missing width or height, and tag gives both; leave one out")
        if not (self.tag or self.width or self.height):
            raise ValueError(self.if_empty)
        if self.width and self.height and self.aspectRatioTag:
            raise ValueError("width, height and aspectRatioTag together are a bad request; leave one of them out")
        return self


class FrameRate(Part):
    """Frames per second of the output: by ``tag``, or else a number."""

    if_empty = "fps is required when there is no tag"

    tag: Annotated[Word, listed(rules.RATES)] | None = None
    fps: float | None = Field(default=None, ge=0.001, le=999, allow_inf_nan=False)

    @model_validator(mode="after")
    def _one_way(self) -> FrameRate:
        if self.tag and self.fps is not None:
            raise ValueError("tag excludes fps; keep the one or the other")
        return self


class Range(Part):
    """The part of the source that is processed, in milliseconds from its start."""

    startPositionMilliseconds: int | None = Field(default=None, ge=0)
    endPositionMilliseconds: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        start, end = self.startPositionMilliseconds or 0, self.endPositionMilliseconds
        if end is not None and end <= start:
            raise ValueError(f"endPositionMilliseconds must come after the start at {start}, not at {end}")
        return self
