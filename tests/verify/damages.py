"""Sixty kinds of damage, and some that no threshold was tuned with; each makes an output that must be refused."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.verify.sources import GOOD, Sources, encode

Maker = Callable[[Sources, Path], object]


@dataclass(frozen=True)
class Damage:
    """One kind: what makes it, and the source that the output claims to be of."""

    name: str
    make: Maker
    source: str = "plain"


def _again(*, vf: str = "", af: str = "", more: tuple[str, ...] = (), kind: str = "plain", out: str = "") -> Maker:
    """Encode as one should, but with a filter that does the damage."""

    def make(sources: Sources, path: Path) -> object:
        filters = (["-vf", vf] if vf else []) + (["-af", af] if af else [])
        return encode(path, "-i", str(getattr(sources, kind)), *filters, *GOOD, *more, *(["-f", out] if out else []))

    return make


def _graph(graph: str, *more: str, maps: tuple[str, ...] = ("[v]", "[a]")) -> Maker:
    """Encode what a graph makes of the source and of another clip."""

    def make(sources: Sources, path: Path) -> object:
        chosen = [word for label in maps for word in ("-map", label)]
        reads = ["-i", str(sources.plain), "-i", str(sources.other)]
        return encode(path, *reads, "-filter_complex", graph, *chosen, *GOOD, *more)

    return make


def _copied(*more: str) -> Maker:
    """Copy the good output's packets, but for some."""
    return lambda sources, path: encode(path, "-i", str(sources.clean), "-map", "0", "-c", "copy", *more)


def _bytes(edit: Callable[[bytearray], object]) -> Maker:
    """Edit the good output's bytes."""

    def make(sources: Sources, path: Path) -> object:
        data = bytearray(sources.clean.read_bytes())
        left = edit(data)
        return path.write_bytes(left if isinstance(left, (bytes, bytearray)) else data)

    return make


def _media(data: bytearray) -> int:
    """Return where the pictures and sounds begin."""
    return data.index(b"mdat") + 4


def _flip(data: bytearray) -> None:
    dice, start = random.Random(5), _media(data)
    for _ in range(25):
        data[dice.randrange(start + 2000, len(data))] ^= 1 << dice.randrange(8)


def _overwrite(data: bytearray, part: float, filling: bytes) -> None:
    at = int(_media(data) + (len(data) - _media(data)) * part)
    data[at : at + len(filling)] = filling[: len(data) - at]


def _swap(data: bytearray) -> None:
    start = _media(data) + 4096
    one, other = slice(start, start + 8192), slice(start + 30000, start + 38192)
    data[one], data[other] = data[other], data[one]


def _insert(data: bytearray) -> bytes:
    middle = (_media(data) + len(data)) // 2
    return bytes(data[:middle] + data[middle - 2000 : middle] + data[middle:])


def _longer_header(data: bytearray) -> None:
    """Let the movie, its tracks and their edits claim twice their length."""
    for box, offset in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24), (b"elst", 12)):
        at = data.find(box)
        while at >= 0:
            (length,) = struct.unpack_from(">I", data, at + offset)
            struct.pack_into(">I", data, at + offset, length * 2)
            at = data.find(box, at + 4)


def _broken_index(data: bytearray) -> None:
    """Let the sizes of the samples be others."""
    at = data.index(b"stsz") + 40
    for n in range(20):
        data[at + 4 * n + 3] ^= 0x55


def _tracks(first: str, second: str, languages: tuple[str, str]) -> Maker:
    def make(sources: Sources, path: Path) -> object:
        names = [w for n, word in enumerate(languages) for w in (f"-metadata:s:a:{n}", f"language={word}")]
        maps = ["-map", "0:v", "-map", first, "-map", second]
        return encode(path, "-i", str(sources.tracks), *maps, *GOOD, *names)

    return make


_GREEN = "geq=lum='lum(X,Y)':cb=0:cr=0:enable='{}'"
_CAPTION = "drawbox=x=iw*0.2:y=ih*0.85:w=iw*0.6:h=ih*0.06:t=fill:c=white:enable='gt(t,2.5)'"
_CUT = "[0:v]trim=0:{a},setpts=PTS-STARTPTS[v1];[0:v]trim={b},setpts=PTS-STARTPTS[v2];"
_CUT += "[0:a]atrim=0:{a},asetpts=PTS-STARTPTS[a1];[0:a]atrim={b},asetpts=PTS-STARTPTS[a2];"
_CUT += "[v1][a1][v2][a2]concat=n=2:v=1:a=1[v][a]"
_SWAPPED = "".join(
    f"[0:v]trim={a}:{b},setpts=PTS-STARTPTS[v{n}];[0:a]atrim={a}:{b},asetpts=PTS-STARTPTS[a{n}];"
    for n, (a, b) in enumerate(((0, 1), (2, 3), (1, 2), (3, 4)))
) + "".join(f"[v{n}][a{n}]" for n in range(4)) + "concat=n=4:v=1:a=1[v][a]"  # fmt: skip

