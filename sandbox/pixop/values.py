"""What the document's parameter table permits, with the later values of the SDK marked."""

from fractions import Fraction

CONTAINERS = ("mov", "mxf", "mp4", "mts")
CODECS = ("h264", "prores", "dnxhd", "xdcam", "hevc", "mpeg2", "ffv1")
# From the SDK, not in the document.
CODECS_OF = {
    "mov": ("h264", "prores", "dnxhd", "hevc", "mpeg2", "ffv1"),
    "mxf": ("h264", "xdcam", "mpeg2", "dnxhd"),
    "mp4": ("h264", "hevc"),
    "mts": ("h264", "hevc", "mpeg2"),
}
PRORES_PROFILES = ("proxy", "lt", "standard", "hq", "4444", "4444xq")
DNX_PROFILES = tuple(f"{family}_{grade}" for family in ("dnxhd", "dnxhr") for grade in ("lb", "sq", "hq", "hqx", "444"))

SCANNING_TAGS = ("auto", "progressive", "interlaced_tff", "interlaced_bff")
SCANNING_TYPES = ("progressive", "interlaced")
# The document's words and, after them, those of the SDK.
FIELD_ORDERS = {"top_field": "tff", "bottom_field": "bff", "top_first": "tff", "bottom_first": "bff"}

# Depths for which a pixel format exists at all; the SDK offers these pairs.
DEPTHS_OF = {
    "4:1:0": (8,),
    "4:1:1": (8,),
    "4:2:0": (8, 10, 12, 14, 16),
    "4:2:2": (8, 10, 12, 14, 16),
    "4:4:0": (8, 10, 12),
    "4:4:4": (8, 10, 12, 14, 16),
}
DEPTHS = (8, 10, 12, 14, 16)
MBPS = (0.01, 4000.0)

DEINTERLACERS = ("deint", "yadif", "bwdif", "weston3f")
DENOISERS = ("denoise", "hqdn3d")
STABILIZERS = ("dejit",)
SCALERS = ("pabsr1", "dvres", "scale", "dvres2")  # dvres2 is the SDK's
FRAME_RATE_CONVERTERS = ("fps", "fblend", "mcinterpolate", "vfi")  # vfi is the SDK's
POST_PROCESSORS = ("filmgrain",)
CLARITY_BOOSTS = ("none", "marginal", "very_low", "low", "medium", "high", "very_high")

SIZES = {"hd_1080p": (1920, 1080), "uhd_4k": (3840, 2160), "uhd_8k": (7680, 4320)}
FACTORS = {"no_scaling": 1, "2x": 2, "3x": 3, "4x": 4}  # no_scaling is the SDK's
WIDTHS = (16, 7680)
HEIGHTS = (16, 4320)
ASPECTS = ("display", "storage", "16:9", "4:3")

FRAME_RATES = {
    "film_ntsc": Fraction(24000, 1001),
    "film": Fraction(24),
    "video_pal": Fraction(25),
    "video_ntsc": Fraction(30000, 1001),
    "video_hd": Fraction(30),
    "video_pal_fast": Fraction(50),
    "video_ntsc_fast": Fraction(60000, 1001),
    "video_hd_fast": Fraction(60),
    "video_uhd_fast": Fraction(120),  # the SDK's
}
FPS = (0.001, 999.0)
