"""Outputs that are as they should be, of ordinary and of odd sources: none may be refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from reelworks.core.presets import Rendition
from tests.verify.sources import encode, notes, scene

SECONDS = 3
X264 = ("-c:v", "libx264", "-crf", "16", "-preset", "veryfast", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-b:a", "128k", "-ac", "2")
_SIX = "pan=5.1|FL=0.3*c0|FR=0.3*c1|FC=0.5*c0+0.4*c1|BL=0.1*c1|BR=0.1*c0"
_FIELDS = "framerate=50,tinterlace=interleave_{first},setfield={flag}"


@dataclass(frozen=True)
class Odd:
    """A kind of source: how it is made, with what in front of the inputs' options."""

    name: str
    picture: str = ""  # lavfi; the scene if empty
    sound: str = "notes"  # lavfi, "notes", or "" for none
    suffix: str = "mp4"
    vf: str = ""
    codec: tuple[str, ...] = X264 + AAC
    deinterlace: bool = False
    seconds: float = SECONDS


@dataclass(frozen=True)
class Target:
    """What is encoded, and what its preset promised of it; ``vf`` follows the source's deinterlacing."""

    name: str
    codec: tuple[str, ...]
    promised: Rendition
    vf: str = ""


@dataclass(frozen=True)
class Clean:
    """One output that is good."""

    source: Odd
    target: Target

    @property
    def name(self) -> str:
        return f"{self.source.name}-{self.target.name}"


def _promised(container: str, codec: str, height: int | None = None, fps: float | None = None) -> Rendition:
    return Rendition(f"output.{container}", None, container, codec, height, False, True, fps=fps)


ODD = [
    Odd("scene"),
    Odd("mandelbrot", "mandelbrot=s=640x360:r=25:start_scale=0.5:end_scale=0.1:end_pts=120"),
    Odd("life", "life=s=160x90:mold=10:r=25:ratio=0.1:death_color=#C83232:life_color=#00ff00:seed=3,scale=640:360"),
    Odd("testsrc", "testsrc2=s=640x360:r=25"),
    Odd("vfr", vf="select='not(between(mod(n,9),4,6))'", codec=(*X264, *AAC, "-fps_mode", "vfr")),
    Odd("turned", "ROTATE"),
    Odd("top_first", vf=_FIELDS.format(first="top", flag="tff"), deinterlace=True,
        codec=(*X264, "-flags", "+ilme+ildct", "-x264opts", "tff=1", *AAC)),
    Odd("bottom_first", vf=_FIELDS.format(first="bottom", flag="bff"), deinterlace=True, suffix="ts",
        codec=("-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ilme+ildct", "-c:a", "mp2", "-b:a", "256k")),
    Odd("ten_bit", codec=("-c:v", "libx265", "-crf", "14", "-preset", "ultrafast", "-x265-params", "log-level=error",
                          "-pix_fmt", "yuv420p10le", *AAC)),
    Odd("no_sound", sound=""),
    Odd("two_tracks", "TRACKS"),
    Odd("surround", codec=(*X264, "-af", _SIX, "-c:a", "ac3")),
    Odd("no_counts", suffix="mkv", codec=(*X264, "-c:a", "flac", "-live", "1")),
    Odd("film_rate", "24000/1001"),
    Odd("ntsc_rate", "30000/1001", suffix="mov", codec=("-c:v", "prores_ks", "-profile:v", "2", "-c:a", "pcm_s16le")),
    Odd("sixty", "60"),
    Odd("ten_a_second", "10"),
    Odd("half_a_second", seconds=0.5),
    Odd("odd_size", vf="scale=435:243", suffix="mkv",
        codec=("-c:v", "ffv1", "-pix_fmt", "yuv444p", "-c:a", "pcm_s16le")),
    Odd("silent", sound="anullsrc=r=48000:cl=stereo"),
    Odd("black", "color=black:s=640x360:r=25"),
    Odd("still", "testsrc2=s=640x360:r=25:d=0.04,loop=loop=-1:size=1,setpts=N/25/TB"),
    Odd("full_range", vf="scale=out_range=pc:out_color_matrix=bt709",
        codec=(*X264[:-1], "yuvj420p", "-color_range", "pc", "-colorspace", "bt709", *AAC)),
    Odd("wide_pixels", vf="scale=480:384,setsar=64/45"),
    Odd("mono", codec=(*X264, "-c:a", "libmp3lame", "-ac", "1", "-ar", "44100"), suffix="avi"),
    Odd("tall", vf="crop=264:360"),
    Odd("fades", vf="fade=in:0:20,fade=out:50:25", codec=(*X264, "-af", "afade=in:d=0.8,afade=out:st=2:d=1", *AAC)),
    Odd("sound_begins_late", codec=(*X264, "-af", "volume=0:enable='lt(t,0.6)'", *AAC)),
]  # fmt: skip

