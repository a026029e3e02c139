"""Make the pictures of one video and put them where its manifest will be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from reelworks.core.errors import VideoServiceError
from reelworks.media.probe import probe
from reelworks.media.s3 import presign
from reelworks.media.s3errors import s3_errors
from reelworks.media.source import source_link
from reelworks.media.url import S3Url
from reelworks.pictures.pair import before_after
from reelworks.pictures.sheet import contact_sheet

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)

CONTACT_SHEET, BEFORE_AFTER = "contact_sheet", "before_after"
FILES = {CONTACT_SHEET: "contact_sheet.jpg", BEFORE_AFTER: "before_after.jpg"}
LINK_LIFETIME = 3600


def pictures_beside(
    client: S3Client,
    place: S3Url,
    source: Mapping[str, Any],
    outputs: Iterable[Mapping[str, Any]],
    *,
    starts: float = 0.0,
) -> dict[str, str]:
    """Store the pictures of the tallest of the ``outputs`` that were published at a place; return what a manifest says.

    ``source`` is ``{"url", "etag", "version_id"}``, an output ``{"key", "probe"}``, both as operators tell of them. For
    ``starts``, and for what cannot be made, see ``store_pictures``.
    """
    moving = [output for output in outputs if output["probe"]["video"]]
    if not moving:
        return {}
    shown = max(moving, key=lambda output: int(output["probe"]["video"][0]["height"]))
    try:
        link = presign(client, S3Url(place.bucket, shown["key"]), LINK_LIFETIME)
        return store_pictures(client, place, _link(client, source), link, starts=starts)
    except (VideoServiceError, OSError) as error:
        log.warning("there will be no pictures below %s: %s", place, error)
        return {}


def _link(client: S3Client, source: Mapping[str, Any]) -> str | None:
    """Return a link to the very source that the outputs were made of; None if it is another one by now, or gone."""
    url, version = str(source["url"]), source.get("version_id")
    try:
        if version:
            return presign(client, S3Url.parse(url), LINK_LIFETIME, version)
        return source_link(url, client, LINK_LIFETIME, source["etag"])
    except VideoServiceError as error:
        log.warning("the source cannot be shown: %s", error)
        return None


def store_pictures(
    client: S3Client,
    prefix: S3Url,
    source_link: str | None,
    output_link: str,
    *,
    at: float | None = None,
    starts: float = 0.0,
) -> dict[str, str]:
    """Store a contact sheet of the output, and source and output ``at`` some second (its middle) side by side.

    ``starts`` is the second of the source where an output begins that was made of a stretch only; without a link to
    the source there is only the sheet. Call it before the
    manifest is written, and write what it returns into it under ``pictures``: the UI shows no picture that is not named
    there. ``{"contact_sheet": "s3://…", "before_after": "s3://…"}``; one that cannot be made or stored is left out with
    a warning, for a video that was verified must not be held up by it.
    """
    kept = dict[str, str]()
    for name, make in _ways(source_link, output_link, at, starts).items():
        try:
            kept[name] = str(_put(client, prefix.joined(FILES[name]), make()))
        except (VideoServiceError, OSError) as error:
            log.warning("there will be no %s below %s: %s", FILES[name], prefix, error)
    return kept


def _ways(source: str | None, output: str, at: float | None, starts: float) -> dict[str, Callable[[], bytes]]:
    try:
        length = probe(output).duration or 0.0
    except VideoServiceError as error:
        log.warning("there will be no pictures: %s", error)
        return {}
    moment = length / 2 if at is None else at
    ways: dict[str, Callable[[], bytes]] = {CONTACT_SHEET: partial(contact_sheet, output, length)}
    if source is not None:
        ways[BEFORE_AFTER] = partial(before_after, source, output, moment, source_at=starts + moment)
    return ways


def _put(client: S3Client, url: S3Url, picture: bytes) -> S3Url:
    with s3_errors(client, "write", url):
        client.put_object(Bucket=url.bucket, Key=url.key, Body=picture, ContentType="image/jpeg")
    return url
