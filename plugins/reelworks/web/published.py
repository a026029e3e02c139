"""What a task instance published: found by its own return value, and nothing that its manifest does not name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reelworks.core.errors import BadInputError, LostError
from reelworks.media.manifest import NAME as MANIFEST
from reelworks.media.s3 import open_object, stat
from reelworks.media.url import S3Url
from reelworks.pictures.store import FILES

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

LARGEST = 32 * 1024**2  # bytes; ours are some hundred kilobytes
CHUNK = 256 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class File:
    """An object to be shown, as it is now."""

    client: S3Client
    url: S3Url
    size: int
    etag: str

    def chunks(self) -> Iterator[bytes]:
        """Give the bytes."""
        with open_object(self.client, self.url, etag=f'"{self.etag}"') as reader:
            while chunk := reader.chunk(CHUNK):
                yield chunk


def manifest_of(returned: Any) -> S3Url:
    """Return the manifest's address if that is what a task returned.

    :raises LostError: it is not.
    """
    try:
        url = S3Url.parse(returned)
    except BadInputError:
        url = None
    if url is None or url.name != MANIFEST:
        raise LostError("this task has published nothing: it did not return the address of a manifest")
    return url


def look(client: S3Client, url: S3Url) -> File:
    """Find an object of a size that may be shown. Raises LostError for larger ones, and BadInputError as ``stat``."""
    found = stat(client, url)
    if found.size > LARGEST:
        raise LostError(f"{url} has {found.size} bytes and is not shown here")
    return File(client, url, found.size, found.etag)


def picture_of(client: S3Client, manifest: S3Url, kind: str) -> File:
    """Find the picture ``kind`` that a manifest names beside itself.

    :raises LostError: it names none, or one that is elsewhere.
    """
    body = b"".join(look(client, manifest).chunks())
    try:
        named = json.loads(body)["pictures"][kind]
    except (ValueError, LookupError, TypeError):
        raise LostError(f"{manifest} names no {kind}: it was not made, or before there were pictures") from None
    # A manifest is a file that others may have written: it is no key to the rest of S3.
    beside = S3Url(manifest.bucket, manifest.key.rpartition("/")[0]).joined(FILES[kind])
    if named != str(beside):
        raise LostError(f"{manifest} names a {kind} that is not {beside}; it is not shown")
    return look(client, beside)
