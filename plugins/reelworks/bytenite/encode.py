"""One task from a source in S3 to checked renditions in S3, by way of ByteNite."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from reelworks.bytenite import api
from reelworks.bytenite.data import BUCKET, url_source
from reelworks.bytenite.hook import ByteNiteHook
from reelworks.bytenite.jobs import find_job, start_job, wait_for_results
from reelworks.bytenite.presets import ByteNitePreset, match_results
from reelworks.core.claim import Claim
from reelworks.core.flow import Flow
from reelworks.core.jobs import Job, sure_look
from reelworks.core.operator import JobOperator
from reelworks.core.presets import load
from reelworks.media.publish import Delivery
from reelworks.media.s3 import S3Url, s3_client
from reelworks.media.source import Source, check_bucket, open_source, source_link

if TYPE_CHECKING:
    from airflow.sdk import Context
    from types_boto3_s3 import S3Client

DAY = 24 * 3600


class ByteNiteEncodeOperator(JobOperator):
    """Encodes a video and puts its renditions into S3, where they appear only once they are checked.

    ``source`` is ``s3://…`` (ByteNite gets a presigned link, good for ``link_lifetime`` seconds: long enough for its
    queue) or ``https://…``. ``preset`` names a file in ``include/presets/bytenite``. The renditions go below the
    prefix ``destination``. Returns a list of ``{"name", "url", "key", "size", "sha256", "probe"}``, and pushes what
    a manifest wants to know of the job as XCom ``job``. See JobOperator for what happens when something dies.
    """

    hook_class = ByteNiteHook
    template_fields = ("source", "preset", "destination", "aws_conn_id", "conn_id", "template_id")

    def __init__(
        self,
        *,
        source: str,
        preset: str,
        destination: str,
        aws_conn_id: str = "aws_default",
        link_lifetime: int = 2 * DAY,
        template_id: str = api.TEMPLATE,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.preset = preset
        self.destination = destination
        self.aws_conn_id = aws_conn_id
        self.link_lifetime = link_lifetime
        self.template_id = template_id

    @cached_property
    def s3(self) -> S3Client:
        """The S3 client; making one costs a third of a second, so it is made once."""
        return s3_client(self.aws_conn_id)

    def check(self, context: Context) -> dict[str, Any]:
        """Refuse what cannot work: preset, destination and connection first, they cost nothing; then the source."""
        preset = self._preset()
        check_bucket(self.s3, S3Url.parse(self.destination))
        source = open_source(self.source, self.s3, self.link_lifetime)
        self.service.answer(api.get_user())  # a wrong key or address shows before anything is created
        return {"source": source.notes(), "preset": preset.digest, "at": datetime.now(UTC).isoformat()}

    def find(self, claim: Claim) -> Flow[str | None]:
        """Find the job by its name."""
        return find_job(claim.name)

    def create(self, claim: Claim) -> Flow[str]:
        """Create a draft; that is free."""
        return api.create_job(claim.name, self.template_id)

    def start(self, claim: Claim) -> None:
        """Fill in the draft and run it; a job that runs already is left alone."""
        if self.service.answer(sure_look(lambda: api.get_job(str(claim.job_id)))).state != api.NEW:
            return
        # Linked afresh: the link of an earlier try may have died meanwhile.
        link = source_link(self.source, self.s3, self.link_lifetime, claim.notes["source"]["etag"])
        flow = start_job(str(claim.job_id), source=url_source(link), destination=BUCKET, params=self._preset().params())
        self.service.answer(flow)

    def settle(self, job: Job, claim: Claim) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Fetch, check and publish the results."""
        renditions = self._preset().renditions(claim.name)
        results = self.service.answer(wait_for_results(job.id))
        names = match_results(renditions, list(results))
        delivery = Delivery(self.s3, S3Url.parse(self.destination), claim.name)
        source = Source.from_notes(claim.notes["source"])
        outputs = delivery.publish({ours: results[theirs] for ours, theirs in names.items()}, renditions, source.probe)
        return outputs, {
            "service": "bytenite",
            "id": job.id,
            "name": claim.name,
            "amount": job.amount,
            "preset": {"name": self.preset, "digest": claim.notes["preset"]},
            "source": claim.notes["source"],
            "timings": {"submitted": claim.notes["at"], "fetched": datetime.now(UTC).isoformat()},
        }

    def _preset(self) -> ByteNitePreset:
        return load("bytenite", self.preset, ByteNitePreset)
