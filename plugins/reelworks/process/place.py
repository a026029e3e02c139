"""Where everything of one video goes: its outputs, its staging, its quarantine record."""

from __future__ import annotations

import hashlib
from posixpath import splitext
from urllib.parse import quote

from reelworks.core.errors import BadInputError
from reelworks.media.publish import STAGING
from reelworks.media.url import MAX_KEY_BYTES, S3Url

QUARANTINE = "_quarantine"


def outputs_place(destination: str, source: S3Url, recipe: str) -> S3Url:
    """Return the prefix of a source's outputs: ``<destination>/<source key without its suffix>/<recipe>``.

    :raises BadInputError: the key is too long for that.
    """
    return S3Url.parse(destination.rstrip("/")).joined(f"{_segments(splitext(source.key)[0])}/{recipe}")


def quarantine_place(destination: str, source: str) -> S3Url:
    """Return where the record of a refused source goes: ``<destination>/_quarantine/<key>.json``.

    A key that cannot be part of another is escaped, and one too long is cut, with a part of its hash in place of the
    rest, so that there is a record of anything that anybody may call a source.
    """
    folder = S3Url.parse(destination.rstrip("/")).joined(QUARANTINE)
    key = source.removeprefix("s3://").partition("/")[2] or source
    try:
        return folder.joined(f"{_segments(S3Url.parse(source).key)}.json")
    except BadInputError:
        digest = hashlib.sha256(source.encode(errors="surrogatepass")).hexdigest()[:16]
        most = MAX_KEY_BYTES - len(folder.key.encode()) - len(digest) - len("//-.json")
        plain = quote(key, safe="", errors="surrogatepass").replace(".", "%2E")[: min(most, 200)]
        return folder.joined(f"{plain}-{digest}.json")


def staging_place(destination: str, dag_id: str, run_id: str) -> S3Url:
    """Return the prefix that is one run's alone, in the bucket of the destination; nobody reads there."""
    digest = hashlib.sha256(f"{dag_id}\n{run_id}".encode()).hexdigest()[:16]
    return S3Url(S3Url.parse(destination).bucket, STAGING).joined(f"process-{digest}")


def _segments(key: str) -> str:
    """Give a key as a relative name: S3 allows empty segments and backslashes, and many tools resolve them away."""
    return "/".join(segment.replace("\\", "%5C") or "%2F" for segment in key.split("/"))
