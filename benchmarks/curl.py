"""What large transfers are compared with.

curl knows neither S3 nor how to stream into a form from another URL, so its part is played by two of it, joined by a
pipe: one reads, the other sends, both at once, and no byte touches a disk on its way.
"""

from __future__ import annotations

import os
import subprocess
import time

CURL = ["curl", "-sS", "--fail"]


def piped(read: list[str], send: list[str], head: bytes = b"", tail: bytes = b"") -> float:
    """Join the two, with some bytes before and after; return seconds."""
    began = time.monotonic()
    out, into = os.pipe()
    sender = subprocess.Popen(send, stdin=out, stdout=subprocess.DEVNULL)
    os.close(out)
    try:
        os.write(into, head)
        subprocess.run(read, stdout=into, check=True)
        os.write(into, tail)
    finally:
        os.close(into)
    if sender.wait():
        raise SystemExit(f"curl ended with {sender.returncode}")
    return time.monotonic() - began


def as_it_is(length: int) -> list[str]:
    """Have curl send its input with its length told, as we do, and not in chunks."""
    return ["-T", "-", "-H", f"Content-Length: {length}", "-H", "Transfer-Encoding:", "-H", "Expect:"]
