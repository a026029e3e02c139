"""One task from a source in S3 to a checked output in S3, by way of one's own Open Encoder."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reelworks.core.claim import Claim
from reelworks.core.errors import BadInputError, NothingMadeError
from reelworks.core.flow import Flow
from reelworks.core.jobs import Job
from reelworks.core.operator import JobOperator
from reelworks.core.presets import PresetFolder, Rendition, load
from reelworks.media import s3
from reelworks.media.publish import Delivery
from reelworks.media.source import Source, check_bucket, open_source, source_link
from reelworks.media.transfer import fetch_to_s3
from reelworks.openencoder import api
from reelworks.openencoder.address import copied_source, is_plain, job_folder, key_address
from reelworks.openencoder.fleet import price_of
from reelworks.openencoder.hook import OpenEncoderHook
from reelworks.openencoder.jobs import find_job, newest_id
from reelworks.openencoder.library import find_preset
from reelworks.openencoder.presets import OpenEncoderPreset

if TYPE_CHECKING:
    from airflow.sdk import Context

LINK_LIFETIME = 6 * 3600


class OpenEncoderEncodeOperator(JobOperator):
    """Encodes a video on an Open Encoder server and puts its output into S3, where it appears once it is checked.

    ``source`` is ``s3://…`` or ``https://…``; what does not lie plainly in the server's inbound bucket is copied there
    first, and removed afterwards. ``preset`` is one of the server's; a file of that name in
    ``include/presets/openencoder`` has to agree with it. The output goes below the prefix ``destination``: copied
    inside S3 where ``aws_conn_id`` is also the server's, and by way of the worker otherwise.

    ``stall`` is for how many seconds the job may stand still (no change of state, progress or speed, and none of the
    jobs ahead of it while it waits): a job whose source is missing or whose worker is gone never ends by itself.
    Returns a list of ``{"name", "url", "key", "size", "sha256", "probe"}``, and pushes what a manifest wants to know
    of the job as XCom ``job``; its ``amount`` is what one machine costs in that time, in dollars, where machines are
    rented. See JobOperator for what happens when something dies.
    """

    hook_class = OpenEncoderHook
    template_fields = ("source", "preset", "destination", "aws_conn_id", "conn_id")

    def __init__(
        self,
        *,
        source: str,
        preset: str,
        destination: str,
        aws_conn_id: str = "aws_default",
        stall: float | None = 1800.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.preset = preset
        self.destination = destination
        self.aws_conn_id = aws_conn_id
        self.stall = stall

    def check(self, context: Context) -> dict[str, Any]:
        """Refuse what cannot work: the preset on the server, the buckets, and last the source, which is decoded."""
        preset = self.service.answer(find_preset(self.preset))
        self._agrees(preset)
        client, buckets = s3.s3_client(self.aws_conn_id), self._server.buckets()
        destination = s3.S3Url.parse(self.destination)
        destination.joined(preset.output)
        check_bucket(client, destination)
        theirs = s3.s3_client(buckets.aws_conn_id)
        for bucket in (buckets.inbound, buckets.outbound):
            check_bucket(theirs, s3.S3Url(bucket, ""))  # a server without its outbound bucket says "completed", too
        source = open_source(self.source, client, LINK_LIFETIME)
        return {
            "source": source.notes(),
            "preset": preset.digest,
            "rendition": asdict(preset.rendition()),
            "keeps_duration": preset.keeps_duration(),
            "buckets": asdict(buckets),
            "newest": self.service.answer(newest_id()),
            "at": datetime.now(UTC).isoformat(),
        }

    def prepare(self, claim: Claim) -> None:
        """See that the source is still the one that was checked; copy it into the inbound bucket, unless it is there.

        :raises BadInputError: it was replaced or removed since.
        """
        client, buckets = s3.s3_client(self.aws_conn_id), claim.notes["buckets"]
        link = source_link(self.source, client, LINK_LIFETIME, claim.notes["source"]["etag"])
        if self._plain_key(claim) is not None:
            return
        target = s3.S3Url(buckets["inbound"], copied_source(claim.name, self.source))
        theirs = s3.s3_client(buckets["aws_conn_id"])
        self.log.info("copying %s to %s", claim.notes["source"]["url"], target)
        if self._on_one_s3(claim) and self.source.startswith("s3://"):
            s3.copy(client, s3.S3Url.parse(self.source), target, etag=claim.notes["source"]["etag"])
        else:
            fetch_to_s3(link, theirs, target)

    def find(self, claim: Claim) -> Flow[str | None]:
        """Find the job by where it writes, which bears the claim's name."""
        return find_job(key_address(job_folder(claim.name)), claim.notes["newest"])

    def create(self, claim: Claim) -> Flow[str]:
        """Create the job, which is queued at once: this is the call that costs money."""
        key = self._plain_key(claim) or copied_source(claim.name, self.source)
        return api.create_job(self.preset, key_address(key), key_address(job_folder(claim.name)))

    def start(self, claim: Claim) -> None:
        """Do nothing: a job that is created runs."""

    def settle(self, job: Job, claim: Claim) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """See that there is an output, check it, and publish it."""
        rendition, buckets = Rendition(**claim.notes["rendition"]), claim.notes["buckets"]
        made = s3.S3Url(buckets["outbound"], job_folder(claim.name) + rendition.name)
        theirs = s3.s3_client(buckets["aws_conn_id"])
        if not s3.is_there(theirs, made):
            raise NothingMadeError(f"{job}, but there is no {made}: the server tells of no failed upload")
        if not s3.stat(theirs, made).size:
            raise NothingMadeError(f"{job}, but {made} is empty")
        here: str | s3.S3Url = made if self._on_one_s3(claim) else s3.presign(theirs, made, LINK_LIFETIME)
        source = Source.from_notes(claim.notes["source"])
        delivery = Delivery(s3.s3_client(self.aws_conn_id), s3.S3Url.parse(self.destination), claim.name)
        probe = source.probe if claim.notes["keeps_duration"] else None
        outputs = delivery.publish({rendition.name: here}, [rendition], probe)
        return outputs, self._facts(job, claim)

    def tidy(self, claim: Claim) -> None:
        """Remove the copied source and what the job wrote to the outbound bucket."""
        buckets = claim.notes["buckets"]
        theirs = s3.s3_client(buckets["aws_conn_id"])
        if self._plain_key(claim) is None:
            s3.delete(theirs, s3.S3Url(buckets["inbound"], copied_source(claim.name, self.source)))
        s3.delete_prefix(theirs, s3.S3Url(buckets["outbound"], job_folder(claim.name)))

    @property
    def _server(self) -> OpenEncoderHook:
        hook = self.service
        assert isinstance(hook, OpenEncoderHook)  # noqa: S101 - hook_class says so
        return hook

    def _agrees(self, preset: OpenEncoderPreset) -> None:
        """See that a file of the preset's name says what the server has."""
        if self.preset not in PresetFolder("openencoder").names():
            return
        fields = [f for f in load("openencoder", self.preset, OpenEncoderPreset).differences(preset) if f in MATTERS]
        if fields:
            raise BadInputError(
                f"the preset {self.preset!r} has another {' and '.join(fields)} on the server than in its file: "
                "run the DAG sync_presets"
            )

    def _on_one_s3(self, claim: Claim) -> bool:
        return bool(claim.notes["buckets"]["aws_conn_id"] == self.aws_conn_id)

    def _plain_key(self, claim: Claim) -> str | None:
        """Return the source's key if the server can read it where it lies."""
        if not self.source.startswith("s3://") or not self._on_one_s3(claim):
            return None
        url = s3.S3Url.parse(self.source)
        return url.key if url.bucket == claim.notes["buckets"]["inbound"] and is_plain(url.key) else None

    def _facts(self, job: Job, claim: Claim) -> dict[str, Any]:
        now, submitted = datetime.now(UTC), datetime.fromisoformat(claim.notes["at"])
        return {
            "service": "openencoder",
            "id": job.id,
            "name": claim.name,
            "amount": self.service.answer(price_of((now - submitted).total_seconds())),
            "preset": {"name": self.preset, "digest": claim.notes["preset"]},
            "source": claim.notes["source"],
            "timings": {"submitted": submitted.isoformat(), "fetched": now.isoformat()},
        }


MATTERS = ("data", "output")
"""What of a preset makes a difference to what comes out."""
