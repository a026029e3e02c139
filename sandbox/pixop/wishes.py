"""The body of a process request, checked by the document's rules but not yet held against a source.

The numbers in the comments are those of the sheet's rule list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sandbox.pixop import values
from sandbox.pixop.fields import BadRequestError, listed, read_choice, read_number, read_object, read_whole


@dataclass(frozen=True)
class Wish:
    """What was asked for; None is for what was not. Bit rates in bits, positions in milliseconds."""

    container: str | None = None
    codec: str | None = None
    prores_profile: str | None = None
    dnx_profile: str | None = None
    scanning: str = "auto"
    field_order: str | None = None
    yuv: str | None = None
    bits: int | None = None
    bitrate: int | None = None
    deinterlacer: str | None = None
    denoiser: str | None = None
    stabilizer: str | None = None
    scaler: str | None = None
    size_tag: str | None = None
    width: int | None = None
    height: int | None = None
    aspect: str | None = None
    clarity_boost: str = "none"
    converter: str | None = None
    fps: Fraction | None = None
    post_processor: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None


FIELDS = (
    "mediaContainerCodec",
    "appleProresProfile",
    "dnxhdHrProfile",
    "scanning",
    "chromaSubsampling",
    "bitrate",
    "deinterlacer",
    "denoiser",
    "stabilizer",
    "scaler",
    "resolution",
    "clarityBoost",
    "frameRateConverter",
    "frameRate",
    "postProcessor",
    "range",
)


def read_wish(body: Any) -> Wish:
    """Check everything that can be checked without the source. Raises BadRequestError."""
    if not isinstance(body, dict):
        raise BadRequestError("the request must be a JSON object")
    fields = read_object({"request": body}, "request", FIELDS, where="")
    return Wish(
        **_container_and_codec(fields),
        **_scanning(fields),
        **_chroma(fields),
        bitrate=_bitrate(fields),
        **_filters(fields),
        **_resolution(fields),
        clarity_boost=read_choice(fields, "clarityBoost", values.CLARITY_BOOSTS) or "none",  # rule 16
        fps=_frame_rate(fields),
        **_range(fields),
    )


def _container_and_codec(fields: Mapping[str, Any]) -> dict[str, Any]:
    pair = read_object(fields, "mediaContainerCodec", ("container", "codec"))
    container = read_choice(pair, "container", values.CONTAINERS, "mediaContainerCodec.")  # rule 1
    codec = read_choice(pair, "codec", values.CODECS, "mediaContainerCodec.")
    if container and codec and codec not in values.CODECS_OF[container]:
        raise BadRequestError(f"mediaContainerCodec: {container} cannot hold {codec}")
    return {
        "container": container,
        "codec": codec,
        "prores_profile": _profile(fields, "appleProresProfile", values.PRORES_PROFILES, codec, "prores"),  # rule 2
        "dnx_profile": _profile(fields, "dnxhdHrProfile", values.DNX_PROFILES, codec, "dnxhd"),  # rule 3
    }


def _profile(
    fields: Mapping[str, Any], name: str, allowed: tuple[str, ...], codec: str | None, owner: str
) -> str | None:
    profile = read_choice(fields, name, allowed)
    if profile and codec and codec != owner:
        raise BadRequestError(f"{name} may be given only when the codec is {owner}, not {codec}")
    if codec == owner and not profile:
        raise BadRequestError(f"{name} must be given when the codec is {owner}")
    return profile


def _scanning(fields: Mapping[str, Any]) -> dict[str, Any]:
    scanning = read_object(fields, "scanning", ("tag", "scanningType", "interlacedFieldOrder"))
    tag = read_choice(scanning, "tag", values.SCANNING_TAGS, "scanning.")  # rule 4
    kind = read_choice(scanning, "scanningType", values.SCANNING_TYPES, "scanning.")
    order = read_choice(scanning, "interlacedFieldOrder", values.FIELD_ORDERS, "scanning.")  # rule 7
    if tag and (kind or order):  # rule 5
        raise BadRequestError("scanning.tag excludes scanning.scanningType and scanning.interlacedFieldOrder")
    if kind == "interlaced" and not order:  # rule 6
        raise BadRequestError("scanning.interlacedFieldOrder must be given when scanning.scanningType is interlaced")
    if kind == "progressive" and order:
        raise BadRequestError(
            "scanning.interlacedFieldOrder may not be given when scanning.scanningType is progressive"
        )
    if tag and tag.startswith("interlaced_"):
        return {"scanning": "interlaced", "field_order": tag.removeprefix("interlaced_")}
    return {"scanning": tag or kind or "auto", "field_order": values.FIELD_ORDERS[order] if order else None}


def _chroma(fields: Mapping[str, Any]) -> dict[str, Any]:
    chroma = read_object(fields, "chromaSubsampling", ("yuv", "bits"))
    yuv = read_choice(chroma, "yuv", values.DEPTHS_OF, "chromaSubsampling.")  # rule 8
    bits = read_whole(chroma, "bits", (8, 16), "chromaSubsampling.")
    if bits is not None and bits not in values.DEPTHS:
        raise BadRequestError(f"chromaSubsampling.bits must be one of {listed(values.DEPTHS)}, not {bits}")
    if yuv and bits and bits not in values.DEPTHS_OF[yuv]:
        raise BadRequestError(f"chromaSubsampling: there is no {yuv} with {bits} bits")
    return {"yuv": yuv, "bits": bits}


def _bitrate(fields: Mapping[str, Any]) -> int | None:
    mbps = read_number(read_object(fields, "bitrate", ("mbps",)), "mbps", values.MBPS, "bitrate.")  # rule 9
    return None if mbps is None else round(mbps * 1_000_000)


def _filters(fields: Mapping[str, Any]) -> dict[str, Any]:  # rule 10
    return {
        "deinterlacer": read_choice(fields, "deinterlacer", values.DEINTERLACERS),
        "denoiser": read_choice(fields, "denoiser", values.DENOISERS),
        "stabilizer": read_choice(fields, "stabilizer", values.STABILIZERS),
        "scaler": read_choice(fields, "scaler", values.SCALERS),
        "converter": read_choice(fields, "frameRateConverter", values.FRAME_RATE_CONVERTERS),
        "post_processor": read_choice(fields, "postProcessor", values.POST_PROCESSORS),
    }


def _resolution(fields: Mapping[str, Any]) -> dict[str, Any]:
    size = read_object(fields, "resolution", ("tag", "width", "height", "aspectRatioTag"))
    tag = read_choice(size, "tag", (*values.SIZES, *values.FACTORS), "resolution.")  # rule 11
    width = read_whole(size, "width", values.WIDTHS, "resolution.")  # rule 12
    height = read_whole(size, "height", values.HEIGHTS, "resolution.")
    aspect = read_choice(size, "aspectRatioTag", values.ASPECTS, "resolution.")  # rule 13
    if tag and (width or height):
        raise BadRequestError("resolution.tag excludes resolution.width and resolution.height")
    if width and height and aspect:  # rule 14
        raise BadRequestError("resolution.aspectRatioTag may not be given with both width and height")
    if tag and aspect:  # rule 15
        raise BadRequestError("resolution.aspectRatioTag may not be given with resolution.tag")
    if fields.get("resolution") is not None and not (tag or width or height):
        raise BadRequestError("resolution.width or resolution.height must be given when there is no resolution.tag")
    return {"size_tag": tag, "width": width, "height": height, "aspect": aspect}


def _frame_rate(fields: Mapping[str, Any]) -> Fraction | None:
    rate = read_object(fields, "frameRate", ("tag", "fps"))
    tag = read_choice(rate, "tag", values.FRAME_RATES, "frameRate.")  # rule 17
    fps = read_number(rate, "fps", values.FPS, "frameRate.")
    if tag and fps is not None:  # rule 18
        raise BadRequestError("frameRate.tag excludes frameRate.fps")
    if fields.get("frameRate") is not None and not tag and fps is None:
        raise BadRequestError("frameRate.fps must be given when there is no frameRate.tag")
    if tag:
        return values.FRAME_RATES[tag]
    return None if fps is None else exact_rate(fps)


def exact_rate(fps: float) -> Fraction:
    """Return the rate that a decimal stands for: 29.97 is 30000/1001, as everywhere in video."""
    for whole in (24, 30, 48, 60, 120):
        ntsc = Fraction(whole * 1000, 1001)
        if abs(fps - ntsc) < 0.005:
            return ntsc
    return Fraction(fps).limit_denominator(1001)


def _range(fields: Mapping[str, Any]) -> dict[str, Any]:
    part = read_object(fields, "range", ("startPositionMilliseconds", "endPositionMilliseconds"))
    # Rule 19; what the source's duration decides is checked with the source.
    start = read_whole(part, "startPositionMilliseconds", (0, None), "range.")
    end = read_whole(part, "endPositionMilliseconds", (0, None), "range.")
    return {"start_ms": start, "end_ms": end}
