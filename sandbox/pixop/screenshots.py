"""A picture of a video, made when it is first asked for."""

from sandbox import media
from sandbox.pixop.context import Context
from sandbox.pixop.errors import not_found
from sandbox.pixop.formats import READ
from sandbox.pixop.records import Video

WIDTHS = {"small": 320, "large": 1280}


async def take(context: Context, video: Video, size: str) -> bytes:
    """Return a JPEG of the first frame; raises RefusedError for what has none."""
    if video.media is None:
        raise not_found("screenshot")
    source = context.ground.state.path / video.media.path
    head = [*READ, "-nostdin", "-i", str(source)]
    try:
        return await media.run(
            "ffmpeg",
            [*head, "-frames:v", "1", "-vf", f"scale={WIDTHS[size]}:-2", "-f", "mjpeg", "-q:v", "3", "pipe:1"],
            seconds=media.PROBE_SECONDS,
        )
    except (media.MediaError, TimeoutError):
        raise not_found("screenshot") from None
