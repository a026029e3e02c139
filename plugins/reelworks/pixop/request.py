"""The body of Pixop's process-video call as a typed model, in the document's own words.

All fields are optional, and what is left out is taken from the source. The rules are those of the document's parameter
table; each is checked here, before a byte is uploaded.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import model_validator

from reelworks.pixop import rules
from reelworks.pixop.parts import (
    Bitrate,
    ChromaSubsampling,
    FrameRate,
    MediaContainerCodec,
    Part,
    Range,
    Resolution,
    Scanning,
    Word,
)
from reelworks.pixop.rules import PROFILE, listed


class Request(Part):
    """A whole request."""

    if_empty = "is empty, and would pay for a copy; give it at least one field"

    mediaContainerCodec: MediaContainerCodec | None = None
    appleProresProfile: Annotated[Word, PROFILE, listed(rules.PRORES)] | None = None
    dnxhdHrProfile: Annotated[Word, listed(rules.DNX)] | None = None
    scanning: Scanning | None = None
    chromaSubsampling: ChromaSubsampling | None = None
    bitrate: Bitrate | None = None
    deinterlacer: Annotated[Word, listed(rules.DEINTERLACERS)] | None = None
    denoiser: Annotated[Word, listed(rules.DENOISERS)] | None = None
    stabilizer: Annotated[Word, listed(("dejit",))] | None = None
    scaler: Annotated[Word, listed(rules.SCALERS)] | None = None
    resolution: Resolution | None = None
    clarityBoost: Annotated[Word, listed(rules.CLARITY)] | None = None
    frameRateConverter: Annotated[Word, listed(rules.RATE_CONVERTERS)] | None = None
    frameRate: FrameRate | None = None
    postProcessor: Annotated[Word, listed(("filmgrain",))] | None = None
    range: Range | None = None

    @model_validator(mode="after")
    def _go_together(self) -> Request:
        profiles = {
            "appleProresProfile": ("prores", self.appleProresProfile),
            "dnxhdHrProfile": ("dnxhd", self.dnxhdHrProfile),
        }
        rules.check_profiles(self.codec, profiles)
        # Of a scaler that is newer than the document, nothing is known.
        other = self.scaler is None or self.scaler in rules.SCALERS
        if self.clarityBoost not in (None, "none") and other and self.scaler != "pabsr1":
            raise ValueError("clarityBoost takes effect with scaler: pabsr1 only; set that, or leave it out")
        return self

    @property
    def container(self) -> str | None:
        """The container that is asked for."""
        return self.mediaContainerCodec.container if self.mediaContainerCodec else None

    @property
    def codec(self) -> str | None:
        """The codec that is asked for."""
        return self.mediaContainerCodec.codec if self.mediaContainerCodec else None

    def body(self) -> dict[str, Any]:
        """Give what is sent: what is not set is left out, for Pixop takes no nulls."""
        return self.model_dump(mode="json", exclude_none=True)
