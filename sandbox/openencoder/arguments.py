"""From a preset's `data` to ffmpeg's arguments, with the server's quirks."""

from sandbox.openencoder.options import Audio, Filter, Format, Video, read

DENOISE = {
    "light": "removegrain=22",
    "medium": "vaguedenoiser=threshold=3:method=soft:nsteps=5",
    "heavy": "vaguedenoiser=threshold=6:method=soft:nsteps=5",
}
DEINTERLACE = {
    "frame": "yadif=0:-1:0",
    "field": "yadif=1:-1:0",
    "frame_nospatial": "yadif=2:-1:0",
    "field_nospatial": "yadif=3:-1:0",
}


def output_arguments(data: str) -> list[str]:
    """Return what stands between ffmpeg's input and its output; raises OptionsError."""
    options = read(data)
    if options.raw:
        return [word for entry in options.raw for word in entry.split(" ")]
    arguments = _format(options.format) + _video(options.video)
    if filters := _video_filters(options.video, options.filter):
        arguments += ["-vf", filters]
    arguments += _audio(options.audio)
    if filters := _audio_filters(options.audio, options.filter):
        arguments += ["-af", filters]
    # The server's two passes are written as one word, which no ffmpeg takes: such a job ends in error.
    return [*arguments, "-y", *(["-pass 1"] if options.video.rate_control == "2" else [])]


def _given(pairs: list[tuple[str, str, str]]) -> list[str]:
    """Return flag and value of each (flag, value, the word for none) that has a value."""
    return [word for flag, value, none in pairs if value not in ("", none) for word in (flag, value)]


def _format(options: Format) -> list[str]:
    return _given([("-ss", options.start, ""), ("-to", options.stop, "")]) if options.clip else []


def _video(options: Video) -> list[str]:
    crf = str(options.crf) if options.crf and options.rate_control == "crf" else ""
    # The frame rate depends on the pixel format, by a slip of the server's.
    rate = "" if options.pixel_format == "auto" else options.frame_rate
    codec = options.codec.removeprefix("lib")
    return _given(
        [
            ("-c:v", options.codec, ""),
            ("-preset", options.preset, "none"),
            ("-crf", crf, ""),
            ("-movflags", "faststart" if options.faststart else "", ""),
            ("-b:v", options.bitrate, "0"),
            ("-minrate", options.minrate, "0"),
            ("-maxrate", options.maxrate, "0"),
            ("-bufsize", options.bufsize, "0"),
            ("-pix_fmt", options.pixel_format, "auto"),
            ("-r", rate, ""),
            ("-tune", options.tune, "none"),
            ("-profile:v", options.profile, "none"),
            ("-level", options.level, "none"),
            (f"-{codec}-params", options.codec_options if options.codec in ("libx264", "libx265") else "", ""),
        ]
    )


def _scale(video: Video) -> list[str]:
    parts = []
    if video.size == "custom":
        parts.append(f"scale={video.width}:{video.height}")
    elif video.size not in ("", "source"):
        parts.append(f"scale={video.size}:-1" if video.format == "widescreen" else f"scale=-1:{video.size}")
    if video.scaling not in ("", "auto"):
        parts.append(f"flags={video.scaling}")
    return [":".join(parts)] if parts else []


def _video_filters(video: Video, options: Filter) -> str:
    filters = [f"setpts={video.speed}"] if video.speed not in ("", "auto") else []
    filters += _scale(video)
    filters += [name for name in ("deband", "deshake", "deflicker", "dejudder") if getattr(options, name)]
    if options.denoise != "none":
        filters.append(DENOISE.get(options.denoise, "removegrain=0"))
    if options.deinterlace != "none":
        filters.append(DEINTERLACE.get(options.deinterlace, ""))
    neutral = {"contrast": "1", "brightness": "0", "saturation": "0", "gamma": "0"}
    colours = [
        f"{name}={value}" for name, none in neutral.items() if (value := getattr(options, name)) not in ("", none)
    ]
    return ",".join(filters + (["eq=" + ":".join(colours)] if colours else []))


def _audio(options: Audio) -> list[str]:
    channel = [("-rematrix_maxval", "1.0", ""), ("-ac", options.channel, "")]
    return _given(
        [
            ("-c:a", options.codec, ""),
            *(channel if options.channel not in ("", "source") else []),
            ("-b:a", options.quality, "auto"),
            ("-ar", options.sample_rate, "auto"),
        ]
    )


def _audio_filters(audio: Audio, options: Filter) -> str:
    filters = []
    if audio.volume not in ("", "100"):
        filters.append(f"volume={_hundredth(audio.volume):.2f}")
    if options.acontrast not in ("", "33"):
        filters.append(f"acontrast={_hundredth(options.acontrast):.2f}")
    return ",".join(filters)


def _hundredth(text: str) -> float:
    try:
        return float(text) / 100
    except ValueError:
        return 0.0
