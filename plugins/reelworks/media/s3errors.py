"""What boto3 raises, said in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reelworks.core.errors import (
    BadInputError,
    BusyError,
    RefusedError,
    UnreachableError,
    VideoServiceError,
)
from reelworks.core.redact import redact

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from types_boto3_s3 import S3Client

    from reelworks.media.url import S3Url

NO_CREDENTIALS = "no AWS credentials, neither in the connection (login and password) nor on this machine (a role)"

_WRONG_KEYS = {
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
    "ExpiredTokenException",
    "AuthFailure",
}

_ANOTHER_TIME = {"RequestTimeout", "BadDigest", "IncompleteBody", "OperationAborted"}
"""What S3 answers with 400 or 409 although the same request may go well: it came too slowly, broken, or too soon."""


@contextmanager
def s3_errors(client: S3Client, doing: str, url: S3Url) -> Iterator[None]:
    """Turn botocore's errors into ours: ``cannot look at s3://…: there is no bucket 'inbox'; …``."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        HTTPClientError,
        NoCredentialsError,
        PartialCredentialsError,
    )
    from botocore.exceptions import (
        ConnectionError as NoConnectionError,
    )

    told: VideoServiceError
    try:
        yield
        return
    except ClientError as error:
        told = _answered(client, f"cannot {doing} {url}", url, error)
    except (NoCredentialsError, PartialCredentialsError):
        told = BadInputError(f"cannot {doing} {url}: {NO_CREDENTIALS}")
    except (HTTPClientError, NoConnectionError) as error:
        # Its text may hold a whole signed address, so only its kind is told.
        told = UnreachableError(f"cannot {doing} {url}: no answer from S3 ({type(error).__name__})")
    except (BotoCoreError, Boto3Error) as error:
        told = RefusedError(f"cannot {doing} {url}: {redact(str(error))}")
    raise told from None  # botocore's own text stays out of the traceback too


def _answered(client: S3Client, what: str, url: S3Url, error: ClientError) -> VideoServiceError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code == "NoSuchBucket" or (status == 404 and not _bucket_is_there(client, url)):
        return BadInputError(f"{what}: there is no bucket {url.bucket!r}; check its name and the connection")
    if code == "NoSuchUpload":
        return UnreachableError(f"{what}: somebody took the upload away")
    if status == 404:
        return BadInputError(f"{what}: there is no such object; check its key, letter case included")
    if code in _WRONG_KEYS or status == 401:
        return BadInputError(f"{what}: S3 does not accept the keys ({code}); check the connection's")
    if status == 403:
        return BadInputError(
            f"{what}: access denied; check the connection's keys and that they may do this in {url.bucket!r}"
        )
    if status == 301:
        return BadInputError(f"{what}: the bucket is in another region; give the connection its region_name")
    if status == 429 or status >= 500 or code in _ANOTHER_TIME:
        return BusyError(f"{what}: S3 answered {status} {code}")
    return RefusedError(f"{what}: S3 answered {status} {code}", status)


def _bucket_is_there(client: S3Client, url: S3Url) -> bool:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client.head_bucket(Bucket=url.bucket)
    except ClientError as error:
        return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") != 404
    except BotoCoreError:
        return True
    return True
