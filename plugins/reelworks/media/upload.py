"""Write an S3 object of any length, in order or in parts side by side: whole at the end, or not at all."""

from __future__ import annotations

import functools
import io
import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from reelworks.core.errors import VideoServiceError
from reelworks.media.backlog import Backlog
from reelworks.media.s3errors import s3_errors

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from reelworks.media.url import S3Url

log = logging.getLogger(__name__)

PART = 8 * 1024**2  # bytes; S3 takes no part under 5 MiB but the last
MOST_PARTS = 10_000  # S3's limit
SENDERS = 2  # parts that are sent at a time; one more waits, and one is read


class Upload:
    """A multipart upload. Leaving it unfinished takes all its parts away again.

    Either ``write`` what comes in order, which is sent while more is read, or ``put`` parts from
    several threads. What goes wrong with a part is raised by a later ``write``, or by ``finish``.
    """

    def __init__(self, client: S3Client, target: S3Url, content_type: str | None) -> None:
        self.size = 0
        self.target = target
        self._client = client
        self._extra: dict[str, Any] = {"ContentType": content_type} if content_type else {}
        self._buffer = bytearray()
        self._total: int | None = None
        self._id: str | None = None
        self._parts: list[dict[str, Any]] = []
        self._written = 0
        self._backlog = Backlog("upload", SENDERS)
        self._lock = threading.Lock()
        self._left = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._left = True
        try:
            self._backlog.leave()
        finally:
            if self._id is not None:
                self._abort(self._id)

    def _abort(self, upload_id: str) -> None:
        try:
            # A part that comes late takes all back once more.
            with (
                s3_errors(self._client, "take back the parts of", self.target),
                suppress(self._client.exceptions.NoSuchUpload),
            ):
                self._client.abort_multipart_upload(**self._where, UploadId=upload_id)
        except VideoServiceError as failure:
            log.warning("%s; a lifecycle rule of the bucket should", failure)

    def expect(self, total: int | None) -> None:
        """Tell the whole length in bytes, if known: parts grow so that 10,000 are enough."""
        self._total = total

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._buffer += chunk
        self.size += len(chunk)
        while len(self._buffer) >= (size := self.part_size()):
            self._written += 1
            part = memoryview(bytes(memoryview(self._buffer)[:size]))
            del self._buffer[:size]
            self._backlog.add(functools.partial(self._send, self._written, part))

    def put(self, number: int, first: int, body: memoryview) -> None:
        """Store one part; ``number`` counts from 1. An object that is smaller than a part takes a single request."""
        if number == 1 and len(body) == self._total:
            self.write(bytes(body))
            return
        self._send(number, body)
        with self._lock:
            self.size += len(body)

    def finish(self) -> None:
        """Make the object appear."""
        self._backlog.settle()
        if self._id is None:
            with s3_errors(self._client, "write", self.target):
                self._client.put_object(**self._where, Body=bytes(self._buffer), **self._extra)
            return
        if self._buffer:
            self._send(self._written + 1, memoryview(bytes(self._buffer)))
        with s3_errors(self._client, "write", self.target):
            self._complete(self._id)
        self._id = None

    @property
    def _where(self) -> dict[str, Any]:
        return {"Bucket": self.target.bucket, "Key": self.target.key}

    def part_size(self) -> int:
        """Say how many bytes the next part should have, so that S3's 10,000 are enough."""
        if self._total is None:
            return PART << (self._written // 1000)
        return max(PART, -(-self._total // MOST_PARTS))

    def _send(self, number: int, body: memoryview) -> None:
        try:
            with s3_errors(self._client, f"write part {number} of", self.target):
                upload_id = self._begun()
                if self._left:
                    return
                where = {**self._where, "UploadId": upload_id}
                part = self._client.upload_part(**where, PartNumber=number, Body=io.BytesIO(body))
            sums = {key: value for key, value in part.items() if key.startswith("Checksum") and key != "ChecksumType"}
            with self._lock:
                self._parts.append({"PartNumber": number, "ETag": part["ETag"], **sums})
        finally:
            # It was on its way when the others were taken back; one that fails may be there nevertheless.
            if self._left and self._id is not None:
                self._abort(self._id)

    def _begun(self) -> str:
        with self._lock:
            if self._id is None:
                self._id = self._client.create_multipart_upload(**self._where, **self._extra)["UploadId"]
            return self._id

    def _complete(self, upload_id: str) -> None:
        from botocore.exceptions import ClientError

        parts: Any = sorted(self._parts, key=lambda part: part["PartNumber"])
        try:
            self._client.complete_multipart_upload(**self._where, UploadId=upload_id, MultipartUpload={"Parts": parts})
        except ClientError as error:
            # boto3 repeats a request whose answer was lost; the second time the upload is over already.
            if error.response.get("Error", {}).get("Code") != "NoSuchUpload" or not self._is_there():
                raise

    def _is_there(self) -> bool:
        from botocore.exceptions import ClientError

        try:
            return self._client.head_object(**self._where)["ContentLength"] == self.size
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return False
