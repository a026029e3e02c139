"""Pictures of few pixels, brought to few cells: one smaller than a pixel shows how it was scaled, not what it is."""

from __future__ import annotations

from collections.abc import Iterator

from reelworks.verify.film import CHROMA, COLUMNS, LUMA, ROWS, Film

_PIXELS = 5  # to a side of a cell, at least
_ACROSS, _DOWN = (1, 2, 4, 8, 16), (1, 3, 9)  # cells that can be made one, of the luma and of the chroma


def coarsened(output: Film, source: Film) -> tuple[Film, Film]:
    """Return both with cells that the smaller of them has pixels for; as they are, unless that one is tiny."""
    width, height = (min(getattr(film, side) for film in (output, source)) for side in ("width", "height"))
    across = next((k for k in _ACROSS if width * k >= _PIXELS * COLUMNS), _ACROSS[-1])
    down = next((k for k in _DOWN if height * k >= _PIXELS * ROWS), _DOWN[-1])
    if across == down == 1:
        return output, source
    return _blurred(output, across, down), _blurred(source, across, down)


def _blurred(film: Film, across: int, down: int) -> Film:
    thumbs = bytearray()
    for i in range(len(film)):
        thumb = film.thumb(i)
        for plane, columns in _planes(thumb):
            thumbs += _mixed(plane, columns, across, down)
    return film.model_copy(update={"thumbs": bytes(thumbs)})


def _planes(thumb: bytes) -> Iterator[tuple[bytes, int]]:
    yield thumb[:LUMA], COLUMNS
    for start in (LUMA, LUMA + CHROMA):
        yield thumb[start : start + CHROMA], COLUMNS // 2


def _mixed(plane: bytes, columns: int, across: int, down: int) -> bytes:
    """Give each cell the mean of its block."""
    rows = [plane[start : start + columns] for start in range(0, len(plane), columns)]
    mixed = bytearray()
    for top in range(0, len(rows), down):
        block = rows[top : top + down]
        means = [
            round(sum(sum(row[left : left + across]) for row in block) / (across * len(block)))
            for left in range(0, columns, across)
        ]
        mixed += bytes(mean for mean in means for _ in range(across)) * len(block)
    return bytes(mixed)
