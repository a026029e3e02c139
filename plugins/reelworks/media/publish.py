"""From where a service put its outputs to public keys: stage, verify, and only then publish."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from reelworks.core.errors import BadInputError, BadOutputError, LostError, UnreachableError, VideoServiceError
from reelworks.core.presets import Rendition
from reelworks.media import s3
from reelworks.media.checks import check_rendition, check_tail
from reelworks.media.ffprobe import ffprobe_path
from reelworks.media.manifest import NAME as MANIFEST
from reelworks.media.multipart import ANY_TYPE, type_of
from reelworks.media.probe import Probe, decodes, probe
from reelworks.media.transfer import Stored, fetch_to_s3

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)

Fetcher: TypeAlias = Callable[["S3Client", s3.S3Url], Stored]
"""Stores an output where it is told to; for services whose downloads are more than a link."""

Made: TypeAlias = str | s3.S3Url | Fetcher

STAGING = "_staging"
"""The prefix, at the top of the destination's bucket, below which outputs wait to be verified."""

PROBE_LINK_LIFETIME = 3600


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where one job's outputs go: below ``destination``, by way of a staging prefix that is the job's alone."""

    client: S3Client
    destination: s3.S3Url
    job_name: str

    @property
    def staging(self) -> s3.S3Url:
        """Where outputs are written first; nobody reads there."""
        return s3.S3Url(self.destination.bucket, STAGING).joined(self.job_name)

    def publish(
        self, made: Mapping[str, Made], renditions: Sequence[Rendition], source: Probe | None
    ) -> list[dict[str, Any]]:
        """Store what was ``made`` (by output name), and return one JSON object for each output.

        It is a link, which is fetched, or an object of the same S3, which is copied there: no byte is carried through
        this machine, though it is read once for its checksum. Or it is a fetcher, which is told where to store it.

        ``{"name", "url", "key", "size", "sha256", "probe"}``; size in bytes. An output whose name no rendition bears
        is only checked for being a video. What fails stays in the staging prefix to be looked at.

        :raises BadOutputError: an output is not what was promised; none was published.
        :raises BadInputError: a staged output was replaced after it had been verified; it is not published.
        """
        wanted = {rendition.name: rendition for rendition in renditions}
        staged = {name: self._stage(name, where) for name, where in made.items()}
        etags, probes, faults = dict[str, str](), dict[str, Probe](), list[str]()
        for name in staged:
            etags[name] = s3.stat(self.client, self.staging.joined(name)).etag
            probes[name], found = self._inspected(self.staging.joined(name), wanted.get(name), source)
            faults += [f"{name}: {fault}" for fault in found]
        if faults:
            raise BadOutputError(f"nothing was published, see {self.staging}: {'; '.join(faults)}")
        # An older manifest would name files that are about to be replaced.
        s3.delete(self.client, self.destination.joined(MANIFEST))
        outputs = [self._release(name, staged[name], etags[name], probes[name]) for name in made]
        try:
            s3.delete_prefix(self.client, self.staging)
        except VideoServiceError as error:
            log.warning("all is published, but %s could not be removed: %s", self.staging, error)
        return outputs

    def _stage(self, name: str, where: Made) -> Stored:
        target = self.staging.joined(name)
        log.info("fetching %s", name)
        if isinstance(where, s3.S3Url):
            s3.copy(self.client, where, target)
            stored = Stored(target, s3.stat(self.client, target).size, s3.digest(self.client, target))
        elif isinstance(where, str):
            stored = fetch_to_s3(where, self.client, target)
        else:
            stored = where(self.client, target)
        log.info("fetched %s: %d bytes, sha256 %s", name, stored.size, stored.sha256)
        return stored

    def _inspected(self, url: s3.S3Url, wanted: Rendition | None, source: Probe | None) -> tuple[Probe, list[str]]:
        """Return what a staged output is, and what is wrong with it; its end is decoded, for it may be cut.

        :raises BadInputError: there is no ffprobe to look with, which says nothing about the output.
        :raises UnreachableError: it is no longer in our own S3, which says nothing about the service.
        """
        ffprobe_path()
        link = s3.presign(self.client, url, PROBE_LINK_LIFETIME)
        try:
            seen = probe(link)
            tail = decodes(link, None, start=max(0.0, (seen.duration or 0.0) - 2.0))
        except BadInputError as error:
            raise BadOutputError(f"nothing was published, see {url}: {error}") from None
        except LostError as error:
            raise UnreachableError(f"{url} cannot be looked at: {error}") from None
        return seen, check_tail(tail, seen) + (check_rendition(seen, wanted, source) if wanted else [])

    def _release(self, name: str, stored: Stored, etag: str, seen: Probe) -> dict[str, Any]:
        public = self.destination.joined(name)
        kind = type_of(name)  # players in browsers go by it, and services name it as they like
        s3.copy(self.client, self.staging.joined(name), public, None if kind == ANY_TYPE else kind, etag=etag)
        log.info("published %s", public)
        return {
            "name": name,
            "url": str(public),
            "key": public.key,
            "size": stored.size,
            "sha256": stored.sha256,
            "probe": seen.summary(),
        }
