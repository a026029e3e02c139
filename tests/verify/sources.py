"""Sources that outputs are made of: short, small, with motion, a cut, and sound that is not the same on both sides."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reelworks.verify.ffmpeg import ffmpeg_path
from reelworks.verify.survey import Survey, survey

SECONDS = 4.0
SIZE = "320x180"


def encode(path: Path, *arguments: str) -> Path:
    """Run ffmpeg, writing ``path``."""
    command = [ffmpeg_path(), "-v", "error", "-nostdin", "-y", *arguments, f"file:{path}"]
    done = subprocess.run(command, capture_output=True, timeout=300, check=False)
    assert not done.returncode, f"{path.name}: {done.stderr.decode()[-800:]}"
    return path


def notes(seconds: float, base: int = 200) -> str:
    """Return a lavfi graph of plucked notes, another one on each side, with pauses as speech has them."""
    sides = (
        f"0.3*sin(2*PI*({base}+{step}*mod(floor({rate}*t)*5\\,7))*t)*exp(-5*mod({rate}*t\\,1))*gt(sin(t*{slow})\\,-0.8)"
        for step, rate, slow in ((90, 4, 3.1), (70, 3, 3.1))
    )
    return f"aevalsrc='{'|'.join(sides)}':s=48000:d={seconds}"


def scene(seconds: float, size: str = SIZE, rate: str = "25") -> str:
    """Return a lavfi graph of two shots."""
    half = seconds / 2
    return (
        f"testsrc2=s={size}:r={rate}:d={half},format=yuv420p,setsar=1[a];"
        f"mandelbrot=s={size}:r={rate}:start_scale=0.4:end_scale=0.05:end_pts=160,trim=duration={half},"
        "format=yuv420p,setsar=1[b];[a][b]concat=n=2"
    )


LOSSLESS = ["-c:v", "libx264", "-qp", "6", "-preset", "ultrafast", "-c:a", "aac", "-b:a", "256k"]


@dataclass(frozen=True)
class Sources:
    """The sources of the corpus, each made when it is first asked for.

    ``clip`` is a video with sound to make them of; without one they are drawn.
    """

    folder: Path
    clip: Path | None = None

    def _read(self) -> list[str]:
        if self.clip:
            return ["-t", str(SECONDS), "-i", str(self.clip)]
        return ["-f", "lavfi", "-i", scene(SECONDS), "-f", "lavfi", "-i", notes(SECONDS)]

    def _make(self, name: str, *arguments: str) -> Path:
        return encode(self.folder / name, *self._read(), *arguments)

    @cached_property
    def plain(self) -> Path:
        """Progressive, stereo."""
        stereo = ["-ac", "2", "-vf", f"scale={SIZE.replace('x', ':')}", "-t", str(SECONDS)]
        return self._make("plain.mp4", *stereo, *LOSSLESS)

    @cached_property
    def interlaced(self) -> Path:
        """Top field first, and moving between the fields."""
        fields = "scale=320:192,scroll=horizontal=0.006,framerate=50,tinterlace=interleave_top,setfield=tff"
        lines = ["-flags", "+ilme+ildct", "-x264opts", "tff=1", "-ac", "2", "-t", str(SECONDS)]
        return self._make("interlaced.mp4", "-vf", fields, *LOSSLESS, *lines)

    @cached_property
    def tracks(self) -> Path:
        """Two languages."""
        second = ["-f", "lavfi", "-i", notes(SECONDS, 330)]
        names = ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra", "-disposition:a:1", "0"]
        return encode(
            self.folder / "tracks.mp4", "-i", str(self.plain), *second, "-map", "0:v", "-map", "0:a", "-map", "1:a",
            "-c:v", "copy", "-c:a", "aac", "-b:a", "192k", *names,
        )  # fmt: skip

    @cached_property
    def surround(self) -> Path:
        """Six channels, the words in the middle."""
        graph = "[0:a][1:a]amerge=2,pan=5.1|FL=0.3*c0|FR=0.3*c1|FC=c2|LFE=0*c0|BL=0.1*c1|BR=0.1*c0[six]"
        words = ["-f", "lavfi", "-i", notes(SECONDS, 410), "-filter_complex", graph, "-map", "0:v", "-map", "[six]"]
        return encode(self.folder / "surround.mp4", "-i", str(self.plain), *words, "-c:v", "copy", "-c:a", "aac")

    @cached_property
    def other(self) -> Path:
        """Nothing of the above."""
        life = "life=s=160x90:mold=10:r=25:ratio=0.1:death_color=#C83232:life_color=#00ff00:seed=7,scale=320:180"
        sound = "anoisesrc=c=pink:r=48000:seed=5:a=0.4,tremolo=f=3:d=0.9"
        return encode(
            self.folder / "other.mp4", "-f", "lavfi", "-i", life, "-f", "lavfi", "-i", sound, "-t", str(SECONDS),
            "-pix_fmt", "yuv420p", "-ac", "2", *LOSSLESS,
        )  # fmt: skip

    @cached_property
    def clean(self) -> Path:
        """What an encoder should have made of ``plain``; its header comes first, so that it can be cut."""
        return encode(self.folder / "clean.mp4", "-i", str(self.plain), *GOOD, "-movflags", "+faststart")

    def survey(self, kind: str) -> Survey:
        """Return a source's survey, made once."""
        if kind not in self._surveys:
            self._surveys[kind] = survey(getattr(self, kind))
        return self._surveys[kind]

    @cached_property
    def _surveys(self) -> dict[str, Survey]:
        return {}


GOOD = ["-c:v", "libx264", "-crf", "20", "-preset", "veryfast", "-g", "25", "-pix_fmt", "yuv420p"]
GOOD += ["-c:a", "aac", "-b:a", "128k"]
