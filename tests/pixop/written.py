"""Preset files written for one test."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.core.presets import load
from reelworks.pixop.presets import PixopPreset


class Desk:
    """Writes a preset file, and reads it as a DAG would."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REELWORKS_PRESETS", str(folder))
        self.folder = folder / "pixop"
        self.folder.mkdir()

    def file(self, text: str, name: str = "p.yaml") -> PixopPreset:
        """Read a whole file."""
        (self.folder / name).write_text(text)
        return load("pixop", name.partition(".")[0], PixopPreset)

    def request(self, text: str, allow_unlisted: bool = False) -> PixopPreset:
        """Read a file with this request, in YAML's short form."""
        allow = "allow_unlisted: true\n" if allow_unlisted else ""
        return self.file(f"description: a test\n{allow}request: {text}\n")
