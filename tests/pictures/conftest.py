"""The S3 server of the tests of media."""

from tests.media.conftest import bucket, client, s3_endpoint

__all__ = ["bucket", "client", "s3_endpoint"]
