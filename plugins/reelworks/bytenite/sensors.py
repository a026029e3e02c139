"""Wait for a ByteNite job."""

from __future__ import annotations

from reelworks.bytenite.hook import ByteNiteHook
from reelworks.core.sensor import JobSensor


class ByteNiteJobSensor(JobSensor):
    """Waits until a ByteNite job is complete; see JobSensor."""

    hook_class = ByteNiteHook
