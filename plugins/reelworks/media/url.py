"""S3 addresses. Keys are plain text: ``#``, ``?``, ``%`` and ``+`` mean themselves in ``s3://bucket/key``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from reelworks.core.errors import BadInputError

MAX_KEY_BYTES = 1024  # S3's own limit
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class S3Url:
    """A bucket and a key; the key is empty for the bucket as a whole."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``s3://bucket/key``. urlparse would cut a key at its first ``#`` or ``?``."""
        bucket, _, key = text.removeprefix("s3://").partition("/") if isinstance(text, str) else ("", "", "")
        if not isinstance(text, str) or not text.startswith("s3://") or not _BUCKET.fullmatch(bucket):
            raise BadInputError(f"{_shown(text)} is no S3 address; write s3://bucket/key")
        if fault := _fault(key):
            raise BadInputError(f"{_shown(text)}: the key {fault}; rename the object")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def name(self) -> str:
        """The last segment of the key: the file name."""
        return self.key.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The file name without its last suffix."""
        stem, _, _ = self.name.rpartition(".")
        return stem or self.name

    def joined(self, name: str) -> S3Url:
        """Give the address of something under this prefix. BadInputError if the name would leave it."""
        segments = name.split("/")
        if "\\" in name or any(s in ("", ".", "..") for s in segments) or _fault(name):
            raise BadInputError(f"{name!r} cannot be a name under {self}: give a plain relative name")
        prefix = self.key if not self.key or self.key.endswith("/") else f"{self.key}/"
        if fault := _fault(prefix + name):
            raise BadInputError(f"{name!r} cannot be a name under {self}: the key {fault}")
        return S3Url(self.bucket, prefix + name)


def _fault(key: str) -> str | None:
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "is not valid Unicode"
    if size > MAX_KEY_BYTES:
        return f"has {size} bytes, and S3 allows {MAX_KEY_BYTES}"
    if _CONTROL.search(key):
        return "holds control characters"
    # Browsers and HTTP clients resolve such segments, so the presigned link would lead elsewhere.
    return "has a '.' or '..' segment" if {".", ".."} & set(key.split("/")) else None


def _shown(text: object) -> str:
    # A presigned link pasted by mistake must not be repeated with its signature.
    shown = repr(text)
    return shown if shown[1:6] == "s3://" else shown.partition("?")[0][:200]
