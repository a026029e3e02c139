"""Process requests: checked by the document's rules, then settled against the source."""

from typing import Any

from sandbox.pixop.codecs import find_codec, pixel_format
from sandbox.pixop.fields import BadRequestError
from sandbox.pixop.filters import Shape, steps
from sandbox.pixop.order import Order
from sandbox.pixop.sizing import pick_size
from sandbox.pixop.source import Source, read_source
from sandbox.pixop.target import (
    find_shortfalls,
    pick_bitrate,
    pick_chroma,
    pick_container,
    pick_profile,
    pick_rate,
    pick_scanning,
)
from sandbox.pixop.wishes import Wish, read_wish

__all__ = ["BadRequestError", "Order", "read_request"]


def read_request(body: Any, metadata: dict[str, Any]) -> Order:
    """Return what will be made of a source with this `metadata` object.

    Raises BadRequestError, naming the field, for what breaks a rule of the sheet (section 4) or cannot be encoded.
    """
    return _settle(read_wish(body), read_source(metadata))


def _settle(wish: Wish, source: Source) -> Order:
    container, name = pick_container(wish, source)
    profile = pick_profile(wish, name)
    label = profile if profile and name == "dnxhd" else " ".join(filter(None, (name, profile)))
    codec = find_codec(name, profile)
    (yuv, bits), shallower = pick_chroma(wish, source, codec, label)
    interlaced = pick_scanning(wish, source, codec, label)
    size = pick_size(wish, source, codec, label, interlaced=bool(interlaced))
    fps = pick_rate(wish, source, codec, container, interlaced=bool(interlaced), label=label)
    shape = Shape(size.width, size.height, fps, interlaced)
    bitrate = pick_bitrate(wish, source, name, profile, shape)
    start, end = _range(wish, source)
    return Order(
        container=container,
        codec=name,
        profile=profile,
        yuv=yuv,
        bits=bits,
        pixel_format=pixel_format(yuv, bits),
        bitrate=bitrate,
        width=size.width,
        height=size.height,
        sample_aspect=_ratio(size.sample_aspect, ":"),
        fps=_ratio(fps, "/"),
        interlaced=interlaced,
        start_ms=start,
        end_ms=end,
        clip=wish.start_ms is not None or wish.end_ms is not None,
        steps=steps(wish, source, shape),
        shortfalls=(*shallower, *find_shortfalls(wish, codec, profile, bitrate)),
    )


def _ratio(value: Any, sign: str) -> str:
    return f"{value.numerator}{sign}{value.denominator}"


def _range(wish: Wish, source: Source) -> tuple[int, int]:
    start, end = wish.start_ms or 0, source.duration_ms if wish.end_ms is None else wish.end_ms
    for name, position in (("startPosition", start), ("endPosition", end)):
        if position > source.duration_ms:
            raise BadRequestError(
                f"range.{name}Milliseconds must be between 0 and the video's {source.duration_ms}, not {position}"
            )
    if (wish.start_ms is not None or wish.end_ms is not None) and end <= start:
        raise BadRequestError(f"range.endPositionMilliseconds must be after the start at {start}, not {end}")
    return start, end
