"""What Pixop's document and its SDK list: the words of each field, and what goes with what.

The words are the parameter table's ("Trigger a request to process a video", July 2021). ``allow_unlisted: true`` in a
preset lets words pass that are newer than it; ranges, exclusions and what one field requires of another hold anyway.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

NEWER = "allow_unlisted: true lets values pass that are newer than the document"

DEINTERLACERS = ("deint", "yadif", "bwdif", "weston3f")
DENOISERS = ("denoise", "hqdn3d")
SCALERS = ("pabsr1", "dvres", "scale")
RATE_CONVERTERS = ("fps", "fblend", "mcinterpolate")
CLARITY = ("none", "marginal", "very_low", "low", "medium", "high", "very_high")
PRORES = ("proxy", "lt", "standard", "hq", "4444", "4444xq")
DNX = tuple(f"dnx{kind}_{grade}" for kind in ("hd", "hr") for grade in ("lb", "sq", "hq", "hqx", "444"))
SCANNING = ("auto", "progressive", "interlaced_tff", "interlaced_bff")
ASPECTS = ("display", "storage", "16:9", "4:3")
BITS = (8, 10, 12, 14, 16)
SIZES = {"hd_1080p": (1920, 1080), "uhd_4k": (3840, 2160), "uhd_8k": (7680, 4320)}
TIMES = {"2x": 2, "3x": 3, "4x": 4}
RATES = {
    "film_ntsc": 24000 / 1001,
    "film": 24.0,
    "video_pal": 25.0,
    "video_ntsc": 30000 / 1001,
    "video_hd": 30.0,
    "video_pal_fast": 50.0,
    "video_ntsc_fast": 60000 / 1001,
    "video_hd_fast": 60.0,
}

# Only Pixop's SDK has these two tables (pixop-cs-api-java-client 4.3.1, ProcessVideoRequest).
CODECS_OF = {
    "mov": ("h264", "prores", "dnxhd", "hevc", "mpeg2", "ffv1"),
    "mxf": ("h264", "xdcam", "mpeg2", "dnxhd"),
    "mp4": ("h264", "hevc"),
    "mts": ("h264", "hevc", "mpeg2"),
}
BITS_OF: dict[str, tuple[int, ...]] = {
    "4:1:0": (8,),
    "4:1:1": (8,),
    "4:2:0": BITS,
    "4:2:2": BITS,
    "4:4:0": (8, 10, 12),
    "4:4:4": BITS,
}
CODECS = ("h264", "prores", "dnxhd", "xdcam", "hevc", "mpeg2", "ffv1")

# YAML 1.1 reads 4:2:2 without quotes as a time of day, which is 14522 seconds.
_TIMES_OF_DAY = {
    sum(int(part) * 60**place for place, part in enumerate(reversed(word.split(":")))): word
    for word in (*BITS_OF, "16:9", "4:3")
}


def is_free(info: ValidationInfo) -> bool:
    """Return whether the preset says ``allow_unlisted: true``."""
    return bool((info.context or {}).get("allow_unlisted"))


def listed(words: Iterable[str | int]) -> AfterValidator:
    """Check that a value is among ``words``, unless the preset allows others."""
    known = tuple(words)

    def check(value: str | int, info: ValidationInfo) -> str | int:
        if value not in known and not is_free(info):
            raise ValueError(f"is one of {', '.join(map(str, known))}, not {value!r}.{nearest(value, known)} {NEWER}")
        return value

    return AfterValidator(check)


def nearest(value: object, known: Iterable[str | int]) -> str:
    """Give the question "Did you mean …?" after a space; "" if nothing comes near."""
    near = difflib.get_close_matches(str(value).lower(), [str(word) for word in known], n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _ratio(value: object) -> object:
    return _TIMES_OF_DAY.get(value, value) if type(value) is int else value


def _profile(value: object) -> object:
    # The one profile that YAML reads as a number.
    return "4444" if type(value) is int and value == 4444 else value


RATIO, PROFILE = BeforeValidator(_ratio), BeforeValidator(_profile)


def check_profiles(codec: str | None, profiles: Mapping[str, tuple[str, str | None]]) -> None:
    """Check that a profile stands with its codec, and its codec with a profile; ValueError if not."""
    for field, (owner, profile) in profiles.items():
        if profile is not None and codec != owner:
            now = f"it is {codec}" if codec else "none is given"
            raise ValueError(
                f"{field} is for codec {owner} only, and {now}; set mediaContainerCodec.codec: {owner}, or leave it out"
            )
        if profile is None and codec == owner:
            such = "hq" if owner == "prores" else "dnxhr_hq"
            raise ValueError(f"{field} is required when mediaContainerCodec.codec is {owner}; add one, such as {such}")
