"""Range and If-None-Match."""

import re


class UnsatisfiableError(Exception):
    """The range begins behind the end of the file."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return first and last byte of a single range; None for no range, or one that a server may pass over.

    Raises UnsatisfiableError.
    """
    match = re.fullmatch(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", header.strip(), re.ASCII)
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        if not int(match[2]) or not size:
            raise UnsatisfiableError
        return max(0, size - int(match[2])), size - 1
    start = int(match[1])
    if match[2] and int(match[2]) < start:
        return None
    if start >= size:
        raise UnsatisfiableError
    return start, min(int(match[2]), size - 1) if match[2] else size - 1


def matches(header: str, etag: str) -> bool:
    """Say whether an If-None-Match names this ETag (without quotes); weak ones count, as they do for GET."""
    return header.strip() == "*" or f'"{etag}"' in re.findall(r'"[^"]*"', header)
