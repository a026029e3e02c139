"""Operators that bring a video's bytes to Pixop and back, from and to S3 or a local file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from reelworks.media.outgoing import outgoing
from reelworks.media.s3 import S3Url, s3_client
from reelworks.pixop.sending import send_once
from reelworks.pixop.steps import PixopVideoStepOperator
from reelworks.pixop.transfer import download_video

if TYPE_CHECKING:
    from airflow.sdk import Context
    from types_boto3_s3 import S3Client


class PixopTransferStepOperator(PixopVideoStepOperator):
    """A step that moves bytes; ``aws_conn_id`` is only asked for what lies in S3."""

    def __init__(self, *, aws_conn_id: str = "aws_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.aws_conn_id = aws_conn_id

    def client_for(self, place: str) -> S3Client | None:
        """Return a client where one is needed."""
        return s3_client(self.aws_conn_id) if "://" in place else None


class PixopUploadOperator(PixopTransferStepOperator):
    """Sends ``source``, ``s3://bucket/key`` or a file's path, as the original of a video; returns the video's id.

    Pixop begins to ingest it at once: wait for that with PixopIngestSensor. ``light`` has only the metadata read: no
    thumbnails, no web video, no quality assessment. An upload that has arrived is not sent again.
    """

    template_fields = ("video_id", "source", "aws_conn_id", "conn_id")

    def __init__(self, *, source: str, light: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.light = light

    def step(self, context: Context) -> str:
        """Send it, unless it has arrived."""
        client = self.client_for(self.source)
        size = outgoing(self.source, client).size
        send_once(self.service, self.video_id, self.source, client, size=size, light=self.light)
        return self.video_id


class PixopDownloadOperator(PixopTransferStepOperator):
    """Fetches what a processing made to ``destination``, ``s3://bucket/key`` or a file's path.

    ``original`` fetches what was uploaded instead. It appears whole or not at all, but is not looked into: the fused
    operator checks that it is what the preset promises. Returns ``{"url", "size", "sha256"}``, the size in bytes.
    """

    template_fields = ("video_id", "destination", "aws_conn_id", "conn_id")

    def __init__(self, *, destination: str, original: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.destination = destination
        self.original = original

    def step(self, context: Context) -> dict[str, Any]:
        """Fetch it; doing so twice does no harm."""
        client = self.client_for(self.destination)
        target = S3Url.parse(self.destination) if client else Path(self.destination)
        stored = download_video(self.service, self.video_id, target, client, original=self.original)
        return {"url": str(target), "size": stored.size, "sha256": stored.sha256}
