"""S3 against a real server: awkward keys, clear refusals, reads that survive."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
import requests
from airflow.sdk.execution_time import task_runner
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from urllib3.response import HTTPResponse

from reelworks.core.errors import BadInputError, BusyError, RefusedError, UnreachableError, VideoServiceError
from reelworks.media import s3
from reelworks.media.s3 import S3Url
from reelworks.media.source import check_bucket
from tests.media.conftest import KEY, SECRET, make_client, uploads_left
from tests.reap.airflow_edge import Airflow

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

AWKWARD = [
    "in/a b.mp4",
    "in/a+b%20c&d=e.mp4",
    "in/#1?x=y.mp4",
    "in/quotes '\" ;.mp4",
    "in/Ünïcödé 🎬.mp4",
    "in/" + "long name " * 20 + ".mp4",
    "/leading/slash.mp4",
    "no-suffix",
]


@pytest.mark.parametrize("key", AWKWARD)
def test_any_key_goes_there_and_back(client: S3Client, bucket: str, key: str) -> None:
    url = S3Url.parse(f"s3://{bucket}/{key}")
    assert (url.bucket, url.key, str(url)) == (bucket, key, f"s3://{bucket}/{key}")
    client.put_object(Bucket=bucket, Key=key, Body=key.encode(), ContentType="video/mp4")
    found = s3.stat(client, url)
    assert (found.size, found.content_type, found.version_id) == (len(key.encode()), "video/mp4", None)
    assert requests.get(s3.presign(client, url, 60), timeout=10).content == key.encode()
    assert s3.digest(client, url) == hashlib.sha256(key.encode()).hexdigest()
    s3.copy(client, url, S3Url(bucket, f"copy/{key}"))
    assert s3.stat(client, S3Url(bucket, f"copy/{key}")).content_type == "video/mp4"


def test_name_and_stem_are_those_of_a_file() -> None:
    names = {"a/b.c.mp4": "b.c", "a/.hidden": ".hidden", "plain": "plain", "a#b?.MOV": "a#b?"}
    assert {key: S3Url("bucket", key).stem for key in names} == names


@pytest.mark.parametrize(
    "text",
    ["", "s3://", "s3:///key", "s3:/b/k", "S3://bucket/k", "bucket/key", "s3://b ad/k", "s3://bucket/a/../b",
     "s3://bucket/a\nb", "s3://bucket/\ud800", "s3://bucket/" + "x" * 1025],
)  # fmt: skip
def test_a_malformed_address_is_refused_with_the_form_it_should_have(text: str) -> None:
    with pytest.raises(BadInputError, match=r"write s3://bucket/key|rename the object"):
        S3Url.parse(text)


def test_a_link_given_for_an_address_is_not_repeated_with_its_signature() -> None:
    with pytest.raises(BadInputError) as error:
        S3Url.parse("https://b.s3.amazonaws.com/k?X-Amz-Signature=secret")
    assert "secret" not in str(error.value)


def test_joining_adds_a_path_under_the_prefix() -> None:
    for prefix in ("out", "out/"):
        assert S3Url("bucket", prefix).joined("a b/c.mp4").key == "out/a b/c.mp4"
    assert S3Url("bucket", "").joined("c.mp4").key == "c.mp4"


@pytest.mark.parametrize("name", ["", "../x", "a/../../x", "/x", "a//b", "a\\b", "a\x00b", ".", "a/", "x" * 1025])
def test_joining_never_leaves_the_prefix(name: str) -> None:
    with pytest.raises(BadInputError, match="cannot be a name under"):
        S3Url("bucket", "out").joined(name)


def test_a_missing_object_and_a_missing_bucket_are_told_apart(client: S3Client, bucket: str) -> None:
    with pytest.raises(BadInputError, match="there is no such object; check its key"):
        s3.stat(client, S3Url(bucket, "nothing.mp4"))
    with pytest.raises(BadInputError, match="there is no bucket 'no-such-bucket'"):
        s3.stat(client, S3Url("no-such-bucket", "nothing.mp4"))


@pytest.mark.parametrize(("key", "secret"), [(KEY, "wrong-secret"), ("wrong-key", SECRET)])
def test_wrong_keys_point_at_the_connection(s3_endpoint: str, bucket: str, key: str, secret: str) -> None:
    with pytest.raises(BadInputError, match=r"check the connection's") as error:
        s3.stat(make_client(s3_endpoint, key, secret), S3Url(bucket, "k"))
    assert key not in str(error.value)


def test_an_address_without_a_key_is_no_object(client: S3Client, bucket: str) -> None:
    for text in (f"s3://{bucket}", f"s3://{bucket}/", f"s3://{bucket}/folder/"):
        with pytest.raises(BadInputError, match="names no object"):
            s3.stat(client, S3Url.parse(text))


def test_an_empty_object_is_reported_with_its_size(client: S3Client, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="empty.mp4", Body=b"")
    assert s3.stat(client, S3Url(bucket, "empty.mp4")).size == 0
    with s3.open_object(client, S3Url(bucket, "empty.mp4")) as source:
        assert source.read() == b""


@pytest.mark.parametrize("lifetime", [0, -1, 7 * 24 * 3600 + 1])
def test_a_link_lives_at_most_seven_days(client: S3Client, bucket: str, lifetime: int) -> None:
    with pytest.raises(BadInputError, match="7 days"):
        s3.presign(client, S3Url(bucket, "k"), lifetime)


def test_a_version_stays_readable_after_it_was_overwritten(client: S3Client, bucket: str) -> None:
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    url = S3Url(bucket, "v.mp4")
    client.put_object(Bucket=bucket, Key=url.key, Body=b"first")
    first = s3.stat(client, url)
    client.put_object(Bucket=bucket, Key=url.key, Body=b"second!")
    assert first.version_id
    assert requests.get(s3.presign(client, url, 60, first.version_id), timeout=10).content == b"first"
    assert s3.digest(client, url, first.version_id) == hashlib.sha256(b"first").hexdigest()


def test_deleting_a_prefix_leaves_its_neighbours_and_no_unfinished_upload(client: S3Client, bucket: str) -> None:
    for key in ("out/a/1", "out/a/deep/2", "out/ab", "out/b/3"):
        client.put_object(Bucket=bucket, Key=key, Body=b"x")
    client.create_multipart_upload(Bucket=bucket, Key="out/a/half")
    client.create_multipart_upload(Bucket=bucket, Key="out/b/half")
    assert s3.delete_prefix(client, S3Url(bucket, "out/a")) == 3
    left = [entry["Key"] for entry in client.list_objects_v2(Bucket=bucket)["Contents"]]
    assert left == ["out/ab", "out/b/3"]
    assert [upload["Key"] for upload in uploads_left(client, bucket)] == ["out/b/half"]


def test_emptying_a_whole_bucket_is_refused(client: S3Client, bucket: str) -> None:
    with pytest.raises(BadInputError, match="refusing to empty the whole bucket"):
        s3.delete_prefix(client, S3Url(bucket, ""))


def test_deleting_what_is_not_there_is_no_error(client: S3Client, bucket: str) -> None:
    s3.delete(client, S3Url(bucket, "nothing"))


class CuttingProxy:
    """Hands connections on to S3, and cuts each one after so many bytes of answer."""

    def __init__(self, endpoint: str, cut_after: int) -> None:
        self.target = ("127.0.0.1", int(endpoint.rsplit(":", 1)[1]))
        self.cut_after = cut_after
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                inner = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._carry, args=(inner,), daemon=True).start()

    def _carry(self, inner: socket.socket) -> None:
        with inner, socket.create_connection(self.target) as outer:
            threading.Thread(target=self._pump, args=(inner, outer, 1 << 40), daemon=True).start()
            self._pump(outer, inner, self.cut_after)
            for each in (inner, outer):  # closing alone would wait for the other thread's recv
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Refuse from here on; a blocked accept would keep a merely closed socket open."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _pump(self, source: socket.socket, sink: socket.socket, left: int) -> None:
        try:
            while left > 0 and (chunk := source.recv(min(left, 65536))):
                sink.sendall(chunk)
                left -= len(chunk)
        except OSError:
            return


@pytest.fixture
def cutting(s3_endpoint: str) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(s3_endpoint, 700_000)
    yield proxy
    proxy.close()


def test_a_read_goes_on_where_the_connection_was_cut(client: S3Client, bucket: str, cutting: CuttingProxy) -> None:
    content = bytes(range(256)) * 12_000
    client.put_object(Bucket=bucket, Key="k", Body=content)
    assert s3.digest(make_client(cutting.endpoint), S3Url(bucket, "k")) == hashlib.sha256(content).hexdigest()


def test_a_read_without_any_progress_gives_up(client: S3Client, bucket: str, cutting: CuttingProxy) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"x" * 2_000_000)
    with s3.open_object(make_client(cutting.endpoint), S3Url(bucket, "k")) as source:
        source.read(10)
        cutting.close()
        with pytest.raises(UnreachableError, match=r"stopped at byte \d+ of 2000000"):
            source.read()


def test_an_object_that_changes_while_it_is_read_is_an_error(
    client: S3Client, bucket: str, cutting: CuttingProxy
) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"x" * 2_000_000)
    with s3.open_object(make_client(cutting.endpoint), S3Url(bucket, "k")) as source:
        source.read(10)
        client.put_object(Bucket=bucket, Key="k", Body=b"y" * 2_000_000)
        with pytest.raises(RefusedError, match="412"):
            source.read()


def test_an_object_can_be_put_to_another_service_with_its_length(client: S3Client, bucket: str) -> None:
    content = b"movie" * 100_000
    client.put_object(Bucket=bucket, Key="from", Body=content)
    link = client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "to"}, ExpiresIn=60)
    with s3.open_object(client, S3Url(bucket, "from")) as source:
        answer = requests.put(link, data=source, timeout=10)
    assert answer.status_code == 200
    assert answer.request.headers["Content-Length"] == str(len(content))
    assert client.get_object(Bucket=bucket, Key="to")["Body"].read() == content


def test_a_big_copy_passes_through_in_parts(client: S3Client, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "COPY_PART", 5 * 1024**2)
    client.put_object(Bucket=bucket, Key="a", Body=b"x" * 22 * 1024**2, ContentType="video/mp4")
    s3.copy(client, S3Url(bucket, "a"), S3Url(bucket, "b"))
    original, copied = s3.stat(client, S3Url(bucket, "a")), s3.stat(client, S3Url(bucket, "b"))
    assert (copied.size, copied.content_type) == (original.size, "video/mp4")
    assert s3.digest(client, copied.url) == s3.digest(client, original.url)
    assert copied.etag.endswith("-5")


@pytest.mark.parametrize("threshold", [1, 256])  # MiB: the copy goes in parts, and in one
def test_only_what_was_looked_at_is_copied(
    client: S3Client, bucket: str, monkeypatch: pytest.MonkeyPatch, threshold: int
) -> None:
    monkeypatch.setattr(s3, "COPY_PART", threshold * 1024**2)
    source, target = S3Url(bucket, "a"), S3Url(bucket, "b")
    client.put_object(Bucket=bucket, Key="a", Body=b"x" * 5 * 1024**2)
    seen = s3.stat(client, source)
    s3.copy(client, source, target, etag=seen.etag)
    assert s3.digest(client, target) == s3.digest(client, source)

    client.put_object(Bucket=bucket, Key="a", Body=b"y" * 5 * 1024**2)
    with pytest.raises(BadInputError, match=r"/a was replaced after it had been looked at: start again"):
        s3.copy(client, source, S3Url(bucket, "c"), etag=seen.etag)
    assert not s3.is_there(client, S3Url(bucket, "c"))
    assert uploads_left(client, bucket) == []


def test_a_client_comes_from_the_airflow_connection(
    s3_endpoint: str, client: S3Client, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = {"conn_type": "aws", "login": KEY, "password": SECRET}
    extra = {"endpoint_url": s3_endpoint, "region_name": "us-east-1"}
    monkeypatch.setenv("AIRFLOW_CONN_S3_TEST", json.dumps(connection | {"extra": extra}))
    client.put_object(Bucket=bucket, Key="k", Body=b"123")
    ours = s3.s3_client("s3_test")
    assert s3.stat(ours, S3Url(bucket, "k")).size == 3
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in s3.presign(ours, S3Url(bucket, "k"), 60)


def test_a_missing_connection_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInputError, match=r"there is no connection 'nowhere'; add one of type aws"):
        s3.s3_client("nowhere")


@pytest.fixture
def own_keys(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has AWS credentials of its own, as one with a role has, and no connection."""
    monkeypatch.delenv("AIRFLOW_CONN_AWS_DEFAULT", raising=False)
    named = {"ACCESS_KEY_ID": KEY, "SECRET_ACCESS_KEY": SECRET, "DEFAULT_REGION": "us-east-1"}
    for name, value in (named | {"ENDPOINT_URL_S3": s3_endpoint}).items():
        monkeypatch.setenv(f"AWS_{name}", value)


