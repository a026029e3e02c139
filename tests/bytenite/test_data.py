"""Where a ByteNite job reads and writes."""

import json

import pytest

from reelworks.bytenite.data import BUCKET, FILE, storage, url_source

PREFIX = "type.googleapis.com/bytenite.data_source."
KEYS = {"name": "in/a.mp4", "bucket": "films", "region": "eu-west-1", "access_key": "AK", "secret_key": "SK"}


def test_a_link_is_read_over_http_and_passed_on_as_it_is() -> None:
    link = "https://b.example/a%20b.mp4?X-Amz-Signature=a%2Fb&x=1"

    assert url_source(link) == {
        "dataSourceDescriptor": "url",
        "params": {"@type": PREFIX + "HttpDataSource", "url": link},
    }


def test_a_local_file_is_called_file_and_not_local() -> None:
    assert FILE == {"dataSourceDescriptor": "file", "params": {"@type": PREFIX + "LocalFileDataSource"}}


def test_the_temporary_bucket_wants_no_parameters() -> None:
    assert BUCKET == {"dataSourceDescriptor": "bucket", "params": {}}


@pytest.mark.parametrize(("kind", "kind_type"), [("s3", "S3"), ("gcp", "S3"), ("storj", "Storj")])
def test_a_bucket_of_ones_own_is_told_in_camel_case_with_its_keys(kind, kind_type) -> None:
    assert storage(kind, **KEYS) == {
        "dataSourceDescriptor": kind,
        "params": {
            "@type": f"{PREFIX}{kind_type}DataSource",
            "name": "in/a.mp4",
            "bucketName": "films",
            "cloudRegion": "eu-west-1",
            "accessKey": "AK",
            "secretKey": "SK",
        },
    }


def test_every_descriptor_is_plain_json() -> None:
    for descriptor in (BUCKET, FILE, url_source("https://b.example/a.mp4"), storage("s3", **KEYS)):
        assert json.loads(json.dumps(descriptor)) == descriptor
