"""What each codec can hold by its nature, and what this ffmpeg's encoder makes of it."""

from dataclasses import dataclass
from fractions import Fraction

from sandbox.pixop.values import DEPTHS_OF, FRAME_RATES

Chroma = tuple[str, int]
EIGHT: tuple[Chroma, ...] = (("4:2:0", 8), ("4:2:2", 8), ("4:4:4", 8))
TEN: tuple[Chroma, ...] = (("4:2:0", 10), ("4:2:2", 10), ("4:4:4", 10))
TWELVE: tuple[Chroma, ...] = (("4:2:0", 12), ("4:2:2", 12), ("4:4:4", 12))

TV_RATES = frozenset(FRAME_RATES.values()) - {Fraction(120)}
XDCAM_RATES = frozenset(FRAME_RATES[tag] for tag in ("film_ntsc", "video_pal", "video_ntsc"))
XDCAM_FAST_RATES = frozenset(FRAME_RATES[tag] for tag in ("video_pal_fast", "video_ntsc_fast"))
XDCAM_BITRATE = 50_000_000


@dataclass(frozen=True)
class Codec:
    """A codec with its profile: `known` is what it is defined for, `made` what the encoder here can do of that."""

    known: tuple[Chroma, ...]
    made: tuple[Chroma, ...]
    interlaces: bool = True
    rates: frozenset[Fraction] | None = None
    sizes: frozenset[tuple[int, int]] | None = None
    least: tuple[int, int] = (2, 2)
    # The profile, not the caller, decides the bit rate.
    own_bitrate: bool = False


HD = frozenset({(1920, 1080), (1280, 720)})
ALL = tuple((yuv, bits) for yuv, depths in DEPTHS_OF.items() for bits in depths)
# ffmpeg has no 4:4:0 beyond 12 bits, and DEPTHS_OF offers none.
PLAIN = {
    "h264": Codec(known=EIGHT + TEN, made=EIGHT + TEN),
    # The x265 of the ffmpeg wheel has 8 bits only, and no interlaced pictures that players understand.
    "hevc": Codec(known=EIGHT + TEN + TWELVE, made=EIGHT, interlaces=False),
    "mpeg2": Codec(known=EIGHT[:2], made=EIGHT[:2], rates=TV_RATES),
    "xdcam": Codec(
        known=(("4:2:2", 8),),
        made=(("4:2:2", 8),),
        rates=XDCAM_RATES | XDCAM_FAST_RATES,
        sizes=HD,
        own_bitrate=True,
    ),
    "ffv1": Codec(known=ALL, made=ALL, own_bitrate=True),
}
# Of DNxHR's and ProRes's 12 bits this ffmpeg's encoders make 10.
PROFILES: dict[str, tuple[tuple[Chroma, ...], tuple[Chroma, ...]]] = {
    "lb": (EIGHT[1:2], EIGHT[1:2]),
    "sq": (EIGHT[1:2], EIGHT[1:2]),
    "hq": (EIGHT[1:2], EIGHT[1:2]),
    "hqx": (TEN[1:2] + TWELVE[1:2], TEN[1:2]),
    "444": (TEN[2:] + TWELVE[2:], TEN[2:]),
}
# Nominal frame rate -> megabits per second, as the encoder lists them.
DNXHD_RATES: dict[tuple[str, int, bool], dict[int, int]] = {
    ("lb", 1080, False): {24: 36, 30: 45, 50: 75, 60: 90},
    ("sq", 1080, False): {24: 115, 25: 120, 30: 145, 50: 240, 60: 290},
    ("hq", 1080, False): {24: 175, 25: 185, 30: 220, 50: 365, 60: 440},
    ("hqx", 1080, False): {24: 175, 25: 185, 50: 365, 60: 440},
    ("sq", 1080, True): {25: 120, 30: 145},
    ("hq", 1080, True): {25: 185, 30: 220},
    ("hqx", 1080, True): {25: 185, 30: 220},
    ("sq", 720, False): {24: 60, 30: 75, 50: 120, 60: 145},
    ("hq", 720, False): {24: 90, 30: 110, 50: 180, 60: 220},
    ("hqx", 720, False): {24: 90, 50: 180, 60: 220},
}


def find_codec(name: str, profile: str | None) -> Codec:
    """Return the codec with what its profile makes of it."""
    if name in PLAIN:
        return PLAIN[name]
    if name == "prores":
        deep = (profile or "").startswith("4444")
        known = TEN[2:] + TWELVE[2:] if deep else TEN[1:2]
        return Codec(known=known, made=TEN[2:] if deep else TEN[1:2], own_bitrate=True)
    family, _, grade = (profile or "").partition("_")
    known, made = PROFILES[grade]
    if family == "dnxhr":
        return Codec(known=known, made=made, interlaces=False, least=(256, 120), own_bitrate=True)
    sizes = frozenset(size for size in HD if (grade, size[1], False) in DNXHD_RATES) or frozenset({(1920, 1080)})
    interlaces = (grade, 1080, True) in DNXHD_RATES
    # DNxHD, unlike DNxHR, ends at 10 bits.
    return Codec(known=made, made=made, interlaces=interlaces, sizes=sizes, own_bitrate=True)


def dnxhd_bitrate(profile: str, height: int, *, interlaced: bool, fps: Fraction) -> int | None:
    """Return the bits per second of the DNxHD variant nearest in frame rate; None when there is none."""
    rates = DNXHD_RATES.get((profile.removeprefix("dnxhd_"), height, interlaced))
    if rates is None:
        return None
    return rates[min(rates, key=lambda rate: abs(rate - fps))] * 1_000_000


def pixel_format(yuv: str, bits: int) -> str:
    """Return ffmpeg's name of a pixel format, such as yuv422p10le."""
    return f"yuv{yuv.replace(':', '')}p" + (f"{bits}le" if bits > 8 else "")
