import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.media import find_tool
from sandbox.pixop.enhance import enhance, file_suffix
from sandbox.pixop.metadata import ingest
from sandbox.pixop.request import read_request
from tests.sandbox.pixop.pixels.clips import CLIPS

Make = Callable[[str, dict[str, Any]], Path]
Clips = Callable[[str], Path]


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """Give a clip by its name in CLIPS, made when it is first asked for."""
    folder = tmp_path_factory.mktemp("pixels")

    def clip(name: str) -> Path:
        path = folder / name
        if not path.exists():
            parts = CLIPS[name].split()
            arguments = [str(clip(part.removeprefix("clip:"))) if part.startswith("clip:") else part for part in parts]
            subprocess.run([find_tool("ffmpeg"), "-y", "-v", "error", *arguments, str(path)], check=True)
        return path

    return clip


@pytest.fixture
def make(clips: Clips, tmp_path: Path) -> Make:
    """Process a clip as a request says, and give the file."""

    def made(name: str, body: dict[str, Any]) -> Path:
        return asyncio.run(process(clips(name), body, tmp_path))

    return made


async def process(source: Path, body: dict[str, Any], folder: Path) -> Path:
    metadata, _ = await ingest(source, light=True)
    order = read_request(body, metadata)
    target = folder / f"made{file_suffix(order)}"
    await enhance(order, source, target, lambda percent: None)
    return target
