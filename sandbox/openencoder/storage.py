"""The buckets, reached as the server's settings say."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.openencoder.configuration import Configuration
from sandbox.seaweed import make_client

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

Result = TypeVar("Result")


class StorageError(Exception):
    """The storage did not do what was asked."""


class Storage:
    """Inbound and outbound bucket. S3 calls block, so they run in threads."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._client: S3Client | None = None
        self._client_for: tuple[str, ...] = ()

    async def check(self, key: str) -> None:
        """Raise StorageError unless the inbound bucket has the object."""
        bucket = self._configuration["S3_INBOUND_BUCKET"]
        await self._do(lambda client: client.head_object(Bucket=bucket, Key=key))

    async def download(self, key: str, path: Path) -> None:
        """Copy an object of the inbound bucket to a file; raises StorageError."""
        bucket = self._configuration["S3_INBOUND_BUCKET"]
        await self._do(lambda client: client.download_file(bucket, key, str(path)))

    async def upload(self, path: Path, key: str) -> None:
        """Copy a file to the outbound bucket; raises StorageError."""
        bucket = self._configuration["S3_OUTBOUND_BUCKET"]

        def send(client: "S3Client") -> None:
            # The sandbox's S3 would make a bucket that is missing; AWS would not.
            client.head_bucket(Bucket=bucket)
            client.upload_file(str(path), bucket, key)

        await self._do(send)

    async def listing(self, prefix: str) -> dict[str, Any] | None:
        """Return folders and files of the inbound bucket as the API shows them; null when it cannot be read."""
        bucket = self._configuration["S3_INBOUND_BUCKET"]
        try:
            page = await self._do(lambda client: client.list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter="/"))
        except StorageError:
            return None
        folders = [common.get("Prefix") for common in page.get("CommonPrefixes", [])]
        files = [{"name": found.get("Key"), "size": found.get("Size")} for found in page.get("Contents", [])]
        return {"folders": folders or None, "files": files or None}

    async def make_buckets(self) -> None:
        """Make both buckets where they are missing; raises StorageError."""
        for setting in ("S3_INBOUND_BUCKET", "S3_OUTBOUND_BUCKET"):
            await self._make(self._configuration[setting])

    async def _make(self, name: str) -> None:
        try:
            await self._do(lambda client: client.head_bucket(Bucket=name))
        except StorageError:
            await self._do(lambda client: client.create_bucket(Bucket=name))

    async def _do(self, act: "Callable[[S3Client], Result]") -> Result:
        if not self._configuration.storage_near:
            raise StorageError("the storage is not on this machine")

        def call() -> Result:
            return act(self._connected())

        try:
            return await asyncio.to_thread(call)
        except (BotoCoreError, ClientError, OSError, ValueError) as error:
            raise StorageError(str(error)) from error

    def _connected(self) -> "S3Client":
        names = ("S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY", "S3_OUTBOUND_BUCKET_REGION")
        wanted = tuple(self._configuration[name] for name in names)
        if self._client is None or self._client_for != wanted:
            # The server uses the outbound region for both buckets.
            self._client = make_client(*wanted)
            self._client_for = wanted
        return self._client
