"""The processing itself: one run of ffmpeg that does what an order says."""

import asyncio
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from sandbox import media
from sandbox.pixop.encoders import encoder_arguments, muxer_arguments
from sandbox.pixop.formats import READ
from sandbox.pixop.order import Order
from sandbox.pixop.sound import sound_arguments

# Transport streams have no index: what a seek finds may lie behind the place it was to find.
LEAD_MS = 10_000
CHECK_SECONDS = 60.0


class EnhanceError(Exception):
    """ffmpeg could not do what was ordered; the text is what it said, without paths."""


def file_suffix(order: Order) -> str:
    """Return the ending of the output's name, such as `.mov`."""
    return f".{order.container}"


async def enhance(order: Order, source: Path, target: Path, on_progress: Callable[[float], None]) -> None:
    """Make the output, telling `on_progress` how many percent are done. Raises EnhanceError.

    Nothing is at `target` before all of it is there; when the caller is cancelled, ffmpeg ends with it.
    """
    draft = target.with_name(f"{target.name}.part")
    try:
        command = await _command(order, source)
        await media.encode([*command, str(draft)], on_time=lambda made: on_progress(_percent(made, order.seconds)))
        await _check(draft, order)
        await asyncio.to_thread(draft.rename, target)
    except (media.MediaError, OSError, TimeoutError) as error:
        message = str(error).replace(str(draft), "the output").replace(str(source), "the source")
        raise EnhanceError(message or "ffprobe took too long") from error
    finally:
        draft.unlink(missing_ok=True)
    on_progress(100.0)


async def _check(made: Path, order: Order) -> None:
    """Raise MediaError for a file without a picture, which ffmpeg thinks no failure."""
    command = [*READ, "-select_streams", "V:0", "-read_intervals", "%+#1", "-show_entries", "packet=size"]
    if not await media.run("ffprobe", [*command, "-of", "csv=p=0", str(made)], seconds=CHECK_SECONDS):
        raise media.MediaError(f"the source has no picture between {order.start_ms} and {order.end_ms} ms")


def _percent(made: float, whole: float) -> float:
    return round(min(99.0, max(0.0, 100 * made / whole)), 1) if whole else 0.0


async def _command(order: Order, source: Path) -> list[str]:
    seek, sound_trim, picture_trim = _cuts(order)
    sound = await sound_arguments(order, source, trim=sound_trim)
    return [
        *["-y", *READ, "-nostdin", *seek, "-i", str(source)],
        *["-map", "0:V:0", "-vf", ",".join([*picture_trim, *_graph(order)])],
        *encoder_arguments(order),
        *_frame_limit(order),
        *sound,
        *["-sn", "-dn", "-map_chapters", "-1"],
        *["-fps_mode:v", "cfr" if order.container == "mxf" else "vfr"],
        *muxer_arguments(order),
    ]


def _cuts(order: Order) -> tuple[list[str], str | None, list[str]]:
    """Return the seek, and the trims of sound and picture that make it exact."""
    if not order.clip:
        return [], None, []
    seek = max(0, order.start_ms - LEAD_MS)
    start, end = (order.start_ms - seek) / 1000, (order.end_ms - seek) / 1000
    # Both are moved by the same amount: the first picture may come after the first sound.
    sound = f"atrim=start={start}:end={end},asetpts=PTS-{start}/TB"
    picture = [f"trim=start={start}:end={end}", f"setpts=PTS-{start}/TB"]
    return ["-ss", f"{seek / 1000}"], sound, picture


def _frame_limit(order: Order) -> list[str]:
    """Return how many pictures are right when a converter made them up: interpolation runs past the end."""
    invented = any(step.kind == "frameRateConverter" and step.name != "fps" for step in order.steps)
    if not invented or not order.seconds:
        return []
    return ["-frames:v", str(max(1, math.ceil(order.seconds * float(Fraction(order.fps)) - 0.05)))]


def _graph(order: Order) -> list[str]:
    marks = order.interlaced or "prog"
    return [
        *(step.graph for step in order.steps),
        f"setfield={marks}",
        f"setsar={order.sample_aspect.replace(':', '/')}:max=65535",
        f"format={order.pixel_format}",
    ]
