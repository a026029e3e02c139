"""Is a source fit to be worked on: complete, stable, decodable, and what the recipe can take. Nothing is spent here."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reelworks.core.errors import BadInputError, BusyError
from reelworks.core.redact import redact
from reelworks.media import s3
from reelworks.media.probe import Decoded, Probe, decodes, probe
from reelworks.media.source import Source
from reelworks.recipes import Recipe

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

LINK_LIFETIME = 3600
YOUNG = 30.0  # seconds; tools that append write the whole object again and again
LOOKS, PAUSE = 5, 2.0
SIDES = (16, 16384)  # pixels
STILLS = ("gif", "mjpeg", "image2", "png_pipe", "webp_pipe", "jpeg_pipe", "bmp_pipe", "tiff_pipe")


class SupersededError(BadInputError):
    """The source is no longer the version that was noticed: the newer one has a run of its own."""


def inspect(client: S3Client, url: s3.S3Url, recipe: Recipe, version: str | None) -> Source:
    """Return the source, looked at from its beginning to its end; ``version`` is a version id, or else an ETag.

    :raises SupersededError: it has another version by now.
    :raises BadInputError: why it cannot be worked on.
    :raises BusyError: it is still being written.
    """
    found = _stable(client, url)
    if version and version not in (found.version_id, found.etag):
        raise SupersededError(f"{url} is superseded: version {version} was noticed, and there is another by now")
    if not found.size:
        raise BadInputError(f"{url} is empty (0 bytes): upload it again")
    link = s3.presign(client, url, LINK_LIFETIME, found.version_id)
    try:
        seen = probe(link)
        _check_picture(seen)
        _check_decodes(link, seen)
    except BadInputError as error:
        reason = redact(str(error)).replace(redact(link), "it")
        raise BadInputError(f"{url} cannot be worked on: {reason}") from None
    _check_recipe(recipe, seen)
    return Source(str(url), link, found.size, found.etag, found.version_id, seen)


def _stable(client: S3Client, url: s3.S3Url) -> s3.S3Object:
    """Look until it stays as it is. S3 shows an upload in parts only once it is complete."""
    found = s3.stat(client, url)
    for _ in range(LOOKS):
        if (datetime.now(UTC) - found.modified).total_seconds() > YOUNG:
            return found
        time.sleep(PAUSE)
        before, found = found, s3.stat(client, url)
        if (before.etag, before.size, before.version_id) == (found.etag, found.size, found.version_id):
            return found
    raise BusyError(f"{url} is still being written: it changed {LOOKS} times while it was looked at")


def _check_picture(seen: Probe) -> None:
    picture = seen.video[0]
    least, most = SIDES
    if not all(least <= side <= most for side in (picture.width, picture.height)):
        raise BadInputError(
            f"its picture is {picture.width}x{picture.height}, and sides of {least} to {most} are taken"
        )


def _check_decodes(link: str, seen: Probe) -> None:
    """Decode the beginning, the middle and the end; all of it where nothing tells how long it is."""
    length = seen.video[0].duration or seen.duration
    if seen.container in STILLS or not length:
        whole = decodes(link, None)
        if whole.frames < 2:
            raise BadInputError("it is a single picture, not a video")
        return
    decodes(link, min(2.0, length))
    if length > 12:
        decodes(link, 1.0, start=length / 2)
    _check_end(decodes(link, None, start=max(0.0, length - 2.0)), seen, length)


def _check_end(decoded: Decoded, seen: Probe, length: float) -> None:
    # A slow show of slides has its last picture long before its end.
    slack = max(1.0, 0.02 * length, 2 / (seen.video[0].fps or 1.0))
    if decoded.until is not None and length - decoded.until > slack:
        raise BadInputError(f"its pictures end at {decoded.until:.2f} s of {length:.2f} s: it is cut or damaged")


def _check_recipe(recipe: Recipe, seen: Probe) -> None:
    if recipe.enhance is None:
        return
    preset = recipe.preset(recipe.enhance)
    seconds = recipe.enhance.preview_seconds
    preset.fits(seen, preset.preview_ms(seconds, seen) if seconds else None)