DAMAGES = [
    # The file.
    Damage("cut_in_half", _bytes(lambda data: bytes(data[: len(data) // 2]))),
    Damage("last_tenth_missing", _bytes(lambda data: bytes(data[: len(data) * 9 // 10]))),
    Damage("no_moov", _bytes(lambda data: bytes(data[:32] + data[data.index(b"mdat") - 4 :]))),
    Damage("broken_index", _bytes(_broken_index)),
    Damage("bit_flips", _bytes(_flip)),
    Damage("zeroed_page", _bytes(lambda data: _overwrite(data, 0.5, bytes(4096)))),
    Damage("random_page", _bytes(lambda data: _overwrite(data, 0.6, random.Random(1).randbytes(4096)))),
    Damage("swapped_pages", _bytes(_swap)),
    Damage("inserted_bytes", _bytes(_insert)),
    Damage("empty", _bytes(lambda data: b"")),
    Damage("error_page", _bytes(lambda data: b"<html><body>503 Service Unavailable</body></html>" * 40)),
    Damage("header_says_twice_as_long", _bytes(_longer_header)),
    Damage("lost_picture_packets", _copied("-bsf:v", "noise=drop='between(n,40,44)'")),
    Damage("damaged_picture_packet", _copied("-bsf:v", "noise=amount='if(eq(n,30),30,0)'")),
    Damage("lost_sound_packets", _copied("-bsf:a", "noise=drop='between(n,20,45)'")),
    # What was promised.
    Damage("wrong_codec", _again(more=("-c:v", "libx265", "-x265-params", "log-level=error"))),
    Damage("wrong_container", _again(out="matroska")),
    Damage("wrong_height", _again(vf="scale=256:144")),
    Damage("squeezed", _again(vf="scale=240:180,setsar=1")),
    Damage("wrong_pixel_shape", _again(vf="setsar=4/3")),
    Damage("half_the_frame_rate", _again(vf="fps=12.5")),
    Damage("no_sound", _again(more=("-an",))),
    Damage("mono", _again(more=("-ac", "1"))),
    # The pictures.
    Damage("black_beginning", _again(vf="drawbox=t=fill:c=black:enable='lt(t,1)'")),
    Damage("black_hole", _again(vf="drawbox=t=fill:c=black:enable='between(t,2.4,2.8)'")),
    Damage("frozen_tail", _again(vf="trim=0:3,tpad=stop_mode=clone:stop_duration=1")),
    Damage("frozen_middle", _graph(
        "[0:v]loop=loop=15:size=1:start=30,setpts=N/25/TB,trim=0:4[v];[0:a]anull[a]"
    )),
    Damage("green_frames", _again(vf=_GREEN.format("between(n,60,63)"))),
    Damage("one_green_frame", _again(vf=_GREEN.format("eq(n,33)"))),
    Damage("no_colour", _again(vf="hue=s=0")),
    Damage("colours_swapped", _again(vf="swapuv")),
    Damage("negative", _again(vf="negate")),
    Damage("too_bright", _again(vf="eq=brightness=0.12")),
    Damage("cropped", _again(vf="crop=iw*0.9:ih*0.9,scale=320:180")),
    Damage("shifted", _again(vf="crop=iw-16:ih:0:0,pad=320:180:16:0")),
    Damage("lower_half_missing", _again(vf="drawbox=y=ih/2:h=ih/2:t=fill:c=black")),
    Damage("mirrored", _again(vf="hflip")),
    Damage("upside_down", _again(vf="vflip")),
    Damage("turned_flag", lambda s, p: encode(p, "-display_rotation", "90", "-i", str(s.clean), "-c", "copy")),
    Damage("watermark", _again(vf="drawbox=x=iw*0.85:y=ih*0.05:w=iw*0.1:h=ih*0.1:t=fill:c=white@0.7")),
    Damage("noisy", _again(vf="noise=alls=60:allf=t")),
    Damage("blurred", _again(vf="gblur=sigma=4")),
    Damage("starved", _again(more=("-crf", "46"))),
    Damage("blocky_second", _again(vf="pixelize=w=16:h=16:enable='between(t,1,2)'")),
    Damage("slow_motion", _again(vf="setpts=1.25*PTS")),
    Damage("segment_dropped", _graph(_CUT.format(a=1.5, b=2.2))),
    Damage("segment_repeated", _graph(_CUT.format(a=2.2, b=1.5))),
    Damage("segments_swapped", _graph(_SWAPPED)),
    Damage("stutter", _again(vf="fps=12.5,fps=25")),
    Damage("first_second_missing", _again(vf="trim=1,setpts=PTS-STARTPTS", af="atrim=1,asetpts=PTS-STARTPTS")),
    Damage("last_second_missing", _again(more=("-t", "3"))),
    Damage("another_video", _again(kind="other")),
    Damage("combed", _again(kind="interlaced", vf="setfield=prog"), "interlaced"),
    # The sound.
    Damage("silence", _again(af="volume=0")),
    Damage("left_is_silent", _again(af="pan=stereo|c0=0*c0|c1=c1")),
    Damage("one_side_upside_down", _again(af="aeval=val(0)|-val(1):c=same")),
    Damage("sound_early", _again(af="atrim=0.1,asetpts=PTS-STARTPTS")),
    Damage("sound_late", _again(af="adelay=100:all=1,atrim=0:4")),
    Damage("silent_hole", _again(af="volume=0:enable='between(t,1,1.6)'")),
    Damage("another_sound", _graph("[0:v]null[v];[1:a]anull[a]")),
]  # fmt: skip

HOLD_OUT = [
    Damage("lost_keyframe", _copied("-bsf:v", "noise=drop='eq(n,50)'")),
    Damage("wrong_matrix", _again(vf="colormatrix=bt601:bt709")),
    Damage("levels_squeezed_twice", _again(vf="scale=in_range=full:out_range=tv")),
    Damage("caption_burnt_in", _again(vf=_CAPTION)),
    Damage("in_a_corner", _again(vf="scale=160:90,pad=320:180")),
    Damage("from_a_sixth", _again(vf="scale=54:30,scale=320:180")),
    Damage("frames_out_of_order", _again(vf="shuffleframes=0 3 2 1")),
    Damage("backwards", _again(vf="reverse", af="areverse")),
    Damage("one_picture_for_all", _again(vf="loop=loop=200:size=1:start=0,setpts=N/25/TB,trim=0:4")),
    Damage("picture_late", _again(vf="tpad=start=4:start_mode=clone,trim=0:4")),
    Damage("swapped_fields", _again(
        kind="interlaced", vf="setfield=bff", more=("-flags", "+ilme+ildct", "-x264opts", "bff=1")
    ), "interlaced"),
    Damage("sides_swapped", _again(af="pan=stereo|c0=c1|c1=c0")),
    Damage("drifted", _again(af="atempo=1.03,apad,atrim=0:4")),
    Damage("noise_burst", _graph(
        "anoisesrc=d=4:a=0.5:r=48000:seed=3,volume=0:enable='not(between(t,2,2.2))',aformat=channel_layouts=stereo[n];"
        "[0:a][n]amix=normalize=0:duration=first[a];[0:v]null[v]"
    )),
    Damage("too_quiet", _again(af="volume=-6dB")),
    Damage("clipped", _again(af="volume=24dB,alimiter=limit=1:level=0,aformat=sample_fmts=s16,volume=-14dB")),
    Damage("higher_pitch", _again(af="asetrate=52000,aresample=48000,atempo=0.923077")),
    Damage("sound_ends_early", _again(af="atrim=0:3")),
    Damage("sound_repeats", _again(af="aloop=loop=2:size=24000:start=48000,atrim=0:4")),
    Damage("muffled", _again(af="lowpass=f=120:p=2,lowpass=f=120:p=2")),
    Damage("languages_exchanged", _tracks("0:a:0", "0:a:1", ("fra", "eng")), "tracks"),
    Damage("tracks_exchanged", _tracks("0:a:1", "0:a:0", ("fra", "eng")), "tracks"),
    Damage("words_missing", lambda s, p: encode(
        p, "-i", str(s.surround), *GOOD, "-af", "pan=stereo|FL=FL|FR=FR,volume=8dB"
    ), "surround"),
]  # fmt: skip
