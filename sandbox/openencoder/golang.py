"""The server is written in Go: how Go reads numbers and URLs, and writes times."""

import base64
import os
import re
import struct
import threading
import time
from datetime import UTC, datetime
from itertools import count
from posixpath import normpath
from urllib.parse import unquote_to_bytes

LARGEST = 2**63 - 1
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
HOST = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=\"%@\u0080-\U0010ffff]*(:[0-9]*)?")


def atoi(text: str) -> int:
    """Return what `n, _ := strconv.Atoi(text)` gives: 0 for what is no number, the nearest end for what is too big."""
    if not re.fullmatch(r"[+-]?[0-9]+", text, re.ASCII):
        return 0
    # Python refuses to read thousands of digits; twenty are already too many for the server.
    digits = text.lstrip("+-").lstrip("0")
    size = int(digits or "0") if len(digits) < 20 else LARGEST + 1
    return max(-size, -LARGEST - 1) if text.startswith("-") else min(size, LARGEST)


def wrap(number: int) -> int:
    """Return the number as a 64-bit register holds it."""
    return (number + LARGEST + 1) % 2**64 - LARGEST - 1


def url_path(text: str) -> str | None:
    """Return the path that Go's url.Parse finds, or None where it finds an error.

    What counts for keys: escapes are decoded, `?` and `#` end the path, a colon in the first segment is no path.
    """
    if CONTROL.search(text) or not text:
        return None if text else ""
    text = text.partition("#")[0].partition("?")[0]
    scheme = SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else text
    if scheme and not rest.startswith("/"):
        return ""
    if not scheme and ":" in rest.split("/")[0]:
        return None
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if not HOST.fullmatch(host):
            return None
        rest = slash + path
    return None if BAD_ESCAPE.search(rest) else unquote_to_bytes(rest).decode(errors="replace")


def object_key(path: str) -> str:
    """Return the key that the server's S3 library asks for: the path cleaned, no leading slash."""
    clean = normpath("/" + path.lstrip("/")).lstrip("/") if path else ""
    return clean + "/" if clean and path.endswith("/") else clean


def timestamp(seconds: float | None = None) -> str:
    """Return a database time: microseconds, trailing zeros dropped."""
    moment = datetime.fromtimestamp(time.time() if seconds is None else seconds, UTC)
    fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def whole_seconds(seconds: float) -> str:
    """Return a time without a fraction."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def nanoseconds(moment: int) -> str:
    """Return a time given in nanoseconds, trailing zeros dropped."""
    fraction = f".{moment % 10**9:09d}".rstrip("0").rstrip(".")
    return whole_seconds(moment // 10**9)[:-1] + fraction + "Z"


_numbers = count(struct.unpack(">I", b"\0" + os.urandom(3))[0])
_numbering = threading.Lock()


def make_guid() -> str:
    """Return a new id such as dc0gl2tqmd2qh753v760: time, process and a counter, in base 32."""
    with _numbering:
        number = next(_numbers) % 2**24
    raw = struct.pack(">IIB", int(time.time()), os.getpid() % 2**32, 7) + struct.pack(">I", number)[1:]
    return base64.b32hexencode(raw).decode().rstrip("=").lower()


def number(value: float) -> float | int:
    """Return the number as Go writes it: without `.0`."""
    return int(value) if value == int(value) else value
