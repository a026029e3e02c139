"""S3: look, presign, checksum, copy and delete, with errors that name the object and the remedy."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reelworks.core.errors import BadInputError, RefusedError
from reelworks.media.objects import open_object
from reelworks.media.s3errors import s3_errors
from reelworks.media.url import S3Url

if TYPE_CHECKING:
    from airflow.sdk import Connection
    from types_boto3_s3 import S3Client

__all__ = [
    "S3Object",
    "S3Url",
    "copy",
    "delete",
    "delete_prefix",
    "digest",
    "is_there",
    "open_object",
    "presign",
    "read",
    "s3_client",
    "stat",
]

LONGEST_LIFETIME = 7 * 24 * 3600  # SigV4's own limit, in seconds
DEFAULT_CONNECTION = "aws_default"
NOT_THE_SAME = 412
"""How S3 says that there is another object than the one that was asked for by its ETag."""
COPY_PART = 256 * 1024**2  # bytes; one request copies a part, and no byte passes through us


@dataclass(frozen=True)
class S3Object:
    """What S3 says of an object; ``version_id`` is ``None`` where the bucket keeps no versions."""

    url: S3Url
    size: int
    etag: str
    version_id: str | None
    content_type: str
    modified: datetime


def s3_client(aws_conn_id: str | None) -> S3Client:
    """Make a client from an Airflow connection, as ``found_connection`` has it."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.providers.amazon.aws.utils.connection_wrapper import AwsConnectionWrapper
    from botocore.config import Config

    connection = AwsConnectionWrapper(found_connection(aws_conn_id))
    # Without s3v4 boto3 presigns for us-east-1 with the retired version 2.
    ours = Config(
        signature_version="s3v4",
        connect_timeout=10,
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": 5},
    )
    theirs = connection.botocore_config
    hook = S3Hook(aws_conn_id=aws_conn_id)
    # Where Airflow does not answer, the hook would only warn and go on with whatever credentials the machine has.
    hook.conn_config = AwsConnectionWrapper(connection, botocore_config=ours.merge(theirs) if theirs else ours)
    # Made as the hook makes its own client, but for a word in the user agent on which operator it is for: to find that
    # out, the hook looks through the source of all that is on the stack, which takes as long as all of this.
    client: S3Client = hook.get_session(region_name=hook.region_name).client(
        "s3",
        endpoint_url=hook.conn_config.get_service_endpoint_url("s3"),
        config=hook.config,
        verify=hook.verify,
    )
    return client


def found_connection(aws_conn_id: str | None) -> Connection | None:
    """Return the connection to sign in with, ``None`` for the machine's own AWS credentials (a role, say).

    They take the place of ``aws_default`` where there is no such connection, as in the Amazon provider. A name that
    somebody gave has to be there: for want of it the work would be done under another account.

    :raises BadInputError: it is not.
    :raises UnreachableError: Airflow does not say.
    """
    from reelworks.core.lookups import find_connection

    if aws_conn_id is None:
        return None
    return find_connection(aws_conn_id) if aws_conn_id == DEFAULT_CONNECTION else require_connection(aws_conn_id)


def require_connection(aws_conn_id: str) -> Connection:
    """Return the connection of that name; BadInputError says how to make it."""
    from reelworks.core.lookups import find_connection

    if connection := find_connection(aws_conn_id):
        return connection
    raise BadInputError(
        f"there is no connection {aws_conn_id!r}; add one of type aws with the access key as login, "
        'the secret key as password and, for a server other than AWS, {"endpoint_url": "…"} as extra'
    )


def stat(client: S3Client, url: S3Url) -> S3Object:
    """Look at an object without reading it. An empty object is no error here."""
    if not url.key or url.key.endswith("/"):
        raise BadInputError(f"{url} names no object; write s3://bucket/key")
    with s3_errors(client, "look at", url):
        head = client.head_object(Bucket=url.bucket, Key=url.key)
    return S3Object(
        url,
        head["ContentLength"],
        head["ETag"].strip('"'),
        version_of(head),
        head.get("ContentType", ""),
        head["LastModified"],
    )


