"""What the output will be: container and codec, pixel format, size, rate and bit rate, from wish and source."""

from fractions import Fraction

from sandbox.pixop import values
from sandbox.pixop.codecs import XDCAM_BITRATE, Chroma, Codec, dnxhd_bitrate
from sandbox.pixop.fields import BadRequestError
from sandbox.pixop.filters import Shape
from sandbox.pixop.source import Source, container_for
from sandbox.pixop.wishes import Wish

# Relative to h264, for the same picture; what is not here is an editing codec and says nothing of an output.
HUNGER = {"h264": 1.0, "hevc": 0.6, "mpeg2": 1.8}
BITS_PER_PIXEL = (0.03, 0.25)
LEAST_BITRATE = 64_000
# What ffmpeg's muxer writes an edit unit for.
MXF_RATES = frozenset(values.FRAME_RATES.values())


def pick_container(wish: Wish, source: Source) -> tuple[str, str]:
    """Return container and codec; what was not asked for is the source's, or what comes next to it."""
    codec = wish.codec or _codec_of_profile(wish) or source.codec
    if wish.container:
        fits = codec in values.CODECS_OF[wish.container]
        return wish.container, codec if codec and fits else values.CODECS_OF[wish.container][0]
    if codec is None:
        codec = "h264"
    if source.container and codec in values.CODECS_OF[source.container]:
        return source.container, codec
    if codec in values.CODECS_OF["mp4"]:
        return "mp4", codec
    return container_for(codec), codec


def _codec_of_profile(wish: Wish) -> str | None:
    if wish.prores_profile and wish.dnx_profile:
        raise BadRequestError("appleProresProfile and dnxhdHrProfile exclude each other")
    return "prores" if wish.prores_profile else "dnxhd" if wish.dnx_profile else None


def pick_profile(wish: Wish, codec: str) -> str | None:
    """Return the profile; a codec taken from the source goes on with its family's usual one."""
    if wish.prores_profile and codec != "prores":
        raise BadRequestError(f"appleProresProfile may be given only when the codec is prores, not {codec}")
    if wish.dnx_profile and codec != "dnxhd":
        raise BadRequestError(f"dnxhdHrProfile may be given only when the codec is dnxhd, not {codec}")
    return {"prores": wish.prores_profile or "hq", "dnxhd": wish.dnx_profile or "dnxhr_hq"}.get(codec)


def pick_chroma(wish: Wish, source: Source, codec: Codec, label: str) -> tuple[Chroma, tuple[str, ...]]:
    """Return subsampling and depth, and what of the request this ffmpeg cannot give.

    What was asked for must be possible in the codec; what is the source's is taken over as nearly as possible.
    """
    fitting = [pair for pair in codec.known if wish.yuv in (None, pair[0]) and wish.bits in (None, pair[1])]
    if not fitting:
        known = ", ".join(f"{yuv} {bits} bit" for yuv, bits in codec.known)
        asked = " ".join(filter(None, (wish.yuv, f"{wish.bits} bit" if wish.bits else None)))
        raise BadRequestError(f"chromaSubsampling: {label} has no {asked}, only {known}")
    ideal = _nearest((wish.yuv or source.yuv, wish.bits or source.bits), fitting)
    made = _nearest(ideal, codec.made)
    if made == ideal:
        return made, ()
    return made, (f"this ffmpeg encodes {label} with {made[1]} bits, not {ideal[1]}",)


def _nearest(wanted: Chroma, offered: list[Chroma] | tuple[Chroma, ...]) -> Chroma:
    order = list(values.DEPTHS_OF)
    place = order.index(wanted[0]) if wanted[0] in order else order.index("4:2:0")
    # More is nearer than less: nothing of the source is to be lost without need.
    return min(
        offered,
        key=lambda pair: (
            abs(order.index(pair[0]) - place),
            order.index(pair[0]) < place,
            abs(pair[1] - wanted[1]),
            pair[1] < wanted[1],
        ),
    )


def find_shortfalls(wish: Wish, codec: Codec, profile: str | None, bitrate: int | None) -> tuple[str, ...]:
    """Return what of the request is not done, beside the depth: each is named in the output."""
    missed = []
    if profile == "dnxhd_444":
        missed.append("this ffmpeg has no DNxHD 444: DNxHR 444 takes its place")
    if wish.bitrate and codec.own_bitrate and wish.bitrate != bitrate:
        missed.append("the codec's profile decides the bit rate, not bitrate.mbps")
    return tuple(missed)


def pick_scanning(wish: Wish, source: Source, codec: Codec, label: str) -> str | None:
    """Return the output's field order, or None for progressive."""
    if wish.scanning == "interlaced":
        if not codec.interlaces:
            raise BadRequestError(f"scanning: {label} cannot be interlaced here")
        return wish.field_order
    kept = wish.scanning == "auto" and source.interlaced and not wish.deinterlacer and codec.interlaces
    return (wish.field_order or source.interlaced) if kept else None


def pick_rate(wish: Wish, source: Source, codec: Codec, container: str, *, interlaced: bool, label: str) -> Fraction:
    """Return the frames per second; a rate asked for must exist in codec and container, the source's is rounded."""
    fps = wish.fps or _own_rate(source, interlaced=interlaced)
    for name, rates in ((label, codec.rates), (container, MXF_RATES if container == "mxf" else None)):
        if rates is None or fps in rates:
            continue
        if wish.fps:
            listed = ", ".join(f"{float(rate):g}" for rate in sorted(rates))
            raise BadRequestError(f"frameRate: {name} has no {float(fps):g} frames a second, only {listed}")
        fps = min(rates, key=lambda rate: abs(rate - fps))
    return fps


def _own_rate(source: Source, *, interlaced: bool) -> Fraction:
    # Fifty pictures a second are what twenty-five interlaced frames are woven of.
    woven = interlaced and not source.interlaced and source.fps >= 47
    return source.fps / 2 if woven else source.fps


def pick_bitrate(wish: Wish, source: Source, codec: str, profile: str | None, shape: Shape) -> int | None:
    """Return bits per second; None where the codec decides. Raises BadRequestError where DNxHD has no such picture."""
    if codec == "xdcam":
        return XDCAM_BITRATE
    if codec == "dnxhd" and profile and profile.startswith("dnxhd_") and profile != "dnxhd_444":
        rate = dnxhd_bitrate(profile, shape.height, interlaced=bool(shape.interlaced), fps=shape.fps)
        if rate is None:
            raise BadRequestError(f"dnxhdHrProfile: {profile} has no interlaced pictures of {shape.height} lines")
        return rate
    if codec not in HUNGER:
        return None
    return wish.bitrate or _automatic(source, codec, shape)


def _automatic(source: Source, codec: str, shape: Shape) -> int:
    pixels = shape.width * shape.height * float(shape.fps)
    before = source.width * source.height * float(source.fps)
    # A picture twice as large does not hold twice as much to tell.
    grown: float = source.bitrate / HUNGER.get(source.codec or "", 1.0) * (pixels / before) ** 0.75
    least, most = (pixels * share for share in BITS_PER_PIXEL)
    return max(LEAST_BITRATE, round(HUNGER[codec] * min(max(grown, least), most)))
