"""From ByteNite's parameters to ffmpeg's arguments."""

import re

from sandbox.bytenite.parameters import Audio, Bitrate, ImpossibleError, OutputParams, Video
from sandbox.media import Probe

TURNS = {0: [], 90: ["transpose=clock"], 180: ["hflip", "vflip"], 270: ["transpose=cclock"]}
FLIPS = {"horizontal": ["hflip"], "vertical": ["vflip"], "both": ["hflip", "vflip"]}
CHANNELS = {"1.0": 1, "2.0": 2, "2.1": 3, "5.1": 6, "7.1": 8, "mono": 1, "stereo": 2}
SOUND = {"aac": "aac", "mp3": "libmp3lame", "opus": "libopus", "ac3": "ac3", "eac3": "eac3", "flac": "flac"}
MAX_CRF = {"libx264": 51, "libx265": 51, "libvpx-vp9": 63}
# The x265 of the ffmpeg wheel; asked for more, ffmpeg would quietly make 8 bits.
EIGHT_BITS = frozenset({"", "main", "mainstillpicture", "main-intra", "msp"})
DEEP = {"high10": "yuv420p10le", "high422": "yuv422p", "high444": "yuv444p"}


def arguments(params: OutputParams, source: Probe) -> list[str]:
    """Return what stands between input and output file. Raises ImpossibleError."""
    return [
        *["-map", "0:v:0", "-vf", ",".join(filters(params, source))],
        *video_arguments(params.video),
        *audio_arguments(params.audio, source),
        *["-sn", "-dn", "-map_chapters", "-1", "-movflags", "+faststart", "-f", "mp4"],
    ]


def filters(params: OutputParams, source: Probe) -> list[str]:
    """Return the picture's way: square pixels, crop, turn, mirror, size, bars, rate."""
    aspect = params.aspect
    crop = aspect.cropping
    width = source.width - crop.left - crop.right
    height = source.height - crop.top - crop.bottom
    if width < 2 or height < 2:
        raise ImpossibleError(f"cropping leaves nothing of a {source.width}x{source.height} picture")
    chain = [f"scale={source.width}:{source.height}", "setsar=1"]
    if (width, height) != (source.width, source.height):
        chain.append(f"crop={width}:{height}:{crop.left}:{crop.top}")
    turn = _turn(aspect.orientation.rotation)
    if turn in (90, 270):
        width, height = height, width
    chain += TURNS[turn] + FLIPS.get(aspect.orientation.flip, [])
    chain += _sizing(params, width, height)
    return chain + _rate(params, source)


def _sizing(params: OutputParams, width: int, height: int) -> list[str]:
    resolution, padding = params.aspect.resolution, params.aspect.padding
    lines = resolution.lines() or height
    if resolution.avoid_upscaling:
        lines = min(lines, height)
    lines = _even(lines)
    shape = resolution.aspect_ratio or width / height
    final = padding.final_aspect_ratio
    if final is None:
        return [f"scale={_even(lines * shape)}:{lines}", "setsar=1"]
    # The named height is that of the finished picture, bars included.
    box = _even(lines * final)
    inner = (_even(lines * shape), lines) if shape <= final else (box, _even(box / shape))
    colour = padding.fill_color.replace("#", "0x") or "0x000000"
    return [
        f"scale={inner[0]}:{inner[1]}",
        f"pad={box}:{lines}:(ow-iw)/2:(oh-ih)/2:color={colour}",
        "setsar=1",
    ]


def _rate(params: OutputParams, source: Probe) -> list[str]:
    wanted = params.video.frame_rate
    if wanted.fps is None or (wanted.up_mode in ("", "avoid") and wanted.fps >= source.fps):
        return []
    return [f"fps={wanted.fps:g}"]


def _even(number: float) -> int:
    size = max(2, round(number / 2) * 2)
    if size > 16384:
        raise ImpossibleError(f"a picture {size} pixels wide is more than an encoder takes")
    return size


def _turn(text: str) -> int:
    match = re.match(r"\s*(-?\d+)", text)
    if text and text != "none" and match is None:
        raise ImpossibleError(f"orientation.rotation {text[:40]!r} is no angle")
    angle = int(match[1]) % 360 if match else 0
    if "counter" in text or "ccw" in text:
        angle = -angle % 360
    if angle not in TURNS:
        raise ImpossibleError(f"orientation.rotation {text[:40]!r}: only quarter turns can be made")
    return angle


