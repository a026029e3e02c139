"""A video to be worked on: whether it is there, whether it is one, and the link that a service reads it by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reelworks.core.errors import BadInputError
from reelworks.core.redact import redact
from reelworks.media import s3
from reelworks.media.probe import Probe, decodes, probe
from reelworks.media.s3errors import s3_errors

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


REASONS = {404: "does not exist", 403: "is not open to the AWS connection"}
"""What a bucket's status means; others are S3's trouble."""


@dataclass(frozen=True, slots=True)
class Source:
    """A checked video; ``link`` may be presigned and is never written anywhere."""

    url: str
    link: str = field(repr=False)
    size: int | None
    etag: str | None
    version_id: str | None
    probe: Probe

    def notes(self) -> dict[str, Any]:
        """Return what may be stored and shown of it (JSON)."""
        return {
            "url": redact(self.url),
            "size": self.size,
            "etag": self.etag,
            "version_id": self.version_id,
            "probe": self.probe.model_dump(mode="json"),
        }

    @classmethod
    def from_notes(cls, notes: dict[str, Any]) -> Source:
        """Read what ``notes`` wrote; the link is gone."""
        return cls(**{**notes, "link": "", "probe": Probe.model_validate(notes["probe"])})


def open_source(source: str, client: S3Client, lifetime: int) -> Source:
    """Check a source, ``s3://…`` or ``https://…``, and make the link for the service (``lifetime`` in seconds).

    :raises BadInputError: missing, empty, not a video, or not such an address.
    """
    if source.startswith("s3://"):
        return _from_s3(s3.S3Url.parse(source), client, lifetime)
    if urlsplit(source).scheme in ("http", "https"):
        seen = _video(source, redact(source))
        return Source(source, source, seen.size, None, None, seen)
    raise BadInputError(f"{redact(source)!r} is no source: give s3://bucket/key or an https link")


def source_link(source: str, client: S3Client, lifetime: int, etag: str | None) -> str:
    """Return a fresh link to a source that was checked before, and had this ETag then.

    :raises BadInputError: it is gone, or another one by now.
    """
    if not source.startswith("s3://"):
        return source
    url = s3.S3Url.parse(source)
    found = s3.stat(client, url)
    if found.etag != etag:
        raise BadInputError(f"{url} was replaced after it had been checked: start again with the new one")
    return s3.presign(client, url, lifetime, found.version_id)


def source_digest(notes: dict[str, Any], client: S3Client) -> str | None:
    """Return the sha256 of the source that ``notes`` tell of; None if it is gone, or another one by now."""
    if not notes["url"].startswith("s3://"):
        return None
    url, version = s3.S3Url.parse(notes["url"]), notes.get("version_id")
    try:
        same = version is not None or s3.stat(client, url).etag == notes["etag"]
        return s3.digest(client, url, version) if same else None
    except BadInputError:
        return None


def check_bucket(client: S3Client, url: s3.S3Url) -> None:
    """See that the bucket of ``url`` is there and ours to use.

    :raises BadInputError: it is not.
    :raises UnreachableError, BusyError: S3 does not say.
    """
    from botocore.exceptions import ClientError

    with s3_errors(client, "reach the bucket of", url):
        try:
            client.head_bucket(Bucket=url.bucket)
        except ClientError as error:
            reason = REASONS.get(int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)))
            if reason is None:
                raise
            raise BadInputError(f"the bucket of {url} {reason}: correct the destination or create the bucket") from None


def _from_s3(url: s3.S3Url, client: S3Client, lifetime: int) -> Source:
    found = s3.stat(client, url)
    if not found.size:
        raise BadInputError(f"{url} is empty (0 bytes): upload it again")
    link = s3.presign(client, url, lifetime, found.version_id)
    return Source(str(url), link, found.size, found.etag, found.version_id, _video(link, str(url)))


def _video(link: str, shown: str) -> Probe:
    try:
        seen = probe(link)
        decodes(link)
    except BadInputError as error:
        raise BadInputError(f"{shown} is not a video that can be decoded: {redact(str(error))}") from None
    return seen
