"""Carry a download into S3 as it arrives: constant memory, checksummed, resumed, never half there."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reelworks.core import metrics
from reelworks.core.errors import BadOutputError, UnreachableError
from reelworks.core.redact import redact
from reelworks.media.download import ChangedError, Download
from reelworks.media.objects import ObjectReader, open_object
from reelworks.media.patience import Patience
from reelworks.media.remote import Link
from reelworks.media.upload import Upload
from reelworks.media.url import S3Url

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

__all__ = ["ObjectReader", "Patience", "Stored", "fetch_to_s3", "open_object"]

STARTS = 3  # times a download whose object changes under it is begun anew

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Stored:
    """What was written to S3, or to a local file: size in bytes, sha256 in hex."""

    url: S3Url | Path
    size: int
    sha256: str


def fetch_to_s3(
    link: str,
    client: S3Client,
    target: S3Url,
    *,
    expected_size: int | None = None,
    content_type: str | None = None,
    progress: Progress | None = None,
    patience: Patience | None = None,
) -> Stored:
    """Stream a link into an S3 object, which appears whole or not at all.

    ``progress`` is called with the bytes so far and the total, if known. Raises LostError if the link is
    dead or expired, BadOutputError if the size is not the expected one, UnreachableError or BusyError if
    the other side stays silent, RefusedError if it says no. No unfinished upload is left behind.
    """
    patience = patience or Patience()
    with Link(link, patience) as remote:
        for _ in range(STARTS):
            with suppress(ChangedError), Upload(client, target, content_type) as upload:
                return _carry(Download(remote, expected_size, patience), upload, progress)
    raise UnreachableError(f"{redact(link)} changed while it was read, {STARTS} times")


def _carry(download: Download, upload: Upload, progress: Progress | None) -> Stored:
    began, sha256 = time.monotonic(), hashlib.sha256()
    for chunk in download.chunks(sha256):
        upload.expect(download.total)
        upload.write(chunk)
        if progress:
            progress(download.position, download.total)
    _check(download)
    upload.finish()
    metrics.transferred("received", download.position, time.monotonic() - began)
    return Stored(upload.target, download.position, sha256.hexdigest())


def _check(download: Download) -> None:
    if download.expected not in (None, download.position):
        raise BadOutputError(f"{download.shown} has {download.position} bytes, not the {download.expected} expected")
