"""How long an MP4 or QuickTime file says that it lasts. ffprobe counts its samples instead, and players do not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from reelworks.media.answers import Stumble, kind_of
from reelworks.media.ffprobe import is_link
from reelworks.media.patience import Patience, Tries
from reelworks.media.remote import Link

if TYPE_CHECKING:
    from requests import Response

Reader: TypeAlias = Callable[[int, int], bytes]
"""Reads so many bytes from a position on; fewer where the file ends."""

MOST_BOXES = 200  # of one level: a file in fragments has more, and its movie box comes first
_UNKNOWN = (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)  # of what is written in fragments
_PATIENCE = Patience(tries=4, longest_wait=10.0)


def told_lengths(target: str | Path) -> tuple[float, ...]:
    """Return the seconds that the movie header and the longest track's header tell (ISO 14496-12: mvhd, tkhd).

    Nothing of a file that does not say, or that has no such headers.

    :raises UnreachableError, BusyError: the way to a link broke.
    """
    if not is_link(target):
        with Path(target).open("rb") as file:
            return tuple(_lengths(lambda at, count: (file.seek(at), file.read(count))[1]))
    with Link(str(target), _PATIENCE) as link:
        return tuple(_lengths(lambda at, count: _ranged(link, at, count)))


def _lengths(read: Reader) -> Iterator[float]:
    movie = next((place for kind, *place in _boxes(read, 0, None) if kind == b"moov"), None)
    if movie is None:
        return
    scale, tracks = 0, list[int]()
    for kind, start, end in _boxes(read, *movie):
        if kind == b"mvhd":
            scale, length = _movie(read(start, 32))
            if scale and length not in _UNKNOWN:
                yield length / scale
        elif kind == b"trak":
            tracks += [_track(read(at, 36)) for inner, at, _ in _boxes(read, start, end) if inner == b"tkhd"]
    known = [length for length in tracks if length not in _UNKNOWN]
    if scale and known:
        yield max(known) / scale


def _boxes(read: Reader, at: int, end: int | None) -> Iterator[tuple[bytes, int, int]]:
    """Give kind, start and end of what each box of a level holds."""
    for _ in range(MOST_BOXES):
        head = read(at, 16) if end is None or end - at >= 8 else b""
        if len(head) < 8:
            return
        size, kind, begin = int.from_bytes(head[:4], "big"), head[4:8], at + 8
        if size == 1:
            size, begin = int.from_bytes(head[8:16], "big"), at + 16
        if size < begin - at:
            return  # the last one, or none of a file like this
        yield kind, begin, at + size
        at += size


def _movie(box: bytes) -> tuple[int, int]:
    """Return time scale and length of an mvhd, whose version 1 has wider times."""
    if box[:1] == b"\1":
        return int.from_bytes(box[20:24], "big"), int.from_bytes(box[24:32], "big")
    return int.from_bytes(box[12:16], "big"), int.from_bytes(box[16:20], "big")


def _track(box: bytes) -> int:
    """Return the length in a tkhd, in the movie's time scale."""
    return int.from_bytes(box[28:36] if box[:1] == b"\1" else box[20:24], "big")


def _ranged(link: Link, at: int, count: int) -> bytes:
    tries = Tries(_PATIENCE, link.shown)
    while True:
        try:
            with link.open("GET", {"Range": f"bytes={at}-{at + count - 1}"}) as answer:
                if answer.status_code == 206:
                    return _body(answer)
                if answer.status_code < 500:
                    return b""  # behind its end, or a server that knows no ranges
                raise Stumble(f"answered {answer.status_code}", busy=True)
        except Stumble as stumble:
            time.sleep(tries.after(stumble, 0))


def _body(answer: Response) -> bytes:
    from requests.exceptions import RequestException

    try:
        return answer.content
    except RequestException as error:
        raise Stumble(kind_of(error)) from None