TARGETS = [
    Target("h264", (*X264, *AAC), _promised("mp4", "h264")),
    Target("h264_240", (*X264, *AAC), _promised("mp4", "h264", 240), "scale=-2:240"),
    Target("hevc", ("-c:v", "libx265", "-crf", "20", "-preset", "superfast", "-x265-params", "log-level=error", *AAC),
           _promised("mp4", "hevc")),
    Target("vp9", ("-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-deadline", "realtime", "-cpu-used", "7",
                   "-pix_fmt", "yuv420p", "-c:a", "libopus", "-b:a", "96k", "-ac", "2"), _promised("webm", "vp9")),
    Target("prores", ("-c:v", "prores_ks", "-profile:v", "1", "-c:a", "pcm_s16le"), _promised("mov", "prores")),
    Target("mpeg2", ("-c:v", "mpeg2video", "-q:v", "3", "-pix_fmt", "yuv420p", "-c:a", "mp2", "-b:a", "192k",
                     "-ac", "2"), _promised("ts", "mpeg2video", fps=25), "fps=25"),
    Target("dnxhr", ("-c:v", "dnxhd", "-profile:v", "dnxhr_sq", "-pix_fmt", "yuv422p", "-c:a", "pcm_s16le"),
           _promised("mov", "dnxhd")),
    Target("thirty", (*X264, *AAC), _promised("mp4", "h264", fps=30), "fps=30"),
    Target("rate", ("-c:v", "libx264", "-b:v", "1500k", "-maxrate", "2M", "-bufsize", "2M", "-preset", "fast",
                    "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k", "-ar", "44100", "-ac", "2"),
           _promised("mkv", "h264")),
    Target("larger", (*X264, *AAC), _promised("mp4", "h264", 540), "scale=-2:540"),
    Target("half_rate", (*X264, *AAC), _promised("mp4", "h264", fps=12.5), "fps=12.5"),
]  # fmt: skip


def cleans() -> Iterator[Clean]:
    """Give a hundred: each source with some of the targets, so that all are met alike."""
    pairs = [
        (s, t)
        for shift in range(len(TARGETS))
        for n, s in enumerate(ODD)
        for t in [TARGETS[(n + shift * 3) % len(TARGETS)]]
    ]
    for source, target in pairs[:100]:
        yield Clean(source, target)


def make_source(odd: Odd, folder: Path, clip: Path | None = None) -> Path:
    """Make a source, or find it made; ``clip`` is shown where nothing odd is drawn."""
    path = folder / f"{odd.name}.{odd.suffix}"
    if path.exists():
        return path
    rate = odd.picture if odd.picture.replace("/", "").isdigit() else "25"
    drawn = odd.picture if "=" in odd.picture else scene(odd.seconds, "640x360", rate)
    reads = ["-f", "lavfi", "-i", drawn]
    if clip and not odd.picture:
        reads = ["-i", str(clip)]
    if odd.sound:
        reads += ["-f", "lavfi", "-i", notes(odd.seconds) if odd.sound == "notes" else odd.sound]
    vf = ",".join(filter(None, ["scale=640:360,setsar=1" if len(reads) and clip and not odd.picture else "", odd.vf]))
    maps = ["-map", "0:v", *(["-map", f"{reads.count('-i') - 1}:a"] if odd.sound else [])]
    made = encode(path, *reads, *maps, *(["-vf", vf] if vf else []), *odd.codec, "-t", str(odd.seconds))
    return _special(odd, made)


def _special(odd: Odd, made: Path) -> Path:
    """Add what only a second run can."""
    plain = made.with_name(f"plain_{made.name}")
    if odd.picture == "ROTATE":
        made.rename(plain)
        encode(made, "-display_rotation", "90", "-i", str(plain), "-c", "copy")
    if odd.picture == "TRACKS":
        made.rename(plain)
        second = ["-f", "lavfi", "-i", notes(odd.seconds, 330)]
        names = ["-metadata:s:a:0", "language=deu", "-metadata:s:a:1", "language=eng", "-disposition:a:1", "0"]
        encode(made, "-i", str(plain), *second, "-map", "0", "-map", "1:a", "-c:v", "copy", *AAC, *names)
    return made


def make_output(clean: Clean, source: Path, folder: Path) -> tuple[Path, Rendition]:
    """Encode a good output, and tell what was promised of it."""
    target = clean.target
    steps = ["bwdif=mode=send_frame"] if clean.source.deinterlace else []
    steps += [target.vf] if target.vf else []
    # What has no even sides is brought to them, as encoders do.
    steps += ["scale=trunc(iw/2)*2:trunc(ih/2)*2"] if clean.source.name in ("odd_size", "tall") else []
    path = folder / f"{clean.name}.{target.promised.container}"
    maps = ["-map", "0:v:0", "-map", "0:a?"]
    encode(path, "-i", str(source), *maps, *(["-vf", ",".join(steps)] if steps else []), *target.codec)
    return path, replace(target.promised, has_audio=True)
