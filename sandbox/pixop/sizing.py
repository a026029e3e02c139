"""Size and pixel shape of the output, from tag, sides or aspect (rules 11 to 15 of the sheet)."""

from dataclasses import dataclass
from fractions import Fraction

from sandbox.pixop import values
from sandbox.pixop.codecs import Codec
from sandbox.pixop.fields import BadRequestError
from sandbox.pixop.source import Source
from sandbox.pixop.wishes import Wish


@dataclass(frozen=True)
class Size:
    """Pixels, and the shape of one of them."""

    width: int
    height: int
    sample_aspect: Fraction


def pick_size(wish: Wish, source: Source, codec: Codec, label: str, *, interlaced: bool) -> Size:
    """Return the output's size. Raises BadRequestError if it is beyond the limits or not one of the codec's.

    Sides are even, and the height of an interlaced picture a multiple of four, for each field has its own chroma.
    """
    width, height, shape = _wanted(wish, source)
    size = Size(_multiple(width, 2), _multiple(height, 4 if interlaced else 2), shape)
    if size.width > values.WIDTHS[1] or size.height > values.HEIGHTS[1]:
        limit = f"{values.WIDTHS[1]}x{values.HEIGHTS[1]}"
        raise BadRequestError(f"resolution: {size.width}x{size.height} is beyond the limit of {limit}")
    _check_codec(size, codec, label)
    return size


def _wanted(wish: Wish, source: Source) -> tuple[Fraction, Fraction, Fraction]:
    """Return width, height and pixel shape before rounding.

    A size that was told outright keeps the source's display aspect by the shape of its pixels; a side derived
    from the storage aspect keeps the pixels' shape; one derived from any other aspect has square pixels.
    """
    own = Fraction(source.width, source.height)
    pixel = source.display_aspect / own
    if wish.size_tag in values.SIZES:
        width, height = map(Fraction, values.SIZES[wish.size_tag])
        return width, height, source.display_aspect / (width / height)
    if wish.width and wish.height:
        told = Fraction(wish.width, wish.height)
        return Fraction(wish.width), Fraction(wish.height), source.display_aspect / told
    if not (wish.width or wish.height):
        factor = values.FACTORS[wish.size_tag or "no_scaling"]
        return Fraction(source.width * factor), Fraction(source.height * factor), pixel
    aspects = {"display": source.display_aspect, "storage": own, "16:9": Fraction(16, 9), "4:3": Fraction(4, 3)}
    aspect = aspects[wish.aspect or "display"]
    square = pixel if wish.aspect == "storage" else Fraction(1)
    if wish.width:
        return Fraction(wish.width), wish.width / aspect, square
    return (wish.height or 1) * aspect, Fraction(wish.height or 1), square


def _multiple(side: Fraction, of: int) -> int:
    return max(of, round(side / of) * of)


def _check_codec(size: Size, codec: Codec, label: str) -> None:
    found = (size.width, size.height)
    if codec.sizes is not None and found not in codec.sizes:
        listed = " and ".join(f"{width}x{height}" for width, height in sorted(codec.sizes))
        raise BadRequestError(f"resolution: {label} has no pictures of {size.width}x{size.height}, only of {listed}")
    if size.width < codec.least[0] or size.height < codec.least[1]:
        least = f"{codec.least[0]}x{codec.least[1]}"
        raise BadRequestError(f"resolution: {label} has no pictures of {size.width}x{size.height}, under {least}")
