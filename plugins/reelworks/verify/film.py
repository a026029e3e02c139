"""The pictures of a file, each as a thumbnail with its time: enough to tell what is shown when."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from operator import sub
from statistics import median

from pydantic import BaseModel, ConfigDict

COLUMNS, ROWS = 32, 18
LUMA, CHROMA = COLUMNS * ROWS, COLUMNS * ROWS // 4
THUMB = LUMA + 2 * CHROMA  # bytes: Y, U and V, limited range

BLACK = 20  # mean luma; 16 is black, and 20 still is to an eye
STILL = 0.35  # mean difference of two thumbs that show the same: what encoders do to a still picture stays below


class Film(BaseModel):
    """Pictures as displayed. Size in pixels, ``aspect`` is width by height as displayed, times in seconds.

    ``fields`` is ffprobe's field_order; ``combed`` counts the frames that look like top field first, bottom field
    first, and progressive. ``matrix`` and ``transfer`` are ffprobe's words, "" where the file says nothing.
    """

    model_config = ConfigDict(
        frozen=True, ser_json_bytes="base64", val_json_bytes="base64", ignored_types=(cached_property,)
    )

    width: int
    height: int
    aspect: float
    fields: str = ""
    combed: tuple[int, int, int] = (0, 0, 0)
    matrix: str = ""
    transfer: str = ""
    times: tuple[float, ...] = ()
    thumbs: bytes = b""

    def __len__(self) -> int:
        return len(self.times)

    def thumb(self, index: int) -> bytes:
        """Return one picture."""
        return self.thumbs[index * THUMB : (index + 1) * THUMB]

    def luma(self, index: int) -> bytes:
        """Return one picture without its colours."""
        return self.thumbs[index * THUMB : index * THUMB + LUMA]

    @cached_property
    def step(self) -> float:
        """Seconds from one picture to the next, as a rule."""
        steps = [b - a for a, b in zip(self.times, self.times[1:], strict=False)]
        # Times that stand still or go back are damage, and divide nothing.
        return max(0.001, median(steps)) if steps else 0.04

    @cached_property
    def widest_step(self) -> float:
        """Seconds that the longest shown picture stands."""
        return max((b - a for a, b in zip(self.times, self.times[1:], strict=False)), default=0.04)

    @property
    def end(self) -> float:
        """When the last picture goes."""
        return self.times[-1] + self.step if self.times else 0.0

    @property
    def rate(self) -> float:
        """Pictures per second, over all."""
        return len(self) / (self.end - self.times[0]) if len(self) > 1 else 0.0

    @property
    def is_interlaced(self) -> bool:
        """Whether the file says so."""
        return self.fields in ("tt", "bb", "tb", "bt")

    @property
    def is_combed(self) -> bool:
        """Whether most pictures look like two fields of different moments, whatever the file says.

        Fine patterns look so, too, but now the one field first and now the other.
        """
        top, bottom, whole = self.combed
        return top + bottom > max(5, 2 * whole) and max(top, bottom) > 3 * min(top, bottom)

    @property
    def is_of_fields(self) -> bool:
        """Whether pictures must be made of its fields: it says that it is interlaced, and looks no other."""
        top, bottom, whole = self.combed
        return self.is_interlaced and top + bottom >= whole

    def shown_at(self, time: float) -> int:
        """Return the index of the picture that stands at a time."""
        return max(0, bisect_right(self.times, time + 1e-4) - 1)

    def near(self, time: float, width: float) -> range:
        """Return the indexes of the pictures that stand at some time within ``width`` of ``time``."""
        return range(self.shown_at(time - width), self.shown_at(time + width) + 1)

    @cached_property
    def motion(self) -> tuple[float, ...]:
        """How far each picture differs from the one before: mean of the luma, in levels."""
        return (0.0, *(distance(self.luma(i - 1), self.luma(i)) for i in range(1, len(self))))

    def black(self) -> list[tuple[float, float]]:
        """Return the stretches that are black."""
        return self._stretches([sum(self.luma(i)) < BLACK * LUMA for i in range(len(self))])

    def frozen(self) -> list[tuple[float, float]]:
        """Return the stretches in which nothing moves: compared with their first picture, so that no drift hides."""
        found, first = list[tuple[float, float]](), 0
        for i in range(1, len(self) + 1):
            if i < len(self) and distance(self.luma(first), self.luma(i)) < STILL:
                continue
            until = self.times[i] if i < len(self) else self.end
            if i - first > 1:
                found.append((self.times[first], until))
            first = i
        return found

    def _stretches(self, marks: Sequence[bool]) -> list[tuple[float, float]]:
        found, since = list[tuple[float, float]](), None
        for time, mark in zip((*self.times, self.end), (*marks, False), strict=True):
            if mark and since is None:
                since = time
            elif not mark and since is not None:
                found.append((since, time))
                since = None
        return found


def distance(one: bytes, other: bytes) -> float:
    """Return the mean difference of two pictures, in levels."""
    return sum(map(abs, map(sub, one, other))) / len(one) if one else 0.0
