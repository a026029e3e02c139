"""What jobs yield in instant mode: for each preset one small real clip, encoded once and copied ever after."""

import asyncio
import hashlib
import json
import shutil
from pathlib import Path

from sandbox import media
from sandbox.openencoder.presets import Preset
from sandbox.state import StateDir

CLIP = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=0.4", "-f", "lavfi", "-i", "sine=duration=0.4"]
STREAM = {
    "index": 0,
    "codec_name": "h264",
    "codec_type": "video",
    "width": 320,
    "height": 180,
    "avg_frame_rate": "25/1",
    "duration": "0.400000",
    "nb_frames": "10",
}
PROBE = json.dumps({"streams": [STREAM]}).encode()
_making: dict[Path, asyncio.Lock] = {}


async def make(state: StateDir, preset: Preset, arguments: list[str], target: Path) -> None:
    """Put a clip made with the preset at `target`; raises MediaError where the preset cannot be encoded with."""
    digest = hashlib.sha256(f"{preset.output}\n{preset.data}".encode()).hexdigest()[:32]
    kept = state.folder("openencoder", "instant") / (digest + Path(preset.output).suffix)
    async with _making.setdefault(kept, asyncio.Lock()):
        if not kept.exists():
            draft = kept.with_name(f"draft-{kept.name}")
            draft.unlink(missing_ok=True)
            await media.encode(["-loglevel", "error", "-nostdin", *CLIP, *arguments, str(draft)], on_time=ignore)
            draft.rename(kept)
    shutil.copyfile(kept, target)


def ignore(seconds: float) -> None:
    """Take ffmpeg's progress and say nothing of it."""
