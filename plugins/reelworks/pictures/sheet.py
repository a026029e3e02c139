"""The contact sheet: a video at a glance."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from reelworks.core.errors import BadInputError
from reelworks.media.ffprobe import shown
from reelworks.pictures.stills import Darkroom, Shape, can_write, darkroom, even, shape_of

GAP = 4  # pixels between pictures, and around them
GROUND = "0x202020"


@dataclass(frozen=True, slots=True)
class _Cell:
    """The room of one picture, and what the picture takes of it; pixels, all even."""

    width: int
    height: int
    picture: tuple[int, int]

    @classmethod
    def of(cls, shape: Shape, width: int) -> _Cell:
        """Fit a shape into a width: the tallest is twice as high as wide, the flattest leaves room for its time."""
        tall = even(min(width / shape.aspect, width * 2))
        picture = (min(width, even(tall * shape.aspect)), tall)
        return cls(width, max(tall, even(width / 8)), picture)


def contact_sheet(
    target: str | Path, duration: float | None, *, columns: int = 4, rows: int = 3, width: int = 1280
) -> bytes:
    """Return a JPEG of pictures spread evenly over ``duration`` (seconds), each out of the middle of its slot.

    They stand as the video is displayed, with their times where this machine has a font. Where a video is over before
    its slot, as that of one frame is, its last picture is shown again.

    :raises BadInputError: no video, or not one picture comes out of it.
    :raises OverdueError: it took more than five minutes.
    """
    cell = _Cell.of(shape_of(target), even((width - (columns + 1) * GAP) / columns - 1))
    count, length = columns * rows, max(0.0, duration or 0.0)
    with darkroom() as room:
        for index in range(count):
            _fill(room, target, index, length * (index + 0.5) / count, cell)
        layout = f"tile={columns}x{rows}:padding={GAP}:margin={GAP}:color={GROUND},pad={width}:ih:-1:-1:{GROUND}"
        return room.jpeg(["%03d.png"], layout, target)


def _fill(room: Darkroom, target: str | Path, index: int, at: float, cell: _Cell) -> None:
    name = f"{index:03d}.png"
    filters = f"scale={cell.picture[0]}:{cell.picture[1]}:flags=area"
    filters += f",pad={cell.width}:{cell.height}:-1:-1:{GROUND}"
    if can_write():
        filters += _time(at, cell)
    if room.still(target, at, filters, name):
        return
    if index:
        shutil.copyfile(room.folder / f"{index - 1:03d}.png", room.folder / name)
    elif not room.still(target, 0.0, filters, name):
        raise BadInputError(f"{shown(target)} shows no picture: not one frame can be decoded")


def _time(at: float, cell: _Cell) -> str:
    """Return the filter that writes a time into a cell's lower left corner."""
    size = max(9, cell.width // 20)
    text = _clock(at).replace(":", "\\:")
    look = f"fontsize={size}:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw={size // 4}"
    return f",drawtext=text='{text}':expansion=none:x={size // 2}:y=h-th-{size // 2}:{look}"


def _clock(seconds: float) -> str:
    """Write a time as 1:02:03, or as 2:03.4 below an hour."""
    if seconds >= 3600:
        return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02d}:{int(seconds) % 60:02d}"
    tenths = int(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"
