"""Wait for an Open Encoder job."""

from __future__ import annotations

from reelworks.core.sensor import JobSensor
from reelworks.openencoder.hook import OpenEncoderHook


class OpenEncoderJobSensor(JobSensor):
    """Waits until an Open Encoder job is completed; see JobSensor.

    "completed" is the server's word, which it also says when the upload failed: look for the output in S3.
    """

    hook_class = OpenEncoderHook
