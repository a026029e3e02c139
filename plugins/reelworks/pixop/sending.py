"""A source to Pixop, once: an upload that has arrived is never sent again, however its answer was lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from reelworks.core.errors import BadInputError, BusyError, RefusedError, UnreachableError
from reelworks.core.hook import VideoServiceHook
from reelworks.pixop.jobs import uploaded
from reelworks.pixop.transfer import upload_video

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)

PAUSES = (3.0, 5.0, 20.0, 20.0)
"""Seconds that an upload without an answer has to show after all, before the next; the last is left to a retry."""


def send_once(
    hook: VideoServiceHook,
    video_id: str,
    source: str,
    client: S3Client | None,
    *,
    size: int | None,
    light: bool,
    before_each: Callable[[], None] = lambda: None,
) -> None:
    """Upload ``source`` (S3 or a local file, of ``size`` bytes), unless it is there, and see that it arrives.

    ``before_each`` may refuse a source that is not what it was.

    :raises BadInputError: the video has other media already.
    :raises UnreachableError, BusyError, RefusedError: it has not arrived.
    """
    if has_arrived(hook, video_id, source, size):
        log.info("%s has arrived at video %s before", source, video_id)
        return
    for left, pause in zip(reversed(range(len(PAUSES))), PAUSES, strict=True):
        before_each()
        try:
            upload_video(hook, video_id, source, client, light=light)
            return
        except RefusedError as error:
            # What has arrived all the same is refused the second time.
            if not has_arrived(hook, video_id, source, size):
                raise
            log.info("%s; but all has arrived", error)
            return
        except (UnreachableError, BusyError) as error:
            if _arrives(hook, video_id, source, size, pause):
                log.info("%s; but all has arrived", error)
                return
            if not left:
                raise
            log.warning("%s, and nothing has arrived: sending it again", error)


def _arrives(hook: VideoServiceHook, video_id: str, source: str, size: int | None, seconds: float) -> bool:
    """Say whether what was sent is there, at once or after ``seconds``: its answer may be what was lost."""
    if has_arrived(hook, video_id, source, size):
        return True
    time.sleep(seconds)
    return has_arrived(hook, video_id, source, size)


def has_arrived(hook: VideoServiceHook, video_id: str, source: str, size: int | None) -> bool:
    """Say whether the video has its media, of ``size`` bytes.

    :raises BadInputError: it has others.
    """
    there = hook.answer(uploaded(video_id))
    if there is None:
        return False
    if there and size is not None and there != size:
        raise BadInputError(
            f"video {video_id} has {there} bytes of media already, and {source} has {size}: create another video for it"
        )
    return True