def video_arguments(video: Video) -> list[str]:
    """Return the encoder's options."""
    options = video.codec_params
    chosen = ["-c:v", video.codec, "-pix_fmt", DEEP.get(options.profile, "yuv420p")]
    if video.codec == "libvpx-vp9":
        chosen += ["-cpu-used", str(1 if options.cpu_used is None else options.cpu_used)]
        chosen += ["-deadline", "good", "-row-mt", "1"]
        return chosen + _rate_control(video.codec, video.bitrate)
    for name, value in (("-preset", options.preset), ("-tune", options.tune), ("-profile:v", options.profile)):
        chosen += [name, value] if value else []
    if video.codec == "libx265":
        if options.profile not in EIGHT_BITS:
            raise ImpossibleError(f"profile {options.profile[:40]!r} cannot be made: this x265 has 8 bits only")
        level = [f"level-idc={options.level}"] if re.fullmatch(r"[\d.]+", options.level) else []
        # hvc1, not hev1: Apple's players show nothing else.
        chosen += ["-tag:v", "hvc1", "-x265-params", ":".join(["log-level=error", *level])]
    elif options.level:
        chosen += ["-level", options.level]
    return chosen + _rate_control(video.codec, video.bitrate)


def _rate_control(codec: str, rate: Bitrate) -> list[str]:
    match rate.rate_control_mode:
        case "constant_quality":
            return _constant_quality(codec, rate)
        case "constant_bitrate":
            if rate.target_bitrate is None:
                raise ImpossibleError("bitrate.target_bitrate is missing for constant_bitrate")
            target, buffer = rate.target_bitrate, rate.buffer_size or rate.target_bitrate
            return ["-b:v", target, "-minrate", target, "-maxrate", target, "-bufsize", buffer]
        case _:
            return _variable_bitrate(rate)


def _constant_quality(codec: str, rate: Bitrate) -> list[str]:
    crf = 23 if rate.crf is None else rate.crf
    if not 0 <= crf <= MAX_CRF[codec]:
        raise ImpossibleError(f"bitrate.crf {crf} is not between 0 and {MAX_CRF[codec]} for {codec}")
    if codec == "libvpx-vp9":
        return ["-crf", str(crf), "-b:v", "0"]
    capped = ["-maxrate", rate.max_bitrate, "-bufsize", rate.buffer_size or rate.max_bitrate]
    return ["-crf", str(crf), *(capped if rate.max_bitrate else [])]  # type: ignore[list-item]


def _variable_bitrate(rate: Bitrate) -> list[str]:
    if rate.avg_bitrate is None:
        raise ImpossibleError("bitrate.avg_bitrate is missing for variable_bitrate")
    if rate.max_bitrate and bits(rate.max_bitrate) < bits(rate.avg_bitrate):
        raise ImpossibleError(f"max_bitrate {rate.max_bitrate} is under avg_bitrate {rate.avg_bitrate}")
    chosen = ["-b:v", rate.avg_bitrate]
    if rate.min_bitrate:
        # Documents exist whose minimum is above their average; the service took them.
        least = min(rate.min_bitrate, rate.avg_bitrate, key=bits)
        chosen += ["-minrate", least]
    if rate.max_bitrate:
        chosen += ["-maxrate", rate.max_bitrate, "-bufsize", rate.buffer_size or rate.max_bitrate]
    return chosen


def bits(rate: str) -> float:
    """Return bits per second of a text like `800k`."""
    factor = {"k": 1e3, "m": 1e6}.get(rate[-1].lower(), 1.0)
    return float(rate.rstrip("kKmM")) * factor


def audio_arguments(audio: Audio, source: Probe) -> list[str]:
    """Return the sound's options; a source without sound makes an output without."""
    name = audio.audio_codec.strip().lower()
    if not source.has_audio or name in ("none", "no_audio"):
        return ["-an"]
    if name not in SOUND and name:
        raise ImpossibleError(f"audio_codec {audio.audio_codec[:40]!r} is unknown")
    chosen = ["-map", "0:a:0", "-c:a", SOUND.get(name, "aac")]
    if audio.audio_bitrate:
        chosen += ["-b:a", audio.audio_bitrate]
    if audio.audio_channel:
        if audio.audio_channel.lower() not in CHANNELS:
            raise ImpossibleError(f"audio_channel {audio.audio_channel[:40]!r} is unknown")
        chosen += ["-ac", str(CHANNELS[audio.audio_channel.lower()])]
    return chosen + _sample_rate(audio.audio_sample_rate)


def _sample_rate(text: str) -> list[str]:
    if not text:
        return []
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(k?)(?:hz)?", text.strip().lower())
    rate = round(float(match[1]) * (1000 if match[2] else 1)) if match else 0
    if not 8000 <= rate <= 192000:
        raise ImpossibleError(f"audio_sample_rate {text[:40]!r} is no sample rate")
    return ["-ar", str(rate)]
