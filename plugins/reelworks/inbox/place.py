"""The inbox: where videos land, which are wanted, and where what becomes of them goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any, Self

from reelworks.core.errors import BadInputError
from reelworks.inbox.identity import digest_of, run_id_of
from reelworks.inbox.video import Video, wanted
from reelworks.media.url import S3Url
from reelworks.settings import seconds, setting, words

RECORDS = "_reelworks"
"""What we note for ourselves lies in this folder of the outbox."""


@dataclass(frozen=True)
class Inbox:
    """A bucket, or a folder in one, whose videos go through one recipe into the outbox."""

    url: str
    outbox: str
    suffixes: tuple[str, ...]
    recipe: str
    settle: float = 0.0
    aws_conn_id: str = "aws_default"

    @classmethod
    def from_settings(cls, **instead: Any) -> Self:
        """Read the settings, inside a task or a trigger; what is given (not None) counts instead.

        :raises BadInputError: addresses that are none, or an inbox that is also an outbox.
        """
        given = {name: value for name, value in instead.items() if value is not None}
        read: dict[str, Callable[[], Any]] = {
            "url": lambda: setting("REELWORKS_INBOX"),
            "outbox": lambda: setting("REELWORKS_OUTBOX"),
            "suffixes": lambda: words("REELWORKS_SUFFIXES"),
            "recipe": lambda: setting("REELWORKS_RECIPE"),
            "settle": lambda: seconds("REELWORKS_SETTLE"),
            "aws_conn_id": lambda: setting("REELWORKS_AWS_CONN"),
        }
        return cls.of({name: given[name] if name in given else look() for name, look in read.items()})

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """Make one of plain JSON, and see that it can work."""
        inbox = cls(**{**fields, "suffixes": tuple(fields["suffixes"])})
        if not inbox.suffixes:
            raise BadInputError("no suffixes: name those of the videos to be processed")
        # Each output would be noticed as a new video, processed, and noticed again, each time for money.
        if inbox.bucket == inbox._out[0] and inbox.prefix.startswith(inbox._out[1]):
            raise BadInputError(f"the inbox {inbox.url} lies in the outbox {inbox.outbox}: part the two")
        return inbox

    def as_json(self) -> dict[str, Any]:
        """Return what `of` makes the same inbox of."""
        return {**asdict(self), "suffixes": list(self.suffixes)}

    @cached_property
    def bucket(self) -> str:
        """The bucket that videos land in."""
        return S3Url.parse(self.url).bucket

    @cached_property
    def prefix(self) -> str:
        """What all their keys begin with: nothing, or a folder with its slash."""
        return _folder(self.url)[1]

    @cached_property
    def _out(self) -> tuple[str, str]:
        return _folder(self.outbox)

    def takes(self, bucket: str, key: str) -> bool:
        """Say whether what lies there is a video of ours: in the inbox, no output, of a wanted suffix."""
        inside = bucket == self.bucket and key.startswith(self.prefix)
        output = bucket == self._out[0] and key.startswith(self._out[1])
        return inside and not output and wanted(key, self.suffixes)

    def unsettled(self, video: Video, now: datetime) -> float:
        """Return for how many seconds the video has to wait, by S3's clock, until nobody is writing it any more."""
        return max(0.0, (video.modified + timedelta(seconds=self.settle) - now).total_seconds())

    def run_id(self, video: Video) -> str:
        """Return the id of the run this video gets."""
        return run_id_of(video.bucket, video.key, video.version, self.recipe)

    def mark(self, video: Video) -> bytes:
        """Return eight bytes that stand for the video's run."""
        return bytes.fromhex(digest_of(video.bucket, video.key, video.version, self.recipe))

    def record(self, name: str) -> S3Url:
        """Return where a note of ours lies; that of another inbox with the same outbox lies elsewhere."""
        bucket, prefix = self._out
        which = sha256(self.url.encode()).hexdigest()[:8]
        return S3Url(bucket, f"{prefix}{RECORDS}/{which}/{self.recipe}/{name}")


def _folder(url: str) -> tuple[str, str]:
    place = S3Url.parse(url)
    return place.bucket, f"{place.key.strip('/')}/" if place.key.strip("/") else ""
