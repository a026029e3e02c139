"""The manifest: what was made of which source, by whom, at what cost. Written last, in one piece.

``manifest.json``, schema 1::

    {
      "schema": 1,
      "source":  {"url": "s3://…", "version_id": null | str, "etag": null | str,
                  "size": null | bytes, "sha256": null | hex},
      "preset":  {"name": str, "digest": hex},
      "service": str,
      "job":     {"id": str, "name": str},
      "amounts": null | {str: number or str},          as the service tells them
      "outputs": [{"name": str, "key": str, "size": bytes, "sha256": hex,
                   "probe": {container, duration (s), size, bitrate (bit/s), video: […], audio: […]}}],
      "pictures": {"contact_sheet": url, "before_after": url},       those that could be made
      "tools":   {"reelworks": version, "airflow": version, "ffprobe": version},
      "timings": {str: ISO-8601 UTC}                   such as submitted, finished, published
    }

An object that is there is whole, and so is everything that it names. Later schemas may add fields.
"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from reelworks.core import metrics
from reelworks.core.errors import BadInputError, VideoServiceError
from reelworks.core.redact import redact
from reelworks.media.ffprobe import ffprobe_version
from reelworks.media.s3errors import s3_errors
from reelworks.media.url import S3Url

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

NAME = "manifest.json"

Url = Annotated[str, AfterValidator(redact)]  # a source may be a presigned link
Amounts = Mapping[str, int | float | str | None]


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    return moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_in_utc)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class ManifestSource(_Frozen):
    """The video that everything was made of."""

    url: Url
    version_id: str | None = None
    etag: str | None = None
    size: int | None = None
    sha256: str | None = None


class ManifestPreset(_Frozen):
    """What was asked for; the digest is that of the parameters sent."""

    name: str
    digest: str


class ManifestJob(_Frozen):
    """The service's job."""

    id: str
    name: str


class ManifestOutput(_Frozen):
    """One file, published under ``key`` in the manifest's own bucket."""

    name: str
    key: str
    size: int
    sha256: str
    probe: dict[str, Any]


class Manifest(_Frozen):
    """All of it; see the module's text for the JSON."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    source: ManifestSource
    preset: ManifestPreset
    service: str
    job: ManifestJob
    amounts: dict[str, int | float | str | None] | None
    outputs: tuple[ManifestOutput, ...]
    pictures: dict[str, str] = Field(default_factory=dict)
    tools: dict[str, str]
    timings: dict[str, Moment]

    def as_json(self) -> dict[str, Any]:
        """Give what is written."""
        return self.model_dump(mode="json", by_alias=True)


def build_manifest(
    *,
    source: Mapping[str, Any],
    preset: Mapping[str, str],
    service: str,
    job: Mapping[str, str],
    amounts: Amounts | None,
    outputs: Sequence[Mapping[str, Any]],
    timings: Mapping[str, datetime | str | None],
    pictures: Mapping[str, str] | None = None,
) -> Manifest:
    """Put a manifest together from plain JSON, as XCom carries it; fields not named above are left out.

    A timing that is ``None`` is left out; one without a zone is an error.
    """
    return Manifest.model_validate(
        {
            "schema": 1,
            "source": source,
            "preset": preset,
            "service": service,
            "job": job,
            "amounts": amounts,
            "outputs": list(outputs),
            "pictures": dict(pictures or {}),
            "tools": tool_versions(),
            "timings": {name: moment for name, moment in timings.items() if moment is not None},
        }
    )


def tool_versions() -> dict[str, str]:
    """Give the versions of what had a hand in it on our side."""
    return {
        "reelworks": _version("reelworks"),
        "airflow": _version("apache-airflow"),
        "ffprobe": _ffprobe_version(),
    }


def write_manifest(client: S3Client, prefix: S3Url, manifest: Manifest) -> S3Url:
    """Write ``manifest.json`` under a prefix in one request; call it when all it names is in place."""
    url = prefix.joined(NAME)
    body = json.dumps(manifest.as_json(), indent=2, ensure_ascii=False).encode() + b"\n"
    with s3_errors(client, "write", url):
        client.put_object(Bucket=url.bucket, Key=url.key, Body=body, ContentType="application/json")
    metrics.VIDEOS_PUBLISHED.add()
    return url


def read_manifest(client: S3Client, prefix: S3Url) -> Manifest:
    """Read the manifest under a prefix. BadInputError if there is none, or none that can be read."""
    url = prefix.joined(NAME)
    with s3_errors(client, "read", url):
        body = client.get_object(Bucket=url.bucket, Key=url.key)["Body"].read()
    try:
        return Manifest.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        field = ".".join(map(str, fault["loc"]))
        raise BadInputError(f"{url} is no manifest of schema 1: {field}: {fault['msg']}") from None


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _ffprobe_version() -> str:
    try:
        return ffprobe_version()
    except (VideoServiceError, OSError, subprocess.SubprocessError, IndexError):
        return "unknown"
