"""A request to process becomes a job with a price."""

import math
from fractions import Fraction
from typing import Any

from sandbox.pixop.errors import bad_request
from sandbox.pixop.records import Job, Video
from sandbox.pixop.request import BadRequestError, read_request
from sandbox.pixop.settings import Settings


def take_order(sent: dict[str, Any], source: Video, settings: Settings) -> Job:
    """Return the job that a body asks for; raises RefusedError with the rule that it breaks."""
    try:
        order = read_request(sent, source.metadata or {})
    except BadRequestError as error:
        raise bad_request(str(error)) from None
    frames = max(1, math.ceil(order.seconds * Fraction(order.fps)))
    megapixels = order.width * order.height / 1e6
    return Job(
        order=order.to_json(),
        parameters=order.as_parameters(),
        instant=settings.instant,
        frames=frames,
        seconds=order.seconds,
        amount=frames * megapixels * settings.price_per_megapixel_frame,
        source_name=source.name,
    )
