"""Reads what a run has really left in S3, checks it, and brings it home."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from stack.processes import StackError
from stack.table import bit_rate, size, table

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

HEADINGS = ("service", "S3 key", "container", "codec", "size", "bitrate", "duration")


def s3_client(about: dict[str, str]) -> "S3Client":
    """Make a client of the sandbox's S3, whatever AWS settings the machine has."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=about["endpoint"],
        region_name=about["region"],
        aws_access_key_id=about["access_key"],
        aws_secret_access_key=about["secret_key"],
        config=Config(proxies={}, connect_timeout=5, read_timeout=60, s3={"addressing_style": "path"}),
    )


@dataclass(frozen=True)
class Results:
    """A manifest and the outputs it names, checked against the store."""

    manifest: dict[str, Any]
    url: str
    folder: Path

    @property
    def files(self) -> list[Path]:
        """Where the outputs lie on this machine."""
        return [_home_of(output, self.folder) for output in self.manifest["outputs"]]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """One row for each output, under HEADINGS."""
        return [(self.manifest["service"], *_row(output)) for output in self.manifest["outputs"]]


def outputs_table(results: Sequence[Results]) -> str:
    """Lay out what several runs made, one line for each output."""
    return table(HEADINGS, [row for result in results for row in result.rows], right=(4, 5, 6))


def fetch(client: "S3Client", bucket: str, key: str, folder: Path) -> Results:
    """Read the manifest at ``key`` and download what it names into ``folder``.

    :raises StackError: an output in S3 is not what the manifest says.
    """
    manifest = json.loads(client.get_object(Bucket=bucket, Key=key)["Body"].read())
    if not manifest["outputs"]:
        raise StackError(f"s3://{bucket}/{key} names no outputs.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2))
    for output in manifest["outputs"]:
        check_output(client, bucket, output, _home_of(output, folder))
    return Results(manifest, f"s3://{bucket}/{key}", folder)


def _home_of(output: dict[str, Any], folder: Path) -> Path:
    return folder / PurePosixPath(output["key"]).name


def check_output(client: "S3Client", bucket: str, output: dict[str, Any], path: Path) -> None:
    """Download an output that a manifest names to ``path``.

    :raises StackError: it is not what the manifest says.
    """
    client.download_file(bucket, output["key"], str(path))
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    found, said = (path.stat().st_size, digest), (output["size"], output["sha256"])
    if found != said:
        raise StackError(f"s3://{bucket}/{output['key']} is {found}, and its manifest says {said}.")


def _row(output: dict[str, Any]) -> tuple[str, ...]:
    probe = output["probe"]
    pictures = [f"{video['codec']} {video['width']}x{video['height']}" for video in probe["video"]]
    sounds = [str(audio["codec"]) for audio in probe["audio"]]
    duration = probe["duration"]
    return (
        output["key"],
        probe["container"],
        " + ".join(pictures + sounds),
        size(output["size"]),
        bit_rate(probe["bitrate"]),
        "-" if duration is None else f"{duration:.2f} s",
    )
