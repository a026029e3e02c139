"""Whatever a source is called, its outputs and its record have a place of their own that S3 takes."""

from __future__ import annotations

import itertools

import pytest

from reelworks.core.errors import BadInputError
from reelworks.media.url import S3Url
from reelworks.process.place import outputs_place, quarantine_place, staging_place

NAMES = [
    "a b c", "plus+plus", "100%25 sure", "salt&pepper", "no#1", "what?x=1", "it's \"quoted\"; rm -rf $HOME",
    "🎬 été Ünï", "UPPER", ".hidden", "two..dots", "-y", "a\\b", "~", "{{ params.source }}", "%s", "a:b", "a|b", "a*b",
    "<a>", "  a", "a  ", "é", "e\u0301", "\u202eRTL", "中文", "x" * 180,
]  # fmt: skip
FOLDERS = ["", "a/", "a//", "/", "manifest.json/", "_quarantine/"]
SUFFIXES = [".mp4", ".MOV", ""]
TAKEN = [f"s3://inbox/{''.join(parts)}" for parts in itertools.product(FOLDERS, NAMES, SUFFIXES)]
REFUSED = [
    "s3://inbox/a/../b.mp4",
    "s3://inbox/./a.mp4",
    "s3://inbox/a\nb.mp4",
    "s3://inbox/\x00",
    f"s3://inbox/{'x/' * 520}y",
]


def test_the_place_of_the_outputs_is_the_key_without_its_suffix_and_the_recipe() -> None:
    place = outputs_place("s3://outbox/some/where/", S3Url.parse("s3://inbox/a/b.c/video.final.MP4"), "web")

    assert str(place) == "s3://outbox/some/where/a/b.c/video.final/web"


@pytest.mark.parametrize("destination", ["s3://outbox", "s3://outbox/deep/er"])
def test_any_key_has_a_place_that_no_other_has(destination: str) -> None:
    sources = sorted({source.rpartition(".")[0] or source for source in TAKEN if source.endswith(".mp4")})
    assert len(sources) > 150

    places = [outputs_place(destination, S3Url.parse(f"{source}.mp4"), "web") for source in sources]

    assert len({str(place) for place in places}) == len(sources)
    assert all(S3Url.parse(str(place)).joined("manifest.json") for place in places)
    assert all(str(place).startswith(f"{destination}/") for place in places)


@pytest.mark.parametrize("destination", ["s3://outbox", "s3://outbox/deep/er"])
def test_any_key_has_a_record_that_no_other_has(destination: str) -> None:
    records = [quarantine_place(destination, source) for source in (*TAKEN, *REFUSED)]

    assert len({str(record) for record in records}) == len(records)
    assert all(S3Url.parse(str(record)).key.endswith(".json") for record in records)
    assert all(str(record).startswith(f"{destination}/_quarantine/") for record in records)


def test_a_key_that_leaves_no_room_for_a_name_is_refused() -> None:
    with pytest.raises(BadInputError, match="1024"):
        outputs_place("s3://outbox/some/where", S3Url.parse(f"s3://inbox/{'x/' * 505}y.mp4"), "web")


def test_each_run_has_a_staging_prefix_of_its_own_in_the_bucket_of_its_destination() -> None:
    runs = [("a", "b"), ("a", "c"), ("ab", ""), ("", "ab")]

    places = {str(staging_place("s3://outbox/some/where", *run)) for run in runs}

    assert len(places) == 4
    assert all(place.startswith("s3://outbox/_staging/process-") for place in places)
