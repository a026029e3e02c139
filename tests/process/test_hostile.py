"""Whatever a source is called and whatever it holds, all the way: published, or quarantined with a reason and unpaid.

A part of the cases by default; with ``REELWORKS_HOSTILE=all`` each of them (twenty minutes).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from reelworks.media.url import S3Url
from reelworks.process.place import outputs_place, quarantine_place
from tests.process.house import ProcessHouse
from tests.process.lives import Lives
from tests.process.odd_files import BAD, ODD, covered, odd, turned
from tests.process.test_place import FOLDERS, NAMES, REFUSED, SUFFIXES
from tests.task_process import Outcome

ALL = os.environ.get("REELWORKS_HOSTILE") == "all"

HOSTILE = ["".join(parts) for parts in itertools.product(FOLDERS, NAMES, SUFFIXES)][::5]
ODDEST = {"turned": turned, "covered": covered}
pytestmark = pytest.mark.timeout(300)


def some(cases: Iterable[str], few: int) -> list[str]:
    """Give all of the cases, or as many as are tried by default, spread evenly."""
    every = list(cases)
    return every if ALL else every[few // 2 :: -(-len(every) // few)]


def went(house: ProcessHouse, folder: Path, source: str) -> Outcome:
    """Take a source as far as it goes."""
    lives = Lives(house, folder, source)
    probed = lives.probed()
    return lives.through() if probed.state == "success" else probed


def check_published(house: ProcessHouse, source: str, outcome: Outcome) -> None:
    assert outcome.state == "success", outcome
    place = outputs_place(house.destination, S3Url.parse(source), "small")
    manifest = house.read(f"{place.key}/manifest.json".removeprefix(f"{house.prefix}/"))
    assert manifest["source"]["url"] == source
    assert [output["verdict"]["ok"] for job in manifest["jobs"] for output in job["outputs"]] == [True]
    assert house.paid() == 1


def check_quarantined(house: ProcessHouse, source: str, outcome: Outcome) -> None:
    assert outcome.state == "failed", outcome
    record = quarantine_place(house.destination, source)
    told = house.read(record.key.removeprefix(f"{house.prefix}/"))
    assert len(told["reason"]) > 20
    assert "X-Amz" not in told["reason"]
    assert house.published == [record.key.removeprefix(f"{house.prefix}/")]
    assert house.staged == house.reserved == []
    assert house.paid() == 0


def test_there_are_a_hundred_hostile_keys_and_forty_files_of_each_kind() -> None:
    assert len({*HOSTILE, *REFUSED}) >= 100
    assert len({*ODD, *ODDEST}) >= 40
    assert len(BAD) >= 40


@pytest.mark.parametrize("key", some(HOSTILE, 2))
def test_a_video_of_a_hostile_name_is_published(key: str, at_hand: ProcessHouse, tmp_path: Path) -> None:
    try:
        source = at_hand.put(key)
    except ClientError:
        pytest.skip("S3 takes no object of this name")

    check_published(at_hand, source, went(at_hand, tmp_path, source))


@pytest.mark.parametrize("source", some(REFUSED, 1))
def test_a_name_that_no_output_can_have_is_quarantined(source: str, at_hand: ProcessHouse, tmp_path: Path) -> None:
    check_quarantined(at_hand, source, went(at_hand, tmp_path, source))


@pytest.mark.parametrize("name", some([*ODD, *ODDEST], 2))
def test_an_odd_video_is_published(name: str, at_hand: ProcessHouse, tmp_path: Path) -> None:
    file = ODDEST[name](tmp_path) if name in ODDEST else odd(tmp_path, name)
    source = at_hand.put(file.name, file.read_bytes())

    check_published(at_hand, source, went(at_hand, tmp_path, source))


@pytest.mark.parametrize("what", some(BAD, 2))
def test_what_is_no_video_is_quarantined(what: str, at_hand: ProcessHouse, tmp_path: Path) -> None:
    source = at_hand.put("video.mp4", BAD[what](tmp_path))

    check_quarantined(at_hand, source, went(at_hand, tmp_path, source))
