"""Write an S3 object of any length from a stream: whole at the end, or not at all."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from reelworks.core.errors import VideoServiceError
from reelworks.media.s3errors import s3_errors

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from reelworks.media.url import S3Url

log = logging.getLogger(__name__)

PART = 8 * 1024**2  # bytes; S3 takes no part under 5 MiB but the last
MOST_PARTS = 10_000  # S3's limit


class Upload:
    """A multipart upload, one part in memory. Leaving it unfinished takes all its parts away again."""

    def __init__(self, client: S3Client, target: S3Url, content_type: str | None) -> None:
        self.size = 0
        self._client, self._target = client, target
        self._extra: dict[str, Any] = {"ContentType": content_type} if content_type else {}
        self._buffer = bytearray()
        self._total: int | None = None
        self._id: str | None = None
        self._parts: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._id is None:
            return
        try:
            with s3_errors(self._client, "take back the parts of", self._target):
                self._client.abort_multipart_upload(**self._where, UploadId=self._id)
        except VideoServiceError as failure:
            log.warning("%s; a lifecycle rule of the bucket should", failure)

    def expect(self, total: int | None) -> None:
        """Tell the whole length in bytes, if known: parts grow so that 10,000 are enough."""
        self._total = total

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._buffer += chunk
        self.size += len(chunk)
        while len(self._buffer) >= (size := self._part_size()):
            self._send(bytes(memoryview(self._buffer)[:size]))
            del self._buffer[:size]

    def finish(self) -> None:
        """Make the object appear. A small one takes a single request."""
        if self._id is None:
            with s3_errors(self._client, "write", self._target):
                self._client.put_object(**self._where, Body=bytes(self._buffer), **self._extra)
            return
        if self._buffer:
            self._send(bytes(self._buffer))
        with s3_errors(self._client, "write", self._target):
            self._complete(self._id)
        self._id = None

    @property
    def _where(self) -> dict[str, Any]:
        return {"Bucket": self._target.bucket, "Key": self._target.key}

    def _part_size(self) -> int:
        if self._total is None:
            return PART << (len(self._parts) // 1000)
        return max(PART, -(-self._total // MOST_PARTS))

    def _send(self, body: bytes) -> None:
        number = len(self._parts) + 1
        with s3_errors(self._client, f"write part {number} of", self._target):
            if self._id is None:
                self._id = self._client.create_multipart_upload(**self._where, **self._extra)["UploadId"]
            part = self._client.upload_part(**self._where, UploadId=self._id, PartNumber=number, Body=body)
        sums = {key: value for key, value in part.items() if key.startswith("Checksum") and key != "ChecksumType"}
        self._parts.append({"PartNumber": number, "ETag": part["ETag"], **sums})

    def _complete(self, upload_id: str) -> None:
        from botocore.exceptions import ClientError

        try:
            self._client.complete_multipart_upload(
                **self._where,
                UploadId=upload_id,
                MultipartUpload={"Parts": self._parts},  # type: ignore[typeddict-item]
            )
        except ClientError as error:
            # boto3 repeats a request whose answer was lost; the second time the upload is over already.
            if error.response.get("Error", {}).get("Code") != "NoSuchUpload" or not self._is_there():
                raise

    def _is_there(self) -> bool:
        head = self._client.head_object(**self._where)
        return head["ContentLength"] == self.size