def read(client: S3Client, url: S3Url) -> tuple[bytes, str] | None:
    """Return a small object's bytes, and the ETag on whose condition it may be replaced; None if there is none."""
    from botocore.exceptions import ClientError

    with s3_errors(client, "read", url):
        try:
            answer = client.get_object(Bucket=url.bucket, Key=url.key)
            return answer["Body"].read(), answer["ETag"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "NoSuchKey":
                raise
            return None


def is_there(client: S3Client, url: S3Url) -> bool:
    """Say whether there is such an object. An S3 that does not tell is an error, and so is a bucket that is gone."""
    from botocore.exceptions import ClientError

    with s3_errors(client, "look at", url):
        try:
            client.head_object(Bucket=url.bucket, Key=url.key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            client.head_bucket(Bucket=url.bucket)
            return False
    return True


def version_of(answer: Any) -> str | None:
    """Give the version an answer speaks of; S3 calls the only version of an object "null"."""
    version: str | None = answer.get("VersionId")
    return None if version in (None, "", "null") else version


def presign(client: S3Client, url: S3Url, lifetime: int, version_id: str | None = None) -> str:
    """Make a link that lets anyone read the object for ``lifetime`` seconds. Never log it.

    It dies earlier if it was signed with temporary credentials that do.
    """
    if not 1 <= lifetime <= LONGEST_LIFETIME:
        raise BadInputError(f"a link to {url} cannot live {lifetime} s; S3 allows 1 to {LONGEST_LIFETIME} s (7 days)")
    params = {"Bucket": url.bucket, "Key": url.key} | ({"VersionId": version_id} if version_id else {})
    with s3_errors(client, "sign a link to", url):
        return client.generate_presigned_url("get_object", Params=params, ExpiresIn=int(lifetime))


def digest(client: S3Client, url: S3Url, version_id: str | None = None) -> str:
    """Give the sha256 (hex) of an object's bytes, in constant memory and across dropped connections."""
    sha256 = hashlib.sha256()
    with open_object(client, url, version_id) as source:
        while chunk := source.read(1024**2):
            sha256.update(chunk)
    return sha256.hexdigest()


def copy(
    client: S3Client, source: S3Url, target: S3Url, content_type: str | None = None, *, etag: str | None = None
) -> None:
    """Copy within S3, of any size; no byte passes through this machine. The source's content type is kept, or set.

    :raises BadInputError: there is no such source; with ``etag``, also where it has another one by now.
    """
    from boto3.s3.transfer import TransferConfig

    with s3_errors(client, "read", source):
        head = client.head_object(Bucket=source.bucket, Key=source.key)
    # A copy in parts drops the content type unless told.
    extra = {"ContentType": content_type or head.get("ContentType", ""), "MetadataDirective": "REPLACE"}
    extra |= {"CopySourceIfMatch": f'"{etag}"'} if etag else {}
    config = TransferConfig(multipart_threshold=4 * COPY_PART, multipart_chunksize=COPY_PART)
    try:
        with s3_errors(client, f"copy {source} to", target):
            client.copy(
                {"Bucket": source.bucket, "Key": source.key},
                target.bucket,
                target.key,
                ExtraArgs={key: value for key, value in extra.items() if value},
                Config=config,
            )
    except RefusedError as error:
        if error.status != NOT_THE_SAME:
            raise
        raise BadInputError(f"{source} was replaced after it had been looked at: start again") from None


def delete(client: S3Client, url: S3Url) -> None:
    """Delete one object; that it is not there is no error."""
    with s3_errors(client, "delete", url):
        client.delete_object(Bucket=url.bucket, Key=url.key)


def delete_prefix(client: S3Client, url: S3Url) -> int:
    """Delete all under ``url/``, uploads that a killed process left unfinished too; gives how many."""
    if not url.key.strip("/"):
        raise BadInputError(f"refusing to empty the whole bucket {url.bucket}; name a prefix")
    prefix = url.key.rstrip("/") + "/"
    with s3_errors(client, "delete all under", url):
        return _delete_objects(client, url.bucket, prefix) + _abort_uploads(client, url.bucket, prefix)


def _delete_objects(client: S3Client, bucket: str, prefix: str) -> int:
    count = 0
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            client.delete_object(Bucket=bucket, Key=entry["Key"])
            count += 1
    return count


def _abort_uploads(client: S3Client, bucket: str, prefix: str) -> int:
    count = 0
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix):
        for upload in page.get("Uploads", []):
            client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
            count += 1
    return count
