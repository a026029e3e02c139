"""Whose a place is, while nothing is published there yet; and one publication at a time.

One small object for each place says both, below the staging prefix, where nobody reads and what is forgotten goes after
a week. It is only ever written on condition that it is still what was read, which S3 has had since 2024: of two that
want the same, one is told so.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reelworks.core.errors import BusyError, VideoServiceError
from reelworks.media import s3
from reelworks.media.publish import STAGING
from reelworks.media.s3errors import s3_errors
from reelworks.media.url import S3Url

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

LASTS = 600.0
"""Seconds after which a hold that nobody has renewed is a dead process's: longer than S3 takes to copy one output."""
PAUSE = 2.0  # seconds
NOT_AS_READ = (409, 412)
"""How S3 says that the condition did not hold; 409 while another write of the same key goes on."""


@dataclass(frozen=True)
class Note:
    """What lies there: the source that the place is kept for, and the run that publishes until some second."""

    source: str
    run: Mapping[str, str] | None = None
    until: float = 0.0

    def held_by_another(self, run: Mapping[str, str]) -> bool:
        """Whether another run publishes there."""
        return self.run is not None and self.run != run and time.time() < self.until


@dataclass
class Notes:
    """The note of one place."""

    client: S3Client
    place: S3Url

    @property
    def url(self) -> S3Url:
        """Where it lies."""
        digest = hashlib.sha256(str(self.place).encode()).hexdigest()[:16]
        return S3Url(self.place.bucket, STAGING).joined(f"places/{digest}.json")

    def read(self) -> tuple[Note | None, str]:
        """Return it, and the ETag on whose condition it may be replaced; nothing and "" if there is none."""
        found = s3.read(self.client, self.url)
        if found is None:
            return None, ""
        body, etag = found
        told = json.loads(body)
        return Note(told["source"], told["run"], told["until"]), etag

    def write(self, note: Note, etag: str) -> str | None:
        """Replace what was read with that ETag; return the new one, or None if it is another by now."""
        condition: dict[str, Any] = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        body = json.dumps({"place": str(self.place), **vars(note)}, ensure_ascii=False).encode()
        with self._conditional("write"):
            answer = self.client.put_object(Bucket=self.url.bucket, Key=self.url.key, Body=body, **condition)
            return answer["ETag"]
        return None

    def remove(self, etag: str) -> None:
        """Remove what was written with that ETag, unless it is another by now."""
        with self._conditional("delete"):
            self.client.delete_object(Bucket=self.url.bucket, Key=self.url.key, IfMatch=etag)

    @contextmanager
    def _conditional(self, doing: str) -> Iterator[None]:
        from botocore.exceptions import ClientError

        with s3_errors(self.client, doing, self.url):
            try:
                yield
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] not in NOT_AS_READ:
                    raise


class Hold:
    """The right to publish at a place. ``renew`` it before each step."""

    def __init__(self, notes: Notes, source: str, run: Mapping[str, str]) -> None:
        self.notes, self.source, self.run = notes, source, run
        self._etag = self._taken()

    def renew(self) -> None:
        """Hold on for ``LASTS`` more seconds.

        :raises BusyError: another has it, as this process slept for longer than that.
        """
        etag = self.notes.write(self._note(), self._etag)
        if etag is None:
            # A write whose answer was lost has been repeated, and the second met the first.
            found, etag = self.notes.read()
            if found is None or found.run != self.run:
                raise BusyError(f"another run publishes at {self.notes.place} by now: this one slept for too long")
        self._etag = etag

    def release(self, *, keep: bool) -> None:
        """Let others publish; ``keep``: the place stays this source's, though nothing is published yet."""
        if keep:
            self.notes.write(Note(self.source), self._etag)
        else:
            self.notes.remove(self._etag)

    def _taken(self) -> str:
        end = time.monotonic() + LASTS + 60
        while True:
            found, etag = self.notes.read()
            if found is None or not found.held_by_another(self.run):
                if taken := self.notes.write(self._note(), etag):
                    return taken
            elif time.monotonic() > end:
                raise BusyError(
                    f"run {(found.run or {}).get('run_id')} publishes at {self.notes.place} and does not end"
                )
            time.sleep(PAUSE if found and found.run else 0.1)

    def _note(self) -> Note:
        return Note(self.source, dict(self.run), time.time() + LASTS)


@contextmanager
def held(client: S3Client, place: S3Url, source: str, run: Mapping[str, str]) -> Iterator[Hold]:
    """Hold a place for one publication; waits while another has it. ``run`` is ``{"dag_id", "run_id"}``.

    The same run that comes again takes over at once what its earlier try held when it died.

    :raises BusyError: another does not let it go.
    """
    hold = Hold(Notes(client, place), source, run)
    try:
        yield hold
    except BaseException:
        with suppress(VideoServiceError):
            hold.release(keep=True)
        raise
    hold.release(keep=False)
