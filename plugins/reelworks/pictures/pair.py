"""Before and after: the same moment of a source and of what was made of it, side by side."""

from __future__ import annotations

from pathlib import Path

from reelworks.core.errors import BadInputError
from reelworks.media.ffprobe import shown
from reelworks.pictures.stills import Darkroom, Shape, darkroom, even, shape_of

TALLEST = 1080  # pixels; a person looks at it in a browser
WIDEST = 2560  # pixels, of each half
DIVIDER = 8  # pixels


def before_after(source: str | Path, output: str | Path, at: float, *, source_at: float | None = None) -> bytes:
    """Return a JPEG: the source's picture ``at`` some second left of a white line, the output's right of it.

    Both are equally high and as wide as they are displayed, so that anamorphic pictures are stretched. Nothing is
    deinterlaced or smoothed: what is enlarged keeps its pixels, for what is wrong with them is to be seen.
    ``source_at`` is for an output that was made of a stretch only. If either is over by then, both show their start.

    :raises BadInputError: one of them is no video, or shows no picture.
    :raises OverdueError: it took more than five minutes.
    """
    shapes = (shape_of(source), shape_of(output))
    height = min(TALLEST, max(shape.height for shape in shapes), WIDEST / max(shape.aspect for shape in shapes))
    with darkroom() as room:
        moments = (at if source_at is None else source_at, at)
        videos = list(zip((source, output), moments, shapes, ("0.png", "1.png"), strict=True))
        if not all([_take(room, video, moment, shape, height, name) for video, moment, shape, name in videos]):
            for video, _, shape, name in videos:
                if not _take(room, video, 0.0, shape, height, name):
                    raise BadInputError(f"{shown(video)} shows no picture: not one frame can be decoded")
        both = f"[1]pad=iw+{DIVIDER}:ih:{DIVIDER}:0:white[right];[0][right]hstack"
        return room.jpeg(["0.png", "1.png"], both, output)


def _take(room: Darkroom, video: str | Path, at: float, shape: Shape, height: float, name: str) -> bool:
    # An odd height would cut a line off 4:2:0.
    tall = even(height)
    how = "neighbor" if tall > shape.height else "area"
    return room.still(video, at, f"scale={even(height * shape.aspect)}:{tall}:flags={how}", name)