@pytest.mark.usefixtures("own_keys")
def test_without_the_default_connection_the_machine_s_own_credentials_are_taken(client: S3Client, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"123")

    assert s3.stat(s3.s3_client("aws_default"), S3Url(bucket, "k")).size == 3


@pytest.mark.usefixtures("own_keys")
def test_a_connection_that_somebody_named_is_not_replaced_by_the_machine_s_own_credentials() -> None:
    with pytest.raises(BadInputError, match=r"there is no connection 'aws_theirs'; add one of type aws"):
        s3.s3_client("aws_theirs")


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Airflow:
    """The line to a supervisor that knows ``aws_default``."""
    airflow = Airflow(connections={"aws_default": "aws"})
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", airflow, raising=False)
    return airflow


@pytest.mark.usefixtures("own_keys")
def test_the_machine_s_own_credentials_are_not_taken_where_airflow_does_not_answer(airflow: Airflow) -> None:
    airflow.silent_at = 1

    with pytest.raises(UnreachableError, match="does not say whether there is a connection 'aws_default'"):
        s3.s3_client("aws_default")


@pytest.mark.usefixtures("own_keys")
def test_airflow_is_asked_once_for_a_client(airflow: Airflow) -> None:
    s3.s3_client("aws_default")

    assert airflow.asked == ["GetConnection"]


