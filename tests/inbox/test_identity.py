from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import product

import pytest

from reelworks.inbox.identity import run_id_of
from reelworks.inbox.video import Video, wanted

AIRFLOW_ALLOWS = re.compile(r"[A-Za-z0-9_.~:+-]+")  # [scheduler] allowed_run_id_pattern

KEYS = [
    "a.mp4",
    "A.mp4",
    "a b.mp4",
    "a-b.mp4",
    "日本.mp4",
    "x/" * 500 + "a.mp4",
    "?#%.mp4",
    "\n.mp4",
    "../a.mp4",
    "a\0b",
]


@pytest.mark.parametrize("key", KEYS)
def test_a_run_id_is_one_that_airflow_takes(key: str) -> None:
    run_id = run_id_of("inbox", key, "d41d8cd98f00b204e9800998ecf8427e-17", "restore_and_web")

    assert AIRFLOW_ALLOWS.fullmatch(run_id)
    assert len(run_id) <= 250
    assert run_id.startswith("inbox__")


def test_a_run_id_tells_all_four_apart() -> None:
    ways = [*product(["in", "out"], KEYS, ["v1", "v2"], ["web", "archive"])]

    assert len({run_id_of(*way) for way in ways}) == len(ways)


def test_nothing_can_be_moved_from_one_of_the_four_into_the_next() -> None:
    assert run_id_of("in", 'a", "b', "c", "web") != run_id_of("in", "a", 'b", "c', "web")


def test_a_run_id_stays_what_it_was() -> None:
    """A change would start a second, paid run of every video in every inbox."""
    assert run_id_of("inbox", "tv/Clip 1.MOV", "abc", "web") == "inbox__tv-Clip-1.MOV__web__3e214bc58a88ae65"


@pytest.mark.parametrize("key", ["a.mp4", "a.MP4", "a.Mp4", "x/.mp4", "a.b.mP4"])
@pytest.mark.parametrize("suffixes", [[".mp4"], ["mp4"], [".MP4", ".mov"], ("mov", "Mp4")])
def test_a_suffix_counts_in_any_case(key: str, suffixes: list[str]) -> None:
    assert wanted(key, suffixes)


@pytest.mark.parametrize("key", ["a.mp4/", "amp4", "a.mp4.part", "a.mp", "mp4", "a.mp4 ", ""])
def test_what_only_looks_like_it_does_not(key: str) -> None:
    assert not wanted(key, [".mp4"])


def test_no_suffixes_want_nothing() -> None:
    assert not wanted("a.mp4", [])


def test_a_video_is_told_apart_by_its_etag() -> None:
    video = Video("in", "a b#?.mp4", "abc", 5, datetime.now(UTC))

    assert (video.source, video.version) == ("s3://in/a b#?.mp4", "abc")
