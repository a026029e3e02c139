"""From an order to the arguments of ffmpeg's encoder and muxer."""

from sandbox.pixop.codecs import XDCAM_BITRATE
from sandbox.pixop.order import Order
from sandbox.pixop.values import PRORES_PROFILES

MUXERS = {"mov": "mov", "mxf": "mxf", "mp4": "mp4", "mts": "mpegts"}
# Fast rather than small: the sandbox runs on a laptop.
ENCODERS = {
    "h264": ["-c:v", "libx264", "-preset", "veryfast"],
    "hevc": ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"],
    "prores": ["-c:v", "prores_ks", "-vendor", "apl0"],
    "dnxhd": ["-c:v", "dnxhd"],
    "mpeg2": ["-c:v", "mpeg2video", "-g", "12", "-bf", "2"],
    "xdcam": ["-c:v", "mpeg2video", "-g", "12", "-bf", "2", "-dc", "10", "-non_linear_quant", "1", "-qmax", "28"],
    "ffv1": ["-c:v", "ffv1", "-level", "3", "-slices", "4", "-slicecrc", "1"],
}
FIELDS = {"h264": "+ildct+ilme", "mpeg2": "+ildct+ilme", "xdcam": "+ildct+ilme", "prores": "+ildct", "dnxhd": "+ildct"}
# A transport stream has no free text of its own; its service's name comes nearest.
NOTE_TAGS = {"mov": "comment", "mp4": "comment", "mxf": "comment_sandbox", "mts": "service_name"}


def encoder_arguments(order: Order) -> list[str]:
    """Return the picture's options."""
    chosen = list(ENCODERS[order.codec])
    if order.codec == "prores":
        chosen += ["-profile:v", str(PRORES_PROFILES.index(order.profile or "hq"))]
    if order.codec == "dnxhd":
        chosen += ["-profile:v", _dnx_profile(order.profile or "")]
    if order.codec == "hevc" and order.container in ("mov", "mp4"):
        chosen += ["-tag:v", "hvc1"]  # Apple's players show nothing else
    if order.interlaced and order.codec in FIELDS:
        chosen += ["-flags:v", FIELDS[order.codec]]
    if order.codec == "xdcam":
        rate = str(XDCAM_BITRATE)
        # 4:2:2 Profile at High Level, for which ffmpeg has numbers only.
        chosen += ["-profile:v", "0", "-level:v", "2", "-minrate", rate, "-maxrate", rate, "-bufsize", "36M"]
    return chosen + (["-b:v", str(order.bitrate)] if order.bitrate else [])


def _dnx_profile(profile: str) -> str:
    """Return ffmpeg's name: of DNxHD it tells the variant by pixel format and bit rate, and 4:4:4 it cannot make."""
    if profile == "dnxhd_444":
        return "dnxhr_444"
    return profile if profile.startswith("dnxhr") else "dnxhd"


def muxer_arguments(order: Order) -> list[str]:
    """Return the container's options, and the note of what was done."""
    chosen = ["-f", MUXERS[order.container], "-metadata", f"{NOTE_TAGS[order.container]}={note(order)}"]
    if order.container in ("mov", "mp4"):
        chosen += ["-movflags", "+faststart"]
    return chosen


def note(order: Order) -> str:
    """Return in one sentence what took the place of Pixop's own methods."""
    stand_ins = [f"{step.name} is {step.stand_in}" for step in order.steps if step.stand_in]
    said = "; ".join([*stand_ins, *order.shortfalls]) or "no stand-ins"
    # A service name is at most 255 bytes.
    return f"Reelworks sandbox, not Pixop: {said}"[:250]
