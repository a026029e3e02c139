"""Make the pictures of one video and put them where its manifest will be."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from reelworks.core.errors import VideoServiceError
from reelworks.media.probe import probe
from reelworks.media.s3errors import s3_errors
from reelworks.media.url import S3Url
from reelworks.pictures.pair import before_after
from reelworks.pictures.sheet import contact_sheet

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)

CONTACT_SHEET, BEFORE_AFTER = "contact_sheet", "before_after"
FILES = {CONTACT_SHEET: "contact_sheet.jpg", BEFORE_AFTER: "before_after.jpg"}


def store_pictures(
    client: S3Client,
    prefix: S3Url,
    source_link: str,
    output_link: str,
    *,
    at: float | None = None,
    starts: float = 0.0,
) -> dict[str, str]:
    """Store a contact sheet of the output, and source and output ``at`` some second (its middle) side by side.

    ``starts`` is the second of the source where an output begins that was made of a stretch only. Call it before the
    manifest is written, and write what it returns into it under ``pictures``: the UI shows no picture that is not named
    there. ``{"contact_sheet": "s3://…", "before_after": "s3://…"}``; one that cannot be made is left out with a
    warning, for a video that was verified must not be held up by it. S3's errors are raised.
    """
    kept = dict[str, str]()
    for name, make in _ways(source_link, output_link, at, starts).items():
        try:
            picture = make()
        except VideoServiceError as error:
            log.warning("there will be no %s below %s: %s", FILES[name], prefix, error)
            continue
        kept[name] = str(_put(client, prefix.joined(FILES[name]), picture))
    return kept


def _ways(source: str, output: str, at: float | None, starts: float) -> dict[str, Callable[[], bytes]]:
    try:
        length = probe(output).duration or 0.0
    except VideoServiceError as error:
        log.warning("there will be no pictures: %s", error)
        return {}
    moment = length / 2 if at is None else at
    return {
        CONTACT_SHEET: partial(contact_sheet, output, length),
        BEFORE_AFTER: partial(before_after, source, output, moment, source_at=starts + moment),
    }


def _put(client: S3Client, url: S3Url, picture: bytes) -> S3Url:
    with s3_errors(client, "write", url):
        client.put_object(Bucket=url.bucket, Key=url.key, Body=picture, ContentType="image/jpeg")
    return url
