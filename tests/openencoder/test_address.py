"""Sources and destinations by key alone, short and plain."""

import pytest

from reelworks.core.errors import BadInputError
from reelworks.openencoder.address import copied_source, given_dest, given_source, is_ours, is_plain, job_folder, key_of

HOSTILE = [
    "a#b.mp4",
    "50%.mp4",
    "a?b.mp4",
    "a:b.mp4",
    "a b.mp4",
    "ü.mp4",
    "a//b.mp4",
    "/a.mp4",
    "a/",
    ".hidden",
    "x" * 123,
]


@pytest.mark.parametrize("key", HOSTILE)
def test_a_key_that_a_url_would_change_is_not_plain(key: str) -> None:
    assert not is_plain(key)


@pytest.mark.parametrize("key", ["a.mp4", "src/A_b-1.mp4", "x" * 122])
def test_a_plain_key_means_itself(key: str) -> None:
    assert is_plain(key)


def test_a_jobs_own_objects_bear_its_name_and_fit() -> None:
    name = "a" * 40 + "-0123456789-999"

    assert len(f"s3:///{copied_source(name, 's3://b/' + 'k' * 900 + '.matroska')}") <= 128
    assert copied_source("n", "https://x.org/v.mp4?sig=.secret") == "_reelworks/n/source.mp4"
    assert copied_source("n", "s3://b/v.mp4;rm -rf") == "_reelworks/n/source"
    assert is_ours(f"s3:///{job_folder(name)}")
    assert is_ours(f"s3:///{copied_source(name, 'x.mp4')}")


@pytest.mark.parametrize(
    "address", ["s3:///_reelworks/", "s3:///_reelworks", "s3:///src/_reelworks/n/", "_reelworks//x", ""]
)
def test_nothing_else_is_ours(address: str) -> None:
    assert not is_ours(address)


@pytest.mark.parametrize("text", ["s3://inbox/src/a.mp4", "s3:///src/a.mp4", "src/a.mp4"])
def test_a_source_may_be_written_three_ways(text: str) -> None:
    assert given_source(text, "inbox") == "s3:///src/a.mp4"
    assert key_of(text) == "src/a.mp4"


@pytest.mark.parametrize(
    "text", ["s3://other/src/a.mp4", "s3://inbox/50%.mp4", "s3://inbox/" + "x" * 130, "https://x.org/a.mp4"]
)
def test_a_source_that_the_server_would_misread_is_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        given_source(text, "inbox")


def test_a_dest_is_a_folder() -> None:
    assert given_dest("s3://out/dst/a/", "out") == "s3:///dst/a/"
    for bad in ("s3://out/dst/a", "s3://inbox/dst/", "s3://out/", "a b/", "x" * 130 + "/"):
        with pytest.raises(BadInputError):
            given_dest(bad, "out")
