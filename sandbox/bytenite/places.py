"""Data sources and destinations: reading what a caller sends, fetching from and writing to them."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
from boto3.exceptions import Boto3Error, S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.bytenite.blobs import Blob, BlobFile
from sandbox.bytenite.replies import RefusedError
from sandbox.seaweed import S3Access, make_client

PREFIX = "type.googleapis.com/bytenite.data_source."
STORES = ("s3", "aws", "gcp", "storj")
SOURCES = ("url", "file", "bypass", *STORES)
DESTINATIONS = ("bucket", "bypass", *STORES)
TYPES = {"url": "HttpDataSource", "file": "LocalFileDataSource"}
FETCH_SECONDS = 60.0


class PlaceError(Exception):
    """A source could not be read or a destination not be written; the job fails with this text."""


def read_place(content: object, *, allowed: tuple[str, ...], label: str) -> dict[str, Any]:
    """Return a source or destination in the form it is kept and shown: camelCase, defaults filled in."""
    if not isinstance(content, dict):
        raise RefusedError(400, f"{label} must be an object")
    descriptor = content.get("dataSourceDescriptor", content.get("data_source_descriptor"))
    if descriptor not in allowed:
        raise RefusedError(400, f"{label}: unknown descriptor {str(descriptor)[:40]!r}")
    sent = content.get("params") or {}
    if not isinstance(sent, dict):
        raise RefusedError(400, f"{label}.params must be an object")
    params = {_camel(key): value for key, value in sent.items()}
    wrong = next((key for key, value in params.items() if not isinstance(value, str)), None)
    if wrong is not None:
        raise RefusedError(400, f"{label}.params.{wrong[:40]} must be a string")
    return {"dataSourceDescriptor": descriptor, "params": _filled(descriptor, params, label)}


def _camel(key: str) -> str:
    # Proto-JSON takes both spellings; the service answers in camelCase.
    return re.sub(r"(?<=[a-z])_([a-z])", lambda match: match[1].upper(), key)


def _filled(descriptor: str, params: dict[str, str], label: str) -> dict[str, str]:
    if descriptor in ("bucket", "bypass"):
        return params
    kind = params.pop("@type", PREFIX + TYPES.get(descriptor, "S3DataSource"))
    if not kind.startswith(PREFIX):
        raise RefusedError(400, f"{label}: unknown @type {kind[:80]!r}")
    filled = {"@type": kind, "name": params.get("name", "")}
    if descriptor == "file":
        return filled
    if descriptor == "url":
        if not re.match(r"https?://[^/\s]+", params.get("url", "")):
            raise RefusedError(400, f"{label}: url must be an http or https address")
        return filled | {key: params.get(key, "") for key in ("url", "username", "password")}
    if not params.get("bucketName"):
        raise RefusedError(400, f"{label}: bucketName is required")
    return filled | params


class Places:
    """Reaches what jobs name, with the credentials they bring."""

    def __init__(self, s3: S3Access | None) -> None:
        self._s3 = s3

    async def fetch(self, source: dict[str, Any], target: Path) -> None:
        """Bring a `url` or S3 source into a file. Raises PlaceError."""
        if source["dataSourceDescriptor"] == "url":
            await fetch_url(source["params"], target)
        else:
            await asyncio.to_thread(self._fetch_object, source["params"], target)

    def readable_url(self, source: dict[str, Any]) -> str:
        """Return an address that a `url` or S3 source can be read from."""
        params = source["params"]
        if source["dataSourceDescriptor"] == "url":
            return str(params["url"])
        return self.object_link(params, str(params["name"]).lstrip("/"), seconds=300)

    def object_link(self, params: dict[str, str], key: str, *, seconds: int) -> str:
        """Return a presigned link to an object."""
        target = {"Bucket": params["bucketName"], "Key": key}
        return str(self._client(params).generate_presigned_url("get_object", Params=target, ExpiresIn=seconds))

    async def write(self, destination: dict[str, Any], name: str, blob: Blob) -> str:
        """Write a result to an S3 destination and return its key. Raises PlaceError."""
        params = destination["params"]
        folder = params.get("name", "").strip("/")
        key = f"{folder}/{name}" if folder else name
        await asyncio.to_thread(self._write_object, params, key, blob)
        return key

    def _client(self, params: dict[str, str]) -> Any:
        endpoint = params.get("endpoint") or (self._s3.endpoint if self._s3 else None)
        if endpoint is None:
            raise PlaceError("no S3 endpoint: the sandbox runs without S3 and the parameters name none")
        keys = params.get("accessKey", ""), params.get("secretKey", "")
        return make_client(endpoint, *keys, params.get("cloudRegion"))

    def _fetch_object(self, params: dict[str, str], target: Path) -> None:
        bucket, key = params["bucketName"], params["name"].lstrip("/")
        try:
            self._client(params).download_file(bucket, key, str(target))
        except (ClientError, BotoCoreError, Boto3Error) as error:
            raise PlaceError(f"cannot read {key} from bucket {bucket}: {_reason(error)}") from None

    def _write_object(self, params: dict[str, str], key: str, blob: Blob) -> None:
        try:
            self._client(params).upload_fileobj(
                BlobFile(blob), params["bucketName"], key, ExtraArgs={"ContentType": "video/mp4"}
            )
        except (ClientError, BotoCoreError, Boto3Error) as error:
            bucket = params["bucketName"]
            raise PlaceError(f"cannot write to bucket {bucket}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    if isinstance(error, S3UploadFailedError) and isinstance(error.__context__, ClientError):
        error = error.__context__
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "refused"))
    return type(error).__name__


async def fetch_url(params: dict[str, str], target: Path) -> None:
    """Stream an address into a file."""
    login = (params["username"], params["password"]) if params.get("username") else None
    where = without_query(params["url"])
    try:
        async with (
            httpx.AsyncClient(timeout=FETCH_SECONDS, follow_redirects=True, trust_env=False) as client,
            client.stream("GET", params["url"], auth=login) as answer,
        ):
            if answer.status_code != 200:
                raise PlaceError(f"cannot read the source: {where} answered {answer.status_code}")
            with target.open("wb") as file:
                async for block in answer.aiter_bytes(1 << 20):
                    await asyncio.to_thread(file.write, block)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise PlaceError(f"cannot read the source: {where}: {type(error).__name__}") from None


def without_query(text: str) -> str:
    """Return a text whose addresses have lost their query strings: these hold signatures."""
    return re.sub(r"(https?://[^\s?#]*)[?#]\S*", r"\1", text)
