"""Is a source fit to be worked on: complete, stable, decodable, and what the recipe can take. Nothing is spent here."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reelworks.core.errors import BadInputError, BusyError, UnreachableError
from reelworks.core.redact import redact
from reelworks.media import s3
from reelworks.media.checks import tail_slack
from reelworks.media.probe import Decoded, Probe, decodes, probe
from reelworks.media.source import Source
from reelworks.process.cut import missing_bytes
from reelworks.recipes import Recipe

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

LINK_LIFETIME = 3600
YOUNG = 30.0  # seconds; tools that append write the whole object again and again
LOOKS, PAUSE = 5, 2.0
SMALL = 64 * 1024**2  # bytes; what may be fetched to be looked at here
SIDES = (16, 16384)  # pixels
STILLS = ("gif", "mjpeg", "image2", "png_pipe", "webp_pipe", "jpeg_pipe", "bmp_pipe", "tiff_pipe")


class SupersededError(BadInputError):
    """The source is no longer the version that was noticed: the newer one has a run of its own."""

    money = "no: nothing was started"
    remedy = "nothing: the newer version is seen to"


def admit(client: S3Client, url: s3.S3Url, recipe: Recipe, version: str | None) -> Source:
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
        seen = _looked_at(client, url, link, found.size)
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


def _looked_at(client: S3Client, url: s3.S3Url, link: str, size: int) -> Probe:
    if missing := missing_bytes(client, url, size):
        raise BadInputError(f"its last {missing} bytes are missing: upload it again")
    try:
        return _checked(link)
    except UnreachableError:
        if size > SMALL:
            raise
        with tempfile.TemporaryDirectory(prefix="reelworks-probe-") as folder, s3.open_object(client, url) as source:
            file = Path(folder) / "source"
            file.write_bytes(source.readall())
            # Some damage looks like a broken line; in a file there is none.
            _checked(file)
        raise


def _checked(target: str | Path) -> Probe:
    seen = probe(target)
    _check_picture(seen)
    _check_decodes(target, seen)
    return seen


def _check_picture(seen: Probe) -> None:
    picture = seen.video[0]
    least, most = SIDES
    if not all(least <= side <= most for side in (picture.width, picture.height)):
        raise BadInputError(
            f"its picture is {picture.width}x{picture.height}, and sides of {least} to {most} are taken"
        )


def _check_decodes(target: str | Path, seen: Probe) -> None:
    """Decode the beginning, the middle and the end; all of it where nothing tells how long it is."""
    length = seen.video[0].duration or seen.duration
    if seen.container in STILLS or not length:
        if decodes(target, None).frames < 2:
            raise BadInputError("it is a single picture, not a video")
        return
    decodes(target, min(2.0, length))
    if length > 12:
        _decoded(target, seen.start + length / 2, seen.start + length / 2 + 1.0)
    end = _decoded(target, max(0.0, seen.start + length - 2.0), None).until
    if end is not None and seen.start + length - end > tail_slack(length, seen.video[0].fps):
        raise BadInputError(f"its pictures end at {end - seen.start:.2f} s of {length:.2f} s: it is cut or damaged")


def _decoded(target: str | Path, start: float, end: float | None) -> Decoded:
    """Decode a stretch; from further ahead where it begins too long after a keyframe, as those of streams may."""
    for ahead in (0.0, 30.0):
        begin = max(0.0, start - ahead)
        try:
            return decodes(target, None if end is None else end - begin, start=begin)
        except BadInputError:
            pass
    return decodes(target, None if end is None else end)


def _check_recipe(recipe: Recipe, seen: Probe) -> None:
    if recipe.enhance is None:
        return
    preset = recipe.preset(recipe.enhance)
    seconds = recipe.enhance.preview_seconds
    preset.fits(seen, preset.preview_ms(seconds, seen) if seconds else None)
