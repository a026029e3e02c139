"""Files that are odd and valid, and files that are no videos, or damaged ones; made with ffmpeg and byte edits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.verify.sources import encode

PICTURE = ["-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=3"]
SOUND = ["-f", "lavfi", "-i", "sine=d=3"]
BOTH = [*PICTURE, *SOUND]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
FRAGMENTS = ["-movflags", "frag_keyframe+empty_moov"]

ODD: dict[str, list[str]] = {
    "vfr.mp4": [*BOTH, "-vf", "select='not(mod(n,7))+lt(n,20)',setpts=PTS", "-fps_mode", "vfr", *X264],
    "vfr.mkv": [*PICTURE, "-vf", "select='not(mod(n,9))'", "-fps_mode", "vfr", *X264],
    "slides.mp4": ["-f", "lavfi", "-i", "testsrc2=s=128x96:r=1/4:d=20", *X264],
    "slides.mkv": ["-f", "lavfi", "-i", "testsrc2=s=128x96:r=1/10:d=40", *X264],
    "one_keyframe.mp4": ["-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=20", *X264, "-g", "9999"],
    "ten_bits.mp4": [*BOTH, "-c:v", "libx264", "-pix_fmt", "yuv420p10le", "-c:a", "aac"],
    "yuv444.mp4": [*BOTH, "-c:v", "libx264", "-pix_fmt", "yuv444p"],
    "full_range.mp4": [*BOTH, *X264, "-color_range", "pc"],
    "hdr.mp4": [
        *BOTH,
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p10le",
        "-color_trc",
        "smpte2084",
        "-colorspace",
        "bt2020nc",
    ],
    "interlaced.mp4": [*BOTH, *X264, "-flags", "+ilme+ildct", "-x264opts", "tff=1"],
    "interlaced.mpg": [*BOTH, "-target", "pal-dvd", "-flags", "+ilme+ildct"],
    "silent.mp4": [*PICTURE, *X264],
    "three_tracks.mp4": [*BOTH, *SOUND, *SOUND, "-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:a", *X264],
    "surround.mp4": [*BOTH, *X264, "-ac", "6"],
    "mono.mp4": [*BOTH, *X264, "-ac", "1"],
    "sound_first.mp4": [*BOTH, "-map", "1:a", "-map", "0:v", *X264],
    "long_sound.mp4": [*PICTURE, "-f", "lavfi", "-i", "sine=d=9", *X264],
    "short_sound.mp4": [*PICTURE, "-f", "lavfi", "-i", "sine=d=0.5", *X264],
    "late_sound.mp4": [*PICTURE, "-itsoffset", "1", *SOUND, *X264],
    "no_counts.mkv": [*BOTH, *X264, "-write_crc32", "0"],
    "live.mkv": [*BOTH, *X264, "-live", "1"],
    "live.webm": [*BOTH, "-c:v", "libvpx", "-c:a", "libopus", "-live", "1"],
    "fragments.mp4": [*BOTH, *X264, *FRAGMENTS],
    "moov_first.mp4": [*BOTH, *X264, "-movflags", "faststart"],
    "plain.ts": [*BOTH, *X264],
    "late.ts": [*BOTH, *X264, "-output_ts_offset", "36000"],
    "plain.avi": [*BOTH, "-c:v", "mpeg4", "-c:a", "mp3"],
    "plain.flv": [*BOTH, "-c:v", "flv", "-c:a", "mp3", "-ar", "44100"],
    "plain.wmv": [*BOTH, "-c:v", "wmv2", "-c:a", "wmav2"],
    "plain.ogv": [*BOTH, "-c:v", "libtheora", "-c:a", "libvorbis"],
    "plain.mxf": [*BOTH, "-c:v", "mpeg2video", "-c:a", "pcm_s16le", "-ar", "48000"],
    "prores.mov": [*BOTH, "-c:v", "prores_ks", "-c:a", "pcm_s24le"],
    "motion_jpeg.mov": [*BOTH, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"],
    "ffv1.mkv": [*BOTH, "-c:v", "ffv1", "-c:a", "flac"],
    "hevc.mp4": [*BOTH, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"],
    "dv.dv": [*BOTH, "-target", "pal-dv"],
    "moves.gif": PICTURE,
    "anamorphic.mp4": [*BOTH, "-vf", "setsar=16/11", *X264],
    "odd_sides.mp4": ["-f", "lavfi", "-i", "testsrc2=s=129x97:d=3", "-c:v", "libx264", "-pix_fmt", "yuv444p"],
    "tall.mp4": ["-f", "lavfi", "-i", "testsrc2=s=64x1280:d=2", *X264],
    "tiny.mp4": ["-f", "lavfi", "-i", "testsrc2=s=16x16:d=3", *X264],
    "short.mp4": ["-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=0.2", *X264],
    "fast.mp4": ["-f", "lavfi", "-i", "testsrc2=s=128x96:r=240:d=1", *X264],
    "open_gop.mp4": [*BOTH, *X264, "-x264opts", "open-gop=1:keyint=50", "-bf", "3"],
    "edit_list.mp4": ["-ss", "0.7", *BOTH, *X264],
    "chapters_and_title.mp4": [*BOTH, *X264, "-metadata", "title=A 'quoted' \\ $name"],
    "timecode.mov": [*BOTH, *X264, "-timecode", "10:00:00:00"],
    "wrong_suffix.txt": [*BOTH, *X264, "-f", "mp4"],
}


def odd(folder: Path, name: str) -> Path:
    return encode(folder / name, *ODD[name])


def turned(folder: Path) -> Path:
    """As a telephone writes it that was held upright."""
    plain = encode(folder / "plain.mp4", *BOTH, *X264)
    return encode(folder / "turned.mp4", "-display_rotation", "90", "-i", str(plain), "-c", "copy")


def covered(folder: Path) -> Path:
    """A video with a cover picture beside it."""
    cover = encode(folder / "cover.jpg", *PICTURE, "-frames:v", "1")
    inputs = [*BOTH, "-i", str(cover), "-map", "0:v", "-map", "1:a", "-map", "2:v"]
    return encode(folder / "covered.mp4", *inputs, *X264, "-c:v:1", "copy", "-disposition:v:1", "attached_pic")


def _video(folder: Path, *more: str, name: str = "plain.mp4") -> bytes:
    return encode(folder / name, *BOTH, *X264, *more).read_bytes()


def _cut(part: float, *more: str, name: str = "plain.mp4") -> Callable[[Path], bytes]:
    def make(folder: Path) -> bytes:
        whole = _video(folder, *more, name=name)
        return whole[: int(len(whole) * part)]

    return make


def _made(name: str, *arguments: str) -> Callable[[Path], bytes]:
    return lambda folder: encode(folder / name, *arguments).read_bytes()


def _without(word: bytes, *more: str) -> Callable[[Path], bytes]:
    return lambda folder: _video(folder, *more).replace(word, b"abcd")


def _zeroed(start: float, end: float, *more: str) -> Callable[[Path], bytes]:
    def make(folder: Path) -> bytes:
        whole = bytearray(_video(folder, *more))
        first, last = int(len(whole) * start), int(len(whole) * end)
        whole[first:last] = bytes(last - first)
        return bytes(whole)

    return make


FAST = ["-movflags", "faststart"]

BAD: dict[str, Callable[[Path], bytes]] = {
    "nothing": lambda _: b"",
    "one byte": lambda _: b"\0",
    "zeros": lambda _: bytes(100_000),
    "text": lambda _: b"This is no video.\n" * 500,
    "json": lambda _: b'{"a": 1}',
    "html": lambda _: b"<html><body>404 not found</body></html>",
    "a playlist": lambda _: b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
    "a concat script": lambda _: b"ffconcat version 1.0\nfile /etc/passwd\n",
    "a dash manifest": lambda _: b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    "an archive": lambda _: b"PK\x03\x04" + bytes(range(256)) * 100,
    "a program": lambda _: b"\x7fELF" + bytes(range(256)) * 100,
    "noise": lambda _: bytes((i * 7919 + i * i * 31) % 251 for i in range(200_000)),
    "a jpeg": _made("a.jpg", *PICTURE, "-frames:v", "1"),
    "a png": _made("a.png", *PICTURE, "-frames:v", "1"),
    "a bmp": _made("a.bmp", *PICTURE, "-frames:v", "1"),
    "a tiff": _made("a.tiff", *PICTURE, "-frames:v", "1"),
    "a webp": _made("a.webp", *PICTURE, "-frames:v", "1", "-c:v", "libwebp"),
    "a still gif": _made("a.gif", *PICTURE, "-frames:v", "1"),
    "an mp3": _made("a.mp3", *SOUND),
    "a wav": _made("a.wav", *SOUND),
    "a flac": _made("a.flac", *SOUND),
    "sound in mp4": _made("a.mp4", *SOUND, "-c:a", "aac"),
    "sound in mkv": _made("a.mkv", *SOUND, "-c:a", "aac"),
    "sound with a cover": lambda folder: encode(
        folder / "covered.mp3",
        *SOUND,
        "-i",
        str(encode(folder / "c.jpg", *PICTURE, "-frames:v", "1")),
        "-map",
        "0:a",
        "-map",
        "1:v",
        "-c:v",
        "copy",
        "-disposition:v",
        "attached_pic",
    ).read_bytes(),
    "subtitles": lambda _: b"1\n00:00:01,000 --> 00:00:02,000\nHello\n",
    "no moov": _cut(0.8),
    "no moov, by name": _without(b"moov"),
    "no mdat": lambda folder: (whole := _video(folder, *FAST))[: whole.index(b"mdat")],
    "a tenth": _cut(0.1, *FAST),
    "half": _cut(0.5, *FAST),
    "four fifths": _cut(0.8, *FAST),
    "half an avi": lambda folder: (
        whole := encode(folder / "a.avi", *BOTH, "-c:v", "mpeg4", "-c:a", "mp3").read_bytes()
    )[: len(whole) // 2],
    "half an mkv": _cut(0.5, name="plain.mkv"),
    "nearly all of an mkv": _cut(0.99, name="plain.mkv"),
    "nearly all of an mp4": _cut(0.99, *FAST),
    "the first kilobyte": lambda folder: _video(folder, *FAST)[:1024],
    "the last half": lambda folder: (whole := _video(folder))[len(whole) // 2 :],
    "a beginning of zeros": _zeroed(0, 0.2, *FAST),
    "all pictures zeros": _zeroed(0.12, 1, *FAST),
    "too small": _made("a.mp4", "-f", "lavfi", "-i", "testsrc2=s=8x8:d=2", *X264),
    "too wide": _made("a.mkv", "-f", "lavfi", "-i", "color=s=16400x16:d=0.2", "-c:v", "ffv1"),
    "twenty lines of Y4M": lambda _: b"YUV4MPEG2 W99999999 H99999999 F25:1\nFRAME\n" * 20,
}
