from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.core.errors import BadInputError
from reelworks.pictures.pair import DIVIDER, before_after
from tests.pictures.looks import Picture, brightening, film, seen

STRIPES = "nullsrc=size=320x180:rate=25:duration=1,format=gray,geq=lum='if(mod(Y,2),200,40)'"


def halves(picture: Picture) -> tuple[list[int], list[int]]:
    """The middle line left and right of the divider."""
    row = picture.row(picture.height // 2)
    white = next(x for x in range(len(row)) if min(row[x : x + DIVIDER]) > 245)
    return row[:white], row[white + DIVIDER :]


def test_the_same_moment_of_both_stands_side_by_side(tmp_path: Path) -> None:
    source = brightening(tmp_path / "a.mp4")
    output = brightening(tmp_path / "b.mp4", size="640x360")

    picture = seen(before_after(source, output, 3.0))
    left, right = halves(picture)

    assert picture.height == 360
    assert (len(left), len(right)) == (640, 640)
    assert left[300] == pytest.approx(16 + 90, abs=4)
    assert right[300] == pytest.approx(16 + 90, abs=4)


def test_an_output_of_a_stretch_is_held_against_that_stretch(tmp_path: Path) -> None:
    source, output = brightening(tmp_path / "a.mp4"), brightening(tmp_path / "b.mp4", seconds=2)

    left, right = halves(seen(before_after(source, output, 1.0, source_at=5.0)))

    assert left[100] == pytest.approx(16 + 150, abs=4)
    assert right[100] == pytest.approx(16 + 30, abs=4)


def test_where_one_is_over_both_show_their_start(tmp_path: Path) -> None:
    source, output = brightening(tmp_path / "a.mp4"), brightening(tmp_path / "b.mp4", seconds=1)

    left, right = halves(seen(before_after(source, output, 3.0)))

    assert left[100] == pytest.approx(16, abs=4)
    assert right[100] == pytest.approx(16, abs=4)


def test_what_is_enlarged_keeps_its_lines(tmp_path: Path) -> None:
    """Combing, which is lines of two moments, must not be smoothed into a blur."""
    source = film(tmp_path / "a.mp4", STRIPES, "-qp", "4")
    output = brightening(tmp_path / "b.mp4", size="1280x720", seconds=1)

    picture = seen(before_after(source, output, 0.0))

    column = [picture.at(0.2, (y + 0.5) / picture.height)[1] for y in range(4, 36)]
    assert sum(level < 60 or level > 180 for level in column) >= 30
    assert min(column) < 60 < 180 < max(column)


def test_an_anamorphic_source_is_as_wide_as_its_output(tmp_path: Path) -> None:
    source = brightening(tmp_path / "a.mp4", "-vf", "setsar=64/45", size="180x144", seconds=1)
    output = brightening(tmp_path / "b.mp4", size="512x288", seconds=1)

    left, right = halves(seen(before_after(source, output, 0.5)))

    assert len(left) == pytest.approx(len(right), abs=2)


def test_no_picture_grows_beyond_a_screen(tmp_path: Path) -> None:
    huge = film(tmp_path / "a.mp4", "color=gray:size=3840x2160:rate=5:duration=0.4")

    picture = seen(before_after(huge, huge, 0.0))

    assert (picture.width, picture.height) == (2 * 1920 + DIVIDER, 1080)


def test_what_is_no_video_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")

    with pytest.raises(BadInputError, match=r"a\.mp4"):
        before_after(tmp_path / "a.mp4", brightening(tmp_path / "b.mp4", seconds=1), 0.0)
