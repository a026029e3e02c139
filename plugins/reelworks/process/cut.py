"""Is a file shorter than it says it is: by the sizes in its own structure, so that nothing is taken for a slow end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reelworks.media.s3errors import s3_errors
from reelworks.media.url import S3Url

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MOST_BOXES = 100  # one request each; a file in fragments has thousands, and its last one is looked at by decoding
KNOWN = (b"ftyp", b"moov", b"mdat", b"moof", b"free", b"skip", b"wide", b"uuid", b"sidx", b"styp")
SEGMENT = bytes.fromhex("18538067")  # Matroska's
LIVE = (0, 0xFFFFFFFF)  # what recorders leave in a RIFF header that they cannot go back to


def missing_bytes(client: S3Client, url: S3Url, size: int) -> int:
    """Return how many bytes of an MP4, QuickTime, AVI or Matroska file are not there; 0 of all others.

    What does not say its size is whole: streams, and recordings that were never closed.
    """
    head = _read(client, url, 0, min(size, 64))
    if head[:4] == b"RIFF" and len(head) >= 8:
        told = int.from_bytes(head[4:8], "little")
        return 0 if told in LIVE else max(0, told + 8 - size)
    if head[:4] == b"\x1aE\xdf\xa3":
        return _missing_of_matroska(head, size)
    return _missing_of_boxes(client, url, size) if head[4:8] in KNOWN else 0


def _missing_of_boxes(client: S3Client, url: S3Url, size: int) -> int:
    """Go from box to box, as ISO 14496-12 lays them out; a length of 0 means "to the end"."""
    at = 0
    for _ in range(MOST_BOXES):
        if size - at < 16:
            return 0
        head = _read(client, url, at, 16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        # Anything may stand behind the last box, and cameras do write there.
        if head[4:8] not in KNOWN or length < 8:
            return 0
        at += length
        if at > size:
            return at - size
    return 0


def _missing_of_matroska(head: bytes, size: int) -> int:
    at = head.find(SEGMENT)
    if at < 0 or at + 5 > len(head):
        return 0
    first = head[at + 4]
    width = 9 - first.bit_length()
    digits = head[at + 4 : at + 4 + width]
    length = int.from_bytes(digits, "big") & ((1 << 7 * width) - 1)
    if len(digits) < width or length == (1 << 7 * width) - 1:  # all ones: not known
        return 0
    return max(0, at + 4 + width + length - size)


def _read(client: S3Client, url: S3Url, at: int, count: int) -> bytes:
    with s3_errors(client, "read", url):
        span = f"bytes={at}-{at + count - 1}"
        return client.get_object(Bucket=url.bucket, Key=url.key, Range=span)["Body"].read()
