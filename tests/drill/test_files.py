"""The checker's eyes: what ffmpeg says of a file that is cut, and of one that shows another video."""

from __future__ import annotations

import subprocess
from itertools import combinations
from pathlib import Path

import pytest

from drill.checker import ALIKE
from drill.clips import clip
from drill.files import decoded, likeness
from stack.clip import ffmpeg


def made(folder: Path, number: int) -> Path:
    path = folder / f"clip {number}.mp4"
    path.write_bytes(clip(number, "sound", folder))
    return path


def encoded(source: Path) -> Path:
    """As small as an encoder makes it, and in another size."""
    path = source.with_suffix(".small.mp4")
    how = ["-vf", "scale=640:360", "-c:v", "libx264", "-crf", "30", "-c:a", "copy"]
    subprocess.run([ffmpeg(), "-v", "error", "-y", "-i", str(source), *how, str(path)], check=True, timeout=60)
    return path


def test_a_whole_file_is_told_as_what_it_is_and_is_like_its_source(tmp_path: Path) -> None:
    source = made(tmp_path, 3)
    output = encoded(source)

    about = decoded(output)

    assert about.pop("duration") == pytest.approx(1.0, abs=0.1)
    assert about == {"codec": "h264", "container": "mp4", "width": 640, "height": 360, "sounds": 1}
    assert likeness(output, source) > ALIKE


@pytest.mark.parametrize("part", [0.5, 0.9, 0.99])
def test_a_file_that_was_cut_cannot_be_decoded(tmp_path: Path, part: float) -> None:
    path = made(tmp_path, 3)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])

    with pytest.raises(subprocess.CalledProcessError):
        decoded(path)


def test_another_videos_clip_is_noticed(tmp_path: Path) -> None:
    # 360 apart they are turned and coloured alike; and what differs in one bit only is 512 apart.
    clips = [made(tmp_path, number) for number in (7, 8, 367, 519, 727)]

    for one, other in combinations(clips, 2):
        assert likeness(encoded(one), other) < ALIKE, (one.name, other.name)