def test_neither_a_connection_nor_credentials_of_the_machine_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AIRFLOW_CONN_AWS_DEFAULT", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("SHARED_CREDENTIALS_FILE", "CONFIG_FILE"):
        monkeypatch.setenv(f"AWS_{name}", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(BadInputError, match=r"no AWS credentials, neither in the connection .* nor on this machine"):
        s3.stat(s3.s3_client("aws_default"), S3Url("bucket", "k"))


def test_no_answer_from_s3_says_so() -> None:
    with pytest.raises(UnreachableError, match=r"cannot look at s3://bucket/k: no answer from S3"):
        s3.stat(make_client("http://127.0.0.1:9"), S3Url("bucket", "k"))


def test_a_bucket_that_cannot_be_asked_for_is_no_missing_bucket() -> None:
    with pytest.raises(UnreachableError, match=r"cannot reach the bucket of s3://bucket/: no answer from S3"):
        check_bucket(make_client("http://127.0.0.1:9"), S3Url("bucket", ""))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "RequestTimeout", BusyError),
        (400, "BadDigest", BusyError),
        (400, "IncompleteBody", BusyError),
        (409, "OperationAborted", BusyError),
        (503, "SlowDown", BusyError),
        (400, "InvalidRequest", RefusedError),
        (409, "InvalidBucketState", RefusedError),
    ],
)
def test_what_may_go_well_another_time_is_told_from_what_never_will(
    s3_endpoint: str, bucket: str, status: int, code: str, kind: type[VideoServiceError]
) -> None:
    client, body = make_client(s3_endpoint), f"<Error><Code>{code}</Code></Error>".encode()

    def refuse(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        return AWSResponse(request.url, status, {}, HTTPResponse(BytesIO(body), preload_content=False))

    client.meta.events.register("before-send.s3.DeleteObject", refuse)

    with pytest.raises(kind, match=f"cannot delete s3://{bucket}/k: S3 answered {status} {code}"):
        s3.delete(client, S3Url(bucket, "k"))


def test_a_copy_takes_a_content_type_that_is_given(client: S3Client, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="a", Body=b"x", ContentType="binary/octet-stream")
    s3.copy(client, S3Url(bucket, "a"), S3Url(bucket, "b.mp4"), "video/mp4")
    assert s3.stat(client, S3Url(bucket, "b.mp4")).content_type == "video/mp4"
