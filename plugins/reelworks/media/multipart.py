"""One file as the body of a form (multipart/form-data, RFC 7578), sent as it is read, its length known beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from uuid import uuid4

TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/x-m4v",
    ".mov": "video/quicktime",
    ".qt": "video/quicktime",
    ".mxf": "application/mxf",
    ".ts": "video/mp2t",
    ".mts": "video/mp2t",
    ".m2t": "video/mp2t",
    ".m2ts": "video/mp2t",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".avi": "video/x-msvideo",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".m2v": "video/mpeg",
    ".vob": "video/mpeg",
    ".wmv": "video/x-ms-wmv",
    ".flv": "video/x-flv",
    ".dv": "video/x-dv",
    ".ogv": "video/ogg",
    ".3gp": "video/3gpp",
}
"""By suffix. Python's own table depends on the machine, and most know no application/mxf."""

ANY_TYPE = "application/octet-stream"


def type_of(name: str) -> str:
    """Return the MIME type that a file's name promises."""
    return TYPES.get(PurePosixPath(name).suffix.lower(), ANY_TYPE)


class FormFile:
    """The body of a form of one file, ``len`` bytes. Each iteration reads ``chunks()`` anew.

    The chunks have to be ``size`` bytes together; who makes them sees to that.
    """

    def __init__(
        self, field: str, name: str, size: int, chunks: Callable[[], Iterable[bytes]], content_type: str | None = None
    ) -> None:
        self._boundary = uuid4().hex
        self._chunks = chunks
        self._head = (
            f"--{self._boundary}\r\n"
            f'Content-Disposition: form-data; name="{_quoted(field)}"; filename="{_quoted(name)}"\r\n'
            f"Content-Type: {content_type or type_of(name)}\r\n\r\n"
        ).encode("utf-8", "replace")
        self._tail = f"\r\n--{self._boundary}--\r\n".encode()
        # What requests looks for. Not __len__, by which list() would make room for so many chunks.
        self.len = len(self._head) + size + len(self._tail)

    @property
    def content_type(self) -> str:
        """What the Content-Type header has to say."""
        return f"multipart/form-data; boundary={self._boundary}"

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        yield from self._chunks()
        yield self._tail


def _quoted(text: str) -> str:
    """Write a name as browsers do: UTF-8 as it is, and what would end the name or the line in percent signs."""
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
