"""Where a ByteNite job reads and writes: the descriptors of its data sources and destinations."""

from __future__ import annotations

from typing import Any, Literal

TYPE = "type.googleapis.com/bytenite.data_source."
BUCKET: dict[str, Any] = {"dataSourceDescriptor": "bucket", "params": {}}
"""ByteNite's temporary bucket; links and files die 48 hours after completion."""

FILE: dict[str, Any] = {
    # The document says `local`; the service and all later documents say `file`.
    "dataSourceDescriptor": "file",
    "params": {"@type": TYPE + "LocalFileDataSource"},
}


def url_source(url: str) -> dict[str, Any]:
    """Read from an http(s) link, which may be presigned."""
    return {"dataSourceDescriptor": "url", "params": {"@type": TYPE + "HttpDataSource", "url": url}}


def storage(
    kind: Literal["s3", "gcp", "storj"],
    *,
    name: str,
    bucket: str,
    region: str,
    access_key: str,
    secret_key: str,
) -> dict[str, Any]:
    """Read ``name`` (a file) from, or write below ``name`` (a folder) to, a bucket of one's own.

    The keys travel inline: that is generation 1. The service takes its parameters in camel case, whatever the
    document says, and Storj under a type of its own.
    """
    return {
        "dataSourceDescriptor": kind,
        "params": {
            "@type": TYPE + ("StorjDataSource" if kind == "storj" else "S3DataSource"),
            "name": name,
            "bucketName": bucket,
            "cloudRegion": region,
            "accessKey": access_key,
            "secretKey": secret_key,
        },
    }
