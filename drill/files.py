"""What a file is, found out by ffmpeg and ffprobe alone."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stack.clip import ffmpeg, ffprobe

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

AT_ONCE = 2
LONGEST = 120.0
VIDEO = (".mp4", ".mov")


@dataclass(frozen=True)
class Seen:
    """One object: its content and, of a video, what decoding all of it showed; ``fault`` is what was wrong with that.

    ``duration`` in seconds. ``likeness`` is the PSNR in dB between it and its source, both as small pictures.
    """

    sha256: str
    size: int
    fault: str = ""
    codec: str = ""
    container: str = ""
    width: int = 0
    height: int = 0
    duration: float = 0.0
    sounds: int = 0
    likeness: float | None = None


def look_at_all(client: S3Client, bucket: str, sources: dict[str, str]) -> dict[str, Seen]:
    """Look at objects, by their key; of each the source in S3 (``s3://…``) is given, or "" for what is no video."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        # Not by submit: whoever interrupts a map need not wait for what has not begun.
        looks = threads.map(lambda key: look_at(client, bucket, key, sources[key]), sources)
        return dict(zip(sources, looks, strict=True))


def look_at(client: S3Client, bucket: str, key: str, source: str) -> Seen:
    """Fetch an object and its source, and look at it."""
    with tempfile.TemporaryDirectory() as folder:
        path, original = Path(folder) / "object", Path(folder) / "source"
        client.download_file(bucket, key, str(path))
        content = path.read_bytes()
        told: dict[str, Any] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        if not key.endswith(VIDEO):
            return Seen(**told)
        if source:
            its_bucket, _, its_key = source.removeprefix("s3://").partition("/")
            client.download_file(its_bucket, its_key, str(original))
        try:
            return Seen(**told, **decoded(path), likeness=likeness(path, original) if source else None)
        except (subprocess.SubprocessError, ValueError, KeyError, IndexError) as error:
            return Seen(**told, fault=_reason(error))


def decoded(path: Path) -> dict[str, Any]:
    """Decode all of it, every stream, and tell what it is.

    :raises subprocess.CalledProcessError: it cannot be decoded to its end.
    """
    _run([ffmpeg(), "-v", "error", "-nostdin", "-xerror", "-i", str(path), "-map", "0", "-f", "null", "-"])
    show = ["-v", "error", "-show_streams", "-show_format", "-of", "json", str(path)]
    about = json.loads(_run([ffprobe(), *show]).stdout)
    (video, *_) = (stream for stream in about["streams"] if stream["codec_type"] == "video")
    return {
        "codec": video["codec_name"],
        "container": container(about["format"]),
        "width": int(video["width"]),
        "height": int(video["height"]),
        "duration": float(about["format"]["duration"]),
        "sounds": sum(stream["codec_type"] == "audio" for stream in about["streams"]),
    }


def container(about: dict[str, Any]) -> str:
    """Tell QuickTime from MP4, which ffprobe calls by one name, by the brand at its beginning."""
    brand = str(about.get("tags", {}).get("major_brand", "")).strip()
    return ("mov" if brand == "qt" else "mp4") if "mp4" in about["format_name"] else str(about["format_name"])


def likeness(path: Path, original: Path) -> float:
    """Compare two videos frame by frame at 160x90; the mean PSNR in dB, 100 for the same."""
    shape = "scale=160:90,setpts=N,format=gray"
    graph = f"[0:v]{shape}[a];[1:v]{shape}[b];[a][b]psnr=shortest=1"
    command = [ffmpeg(), "-hide_banner", "-nostdin", "-i", str(path), "-i", str(original), "-lavfi", graph]
    found = re.search(r"PSNR.* average:(\S+)", _run([*command, "-f", "null", "-"]).stderr)
    if found is None:
        raise ValueError("it could not be compared with its source")
    return min(100.0, float(found[1]))


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=True)


def _reason(error: Exception) -> str:
    said = getattr(error, "stderr", "") or str(error)
    return str(said).strip().splitlines()[-1][:200] if str(said).strip() else type(error).__name__
