"""A multipart/form-data body, read while it comes: no more is held back than what may be half a boundary."""

import re
from dataclasses import dataclass
from email.message import Message
from urllib.parse import unquote

MAX_HEAD = 16384
MAX_BOUNDARY = 200  # RFC 2046 says 70; some clients do not count
MAX_NAME = 255
BETWEEN, HEAD, FILE, OVER = "between", "head", "file", "over"


class MultipartError(Exception):
    """The body is no multipart form with one file in it."""


@dataclass(frozen=True)
class FilePart:
    """What the envelope says of the file. The name is for show: it has no folders, and is never used as a path."""

    name: str
    type: str


def read_boundary(content_type: str) -> bytes:
    """Return the boundary in a Content-Type; raises MultipartError."""
    message = Message()
    message["Content-Type"] = content_type.replace("\r", " ").replace("\n", " ")
    boundary = message.get_boundary("")
    if message.get_content_type() != "multipart/form-data" or not boundary or len(boundary) > MAX_BOUNDARY:
        raise MultipartError("Content-Type must be multipart/form-data with a boundary")
    return boundary.encode("latin-1", "replace")


class FormReader:
    """Takes a body in blocks of any size and gives the bytes of its one file.

    Parts without a file name are passed over. What the file's part is called matters to nobody: curl's demo says
    `file`, the SDK the file's own name.
    """

    def __init__(self, boundary: bytes) -> None:
        self._mark = b"\r\n--" + boundary
        # The first boundary has no line before it; with this it looks like the others.
        self._held = b"\r\n"
        self._step = BETWEEN
        self.file: FilePart | None = None

    @property
    def complete(self) -> bool:
        """Whether the closing boundary has come, after a file."""
        return self._step == OVER and self.file is not None

    def feed(self, block: bytes) -> list[memoryview]:
        """Return what of the file is certain by now; raises MultipartError."""
        data = self._held + block
        found: list[memoryview] = []
        at, moved = 0, True
        while moved:
            step = self._step
            at = self._head(data, at) if step == HEAD else self._content(data, at, found)
            moved = self._step != step and self._step != OVER
        self._held = b"" if self._step == OVER else data[at:]
        if len(self._held) > MAX_HEAD:
            raise MultipartError("the head of a part is too long")
        return found

    def _content(self, data: bytes, at: int, found: list[memoryview]) -> int:
        """Go through what stands between two heads; returns the place up to which all is done."""
        mark = data.find(self._mark, at)
        end = mark if mark >= 0 else max(at, len(data) - len(self._mark) + 1)
        if self._step == FILE and end > at:
            found.append(memoryview(data)[at:end])
        if mark < 0:
            return end
        self._step = HEAD
        return mark + len(self._mark)

    def _head(self, data: bytes, at: int) -> int:
        """Read a part's head if it is all there; returns the place up to which all is done."""
        if data.startswith(b"--", at):
            self._step = OVER
            return len(data)
        end = data.find(b"\r\n\r\n", at, at + MAX_HEAD)
        if end < 0:
            return at
        part = read_head(data[at:end].decode("utf-8", "replace"))
        if part and self.file:
            raise MultipartError("there is more than one file in the form")
        self.file = part or self.file
        self._step = FILE if part else BETWEEN
        return end + 4


def read_head(head: str) -> FilePart | None:
    """Return the file that a part's head announces; None for a plain field."""
    name = _file_name(head)
    if name is None:
        return None
    kind = re.search(r"^content-type:[ \t]*([\w.+-]+/[\w.+-]+)", head, re.IGNORECASE | re.MULTILINE | re.ASCII)
    return FilePart(name, kind[1].lower() if kind else "application/octet-stream")


def _file_name(head: str) -> str | None:
    if match := re.search(r"filename\*=utf-8''([^;\s]*)", head, re.IGNORECASE):
        name = unquote(match[1])
    elif match := re.search(r'filename="((?:[^"\\\r\n]|\\.)*)"', head, re.IGNORECASE):
        # Clients disagree: some put a backslash before a quote, others write %22, as browsers do.
        name = re.sub(r'\\(["\\])', r"\1", match[1]).replace("%22", '"')
    elif match := re.search(r"filename=([^;\s\"]+)", head, re.IGNORECASE):
        name = match[1]
    else:
        return None
    plain = "".join(letter for letter in re.split(r"[/\\]", name)[-1] if letter.isprintable()).strip()
    return "video" if plain in ("", ".", "..") else plain[:MAX_NAME]
