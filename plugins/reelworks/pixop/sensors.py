"""Wait for an ingest or a processing at Pixop."""

from __future__ import annotations

from typing import Any

from reelworks.core.sensor import JobSensor
from reelworks.pixop.hook import PixopHook


class PixopIngestSensor(JobSensor):
    """Waits until an uploaded video is ingested; see JobSensor. ``video_id`` is the original's."""

    hook_class = PixopHook
    template_fields = ("video_id", *JobSensor.template_fields)

    def __init__(self, *, video_id: str, **kwargs: Any) -> None:
        super().__init__(job_id=video_id, **kwargs)
        self.video_id = video_id  # as it was given: Airflow sees by it which task it comes from


class PixopProcessingSensor(JobSensor):
    """Waits until a processing is done; see JobSensor. ``video_id`` is of the video that it makes."""

    hook_class = PixopHook
    template_fields = ("video_id", *JobSensor.template_fields)

    def __init__(self, *, video_id: str, **kwargs: Any) -> None:
        super().__init__(job_id=f"/{video_id}", **kwargs)
        self.video_id = video_id
