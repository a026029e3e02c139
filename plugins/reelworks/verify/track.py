"""The sound of a file, track by track, as levels over time and short pieces of wave: what is heard when."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from functools import cached_property
from itertools import starmap
from operator import mul
from typing import IO

from pydantic import BaseModel, ConfigDict

RATE = 8000  # samples per second of what is looked at: speech, music and their holes all show below 4 kHz
HOP = 80  # samples that one level stands for: 10 ms
PER_SECOND = RATE // HOP
FLOOR = -70.0  # dB; what is below is as good as silence
MOST_PIECES = 48
PIECE = RATE  # samples of a piece: a second
_FRAME = 4  # bytes: two channels of 16 bits


class Track(BaseModel):
    """One track. Loudness in LUFS (None for silence), levels in dB RMS by channel as coded.

    ``left`` and ``right`` are one byte for every 10 ms: 2 * (dB - FLOOR), of the track brought to stereo.
    ``pieces`` are seconds of wave (16 bit, 8 kHz, stereo) by the second that they begin at.
    """

    model_config = ConfigDict(
        frozen=True, ser_json_bytes="base64", val_json_bytes="base64", ignored_types=(cached_property,)
    )

    codec: str
    channels: int
    language: str = ""
    is_default: bool = False
    loudness: float | None = None
    levels: tuple[float, ...] = ()
    peak: float | None = None
    left: bytes = b""
    right: bytes = b""
    pieces: dict[int, bytes] = {}

    @cached_property
    def heard(self) -> bytes:
        """The louder of both sides, every 10 ms."""
        return bytes(map(max, self.left, self.right))

    @property
    def end(self) -> float:
        """How long it lasts, in seconds."""
        return len(self.left) / PER_SECOND


def level(byte: float) -> float:
    """Return the dB that a byte of an envelope stands for."""
    return FLOOR + byte / 2


def read_waves(file: IO[bytes], seconds: float) -> tuple[bytes, bytes, dict[int, bytes]]:
    """Return both envelopes, and the pieces, of a stream of stereo waves that lasts about ``seconds``."""
    left, right, pieces = bytearray(), bytearray(), dict[int, bytes]()
    every = spacing(seconds)
    second = 0
    while chunk := file.read(PIECE * _FRAME):
        samples = array("h", chunk[: len(chunk) // _FRAME * _FRAME])
        left += bytes(_levels(samples[0::2]))
        right += bytes(_levels(samples[1::2]))
        if second % every == 0:
            pieces[second] = chunk
        second += 1
    return bytes(left), bytes(right), pieces


def spacing(seconds: float) -> int:
    """Return how many seconds lie between pieces: a power of two, so that two durations have pieces in common."""
    return 1 << max(0, math.ceil(math.log2(max(1.0, seconds / MOST_PIECES))))


def _levels(samples: array[int]) -> Iterable[int]:
    for start in range(0, len(samples), HOP):
        part = samples[start : start + HOP]
        power = sum(map(mul, part, part)) / (len(part) * 32768.0**2)
        loud = 10 * math.log10(power) if power else FLOOR
        yield round(2 * (max(loud, FLOOR) - FLOOR))


def correlation(one: Iterable[float], other: Iterable[float]) -> float:
    """Return Pearson's correlation of two equally long rows; 0 where one of them does not vary."""
    a, b = list(one), list(other)
    n = len(a)
    if n < 2:
        return 0.0
    mean_a, mean_b = sum(a) / n, sum(b) / n
    var_a = sum(map(mul, a, a)) - n * mean_a**2
    var_b = sum(map(mul, b, b)) - n * mean_b**2
    if var_a <= 1e-9 * n or var_b <= 1e-9 * n:
        return 0.0
    both: float = sum(starmap(mul, zip(a, b, strict=True))) - n * mean_a * mean_b
    return both / math.sqrt(var_a * var_b)
