"""Read an S3 object as a stream that survives dropped connections."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

from reelworks.core.errors import BusyError, UnreachableError
from reelworks.media.s3errors import s3_errors

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from types_boto3_s3 import S3Client

    from reelworks.media.url import S3Url

ATTEMPTS = 5  # in a row, without one new byte


def open_object(client: S3Client, url: S3Url, version_id: str | None = None, etag: str | None = None) -> ObjectReader:
    """Open an object for reading, in constant memory; ``len`` and ``size`` are its bytes.

    Fit for ``requests.put(link, data=…)``. Close it, or use it in a ``with``. With ``etag``, a RefusedError of status
    412 says that there is another object by now.
    """
    return ObjectReader(client, url, version_id, etag)


class ObjectReader(io.RawIOBase):
    """The bytes of one object: pinned to the version, or else the ETag, that was there when it was opened."""

    def __init__(self, client: S3Client, url: S3Url, version_id: str | None, etag: str | None = None) -> None:
        super().__init__()
        wanted = {"VersionId": version_id, "IfMatch": etag}
        wanted = {name: value for name, value in wanted.items() if value}
        with s3_errors(client, "read", url):
            head = client.head_object(Bucket=url.bucket, Key=url.key, **wanted)  # type: ignore[arg-type]
        self._client, self._url = client, url
        self._pin = wanted | {"IfMatch": head["ETag"]}
        self._body: StreamingBody | None = None
        self._position = 0
        self.size = self.len = head["ContentLength"]  # requests looks for `len`

    def readable(self) -> bool:
        """Tell io that this is for reading."""
        return True

    def seekable(self) -> bool:
        """Tell HTTP clients that they may rewind before sending again."""
        return True

    def tell(self) -> int:
        """Give the next byte's position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; costs a new request at the next read if it really moves."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        target = min(max(start + offset, 0), self.size)
        if target != self._position:
            self._drop()
            self._position = target
        return target

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read what the connection has, at most the buffer; 0 only at the end."""
        chunk = self.chunk(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def chunk(self, most: int) -> bytes:
        """Give what the connection has, at most so many bytes; none only at the end. Saves ``read`` two copies."""
        if not most or self._position >= self.size:
            return b""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(0.2 * 2 ** (attempt - 1))
            if chunk := self._next(min(most, self.size - self._position)):
                self._position += len(chunk)
                return chunk
            self._drop()
        raise UnreachableError(f"{self._url} stopped at byte {self._position} of {self.size}, {ATTEMPTS} times")

    def close(self) -> None:
        """Let the connection go."""
        self._drop()
        super().close()

    def _next(self, count: int) -> bytes:
        """Give some bytes, or none if the connection failed."""
        from botocore.exceptions import ConnectionError as NoConnectionError
        from botocore.exceptions import HTTPClientError, IncompleteReadError

        try:
            if self._body is None:
                self._body = self._opened()
            return self._body.read(count)
        except (HTTPClientError, NoConnectionError, IncompleteReadError, BusyError, UnreachableError):
            return b""

    def _opened(self) -> StreamingBody:
        with s3_errors(self._client, "read", self._url):
            return self._client.get_object(
                Bucket=self._url.bucket,
                Key=self._url.key,
                Range=f"bytes={self._position}-",
                **self._pin,  # type: ignore[arg-type]
            )["Body"]

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None
