"""The manifest of a processed video: ``manifest.json``, schema 2. What encode_video writes is schema 1.

::

    {
      "schema": 2,
      "source":  {"url", "version_id", "etag", "size" (bytes), "sha256"},
      "recipe":  {"name": str, "digest": hex, "gates": hex},
      "run":     {"dag_id", "run_id"},
      "jobs":    [{"task", "name", "service", "id", "job_name", "preset": {"name", "digest"}, "amount": null | str,
                   "made": hex, "outputs": [{"name", "key", "size" (bytes), "sha256", "probe", "verdict"}],
                   "verdict": null | {…}, "timings": {str: ISO-8601 UTC}}],
      "pictures": {"contact_sheet": url, "before_after": url},        those that could be made
      "amounts": {job's name: null | str},              as the services tell them, each in its own unit
      "tools":   {"reelworks", "airflow", "ffprobe"},
      "timings": {"published": ISO-8601 UTC}
    }

``made`` tells what a job was to make of what: the same again need not be made again. A job without outputs made what
only other jobs read; its ``verdict`` is its own then.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reelworks.core.presets import digest_of
from reelworks.media import s3
from reelworks.media.manifest import NAME, ManifestOutput, ManifestPreset, ManifestSource, Moment
from reelworks.media.s3errors import s3_errors
from reelworks.media.url import S3Url

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class RecordOutput(ManifestOutput):
    """One file, published under ``key`` in the manifest's own bucket, and what verification found."""

    verdict: dict[str, Any]


class RecordJob(_Frozen):
    """One paid job; see the module's text."""

    task: str
    name: str
    service: str
    id: str
    job_name: str
    preset: ManifestPreset
    amount: int | float | str | None
    made: str
    outputs: tuple[RecordOutput, ...]
    verdict: dict[str, Any] | None = None
    timings: dict[str, Moment]


class RecordRecipe(_Frozen):
    """The recipe, and by itself the digest of its gates."""

    name: str
    digest: str
    gates: str


class RecordRun(_Frozen):
    """The run that published."""

    dag_id: str
    run_id: str


class Record(_Frozen):
    """All of it."""

    schema_: Literal[2] = Field(default=2, alias="schema")
    source: ManifestSource
    recipe: RecordRecipe
    run: RecordRun
    jobs: tuple[RecordJob, ...]
    pictures: dict[str, str] = Field(default_factory=dict)
    amounts: dict[str, int | float | str | None]
    tools: dict[str, str]
    timings: dict[str, Moment]

    @property
    def keys(self) -> dict[str, str]:
        """All that it names, by key: the sha256, or nothing of a picture."""
        named = {output.key: output.sha256 for job in self.jobs for output in job.outputs}
        return named | {S3Url.parse(url).key: "" for url in self.pictures.values()}


def made_of(*, service: str, preset: str, clip: float | None = None, enhanced: str | None = None) -> str:
    """Give the digest of what a job is to make: by preset digest, seconds of a preview, and what was enhanced how."""
    return digest_of({"service": service, "preset": preset, "clip": clip, "enhanced": enhanced})


def write_record(client: S3Client, place: S3Url, record: Record) -> S3Url:
    """Write it in one request; call it when all it names is in place."""
    url = place.joined(NAME)
    body = json.dumps(record.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=False).encode() + b"\n"
    with s3_errors(client, "write", url):
        client.put_object(Bucket=url.bucket, Key=url.key, Body=body, ContentType="application/json")
    return url


def read_record(client: S3Client, place: S3Url) -> Record | None:
    """Read what was published at a place; None if nothing was, or by something else than process_video."""
    found = s3.read(client, place.joined(NAME))
    try:
        return Record.model_validate_json(found[0]) if found else None
    except ValidationError:
        return None
