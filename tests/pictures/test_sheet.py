from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from reelworks.core.errors import BadInputError, VideoServiceError
from reelworks.pictures.sheet import contact_sheet
from reelworks.pictures.stills import can_write
from reelworks.verify.ffmpeg import ffmpeg_path
from tests.media.link_server import LinkServer, serving
from tests.pictures.looks import brightening, ffmpeg, film, seen
from tests.subprocesses import fresh

RED_CORNER = "color=blue:size=320x180:rate=25:duration=1,drawbox=w=160:h=90:color=red:t=fill"


def levels(jpeg: bytes, columns: int = 4, rows: int = 3) -> list[int]:
    """How bright each picture of a sheet is in its middle."""
    sheet = seen(jpeg)
    return [sheet.at((c + 0.5) / columns, (r + 0.5) / rows)[1] for r in range(rows) for c in range(columns)]


def test_the_pictures_are_the_middles_of_even_slots(tmp_path: Path) -> None:
    found = levels(contact_sheet(brightening(tmp_path / "a.mp4"), 6.0))

    assert found == pytest.approx([16 + 30 * (slot + 0.5) / 2 for slot in range(12)], abs=4)


def test_a_sheet_has_the_width_and_the_pictures_asked_for(tmp_path: Path) -> None:
    jpeg = contact_sheet(brightening(tmp_path / "a.mp4"), 6.0, columns=2, rows=5, width=640)

    assert seen(jpeg).width == 640
    assert levels(jpeg, 2, 5) == sorted(levels(jpeg, 2, 5))


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        (["-vf", "setsar=64/45"], 320 * 64 / 45 / 180),
        (["-vf", "scale=90:320,setsar=1"], 90 / 320),
        (["-vf", "scale=321:181,format=yuv444p,setsar=1", "-pix_fmt", "yuv444p"], 321 / 181),
        (["-vf", "scale=320:16,setsar=1"], 8.0),
    ],
    ids=["anamorphic", "upright", "odd", "flat"],
)
def test_a_picture_has_the_shape_that_is_displayed(tmp_path: Path, arguments: list[str], shape: float) -> None:
    sheet = seen(contact_sheet(brightening(tmp_path / "a.mp4", *arguments, seconds=1), 1.0, columns=1, rows=1))

    inner = sheet.width - 8, sheet.height - 8
    assert inner[0] / inner[1] == pytest.approx(max(shape, 0.5), rel=0.02)


def test_what_is_taller_than_two_widths_is_not_stretched(tmp_path: Path) -> None:
    tall = film(tmp_path / "a.mp4", "color=white:size=64x256:rate=25:duration=1")

    row = seen(contact_sheet(tall, 1.0, columns=1, rows=1, width=400)).row(400)

    assert sum(level > 240 for level in row) == pytest.approx(800 * 64 / 256, abs=12)


def test_a_turned_video_is_shown_upright(tmp_path: Path) -> None:
    plain, turned = film(tmp_path / "a.mp4", RED_CORNER), tmp_path / "b.mp4"
    ffmpeg("-display_rotation", "90", "-i", str(plain), "-c", "copy", str(turned))

    sheet = seen(contact_sheet(turned, 1.0, columns=1, rows=1))

    assert (sheet.height - 8) / (sheet.width - 8) == pytest.approx(320 / 180, rel=0.02)
    corners = [sheet.at(x, y)[0] > 200 for x, y in ((0.2, 0.1), (0.8, 0.1), (0.2, 0.7), (0.8, 0.7))]
    assert corners == [False, False, True, False]  # turned against the clock


@pytest.mark.parametrize("duration", [0.04, 0.0, None, 600.0], ids=str)
def test_a_video_of_one_frame_fills_its_sheet(tmp_path: Path, duration: float | None) -> None:
    one = film(tmp_path / "a.mp4", "color=white:size=320x180:rate=25", "-frames:v", "1")

    assert levels(contact_sheet(one, duration)) == pytest.approx([255] * 12, abs=3)


def test_where_the_pictures_end_before_the_sound_the_last_one_stays(tmp_path: Path) -> None:
    short, both = film(tmp_path / "v.mp4", "color=white:size=320x180:rate=25:duration=1"), tmp_path / "b.mkv"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=3", "-i", str(short), "-c:v", "copy", str(both))

    assert levels(contact_sheet(both, 3.0)) == pytest.approx([255] * 12, abs=3)


def test_a_black_video_makes_a_black_sheet(tmp_path: Path) -> None:
    black = film(tmp_path / "a.mp4", "color=black:size=320x180:rate=25:duration=1")

    assert max(levels(contact_sheet(black, 1.0))) <= 3


@pytest.mark.parametrize(
    "kind", [["-c:v", "ffv1", "-pix_fmt", "yuv422p10le"], ["-c:v", "mpeg2video", "-flags", "+ildct"]]
)
def test_any_codec_is_shown(tmp_path: Path, kind: list[str]) -> None:
    found = levels(contact_sheet(brightening(tmp_path / "a.mkv", *kind, seconds=3), 3.0))

    assert found == sorted(found)
    assert found[-1] - found[0] > 60


def test_times_are_written_where_there_is_a_font(tmp_path: Path) -> None:
    if not can_write():
        pytest.skip("no font here")
    black = film(tmp_path / "a.mp4", "color=black:size=320x180:rate=25:duration=1")

    sheet = seen(contact_sheet(black, 1.0))

    assert max(sheet.pixels[1::3]) > 200


def test_without_a_font_there_is_a_sheet_without_times(tmp_path: Path) -> None:
    black = film(tmp_path / "a.mp4", "color=black:size=320x180:duration=1")
    fontless, made = tmp_path / "ffmpeg", tmp_path / "sheet.jpg"
    fontless.write_text(f'#!/bin/sh\ncase "$*" in *drawtext*) exit 1;; esac\nexec {shlex.quote(ffmpeg_path())} "$@"\n')
    fontless.chmod(0o755)
    code = f"""
from pathlib import Path
from reelworks.pictures.sheet import contact_sheet
Path({str(made)!r}).write_bytes(contact_sheet({str(black)!r}, 1.0))
"""
    fresh(code, REELWORKS_FFMPEG=str(fontless))

    assert max(seen(made.read_bytes()).pixels[1::3]) < 60


@pytest.fixture
def link(tmp_path: Path) -> Iterator[LinkServer]:
    yield from serving(brightening(tmp_path / "a.mp4").read_bytes())


def test_a_link_is_shown_like_the_file(tmp_path: Path, link: LinkServer) -> None:
    assert contact_sheet(link.link, 6.0) == contact_sheet(tmp_path / "a.mp4", 6.0)


def test_what_is_no_video_is_refused_without_telling_the_link(link: LinkServer) -> None:
    link.file.content = b"no video" * 1000

    with pytest.raises(VideoServiceError) as failed:
        contact_sheet(link.link, 6.0)

    assert isinstance(failed.value, BadInputError)
    assert "secret" not in str(failed.value)
