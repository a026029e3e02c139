"""The watermark: which videos need not be looked at again, so that a list of the inbox is all that a sweep costs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reelworks.media import s3
from reelworks.media.s3errors import s3_errors

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from reelworks.media.url import S3Url

log = logging.getLogger(__name__)

FORM = b"reelworks seen 1\n"
MARK = 8  # bytes


@dataclass
class Seen:
    """The marks of videos that have a run or a manifest, in one object of eight bytes each.

    It saves look-ups and decides nothing: a mark is set only after its run was there, and one that is lost costs one
    look-up. Keys come in no order of time and clocks differ, so neither a last key nor a last time could do this.
    """

    url: S3Url
    marks: set[bytes]

    @classmethod
    def load(cls, client: S3Client, url: S3Url) -> Seen:
        """Read it; none, or a damaged one, is an empty one."""
        found = s3.read(client, url)
        if found is None:
            return cls(url, set())
        body, _ = found
        if not body.startswith(FORM) or (len(body) - len(FORM)) % MARK:
            log.warning("%s is damaged: every video is looked up once more", url)
            return cls(url, set())
        return cls(url, {body[at : at + MARK] for at in range(len(FORM), len(body), MARK)})

    def save(self, client: S3Client, present: set[bytes]) -> None:
        """Write it, less what is no longer in the inbox, and with what another has noted meanwhile."""
        # Between the two requests another may write too. What it noted is then looked up once more, no worse.
        kept = (self.marks | Seen.load(client, self.url).marks) & present
        body = FORM + b"".join(sorted(kept))
        with s3_errors(client, "write", self.url):
            client.put_object(Bucket=self.url.bucket, Key=self.url.key, Body=body)
