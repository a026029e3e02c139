"""One task from a source in S3 to an enhanced video in S3, by way of Pixop."""

from __future__ import annotations

import math
import posixpath
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from reelworks.core.claim import Claim
from reelworks.core.errors import BadInputError, BusyError, OverdueError, UnreachableError
from reelworks.core.flow import Flow
from reelworks.core.jobs import Job
from reelworks.core.operator import JobOperator
from reelworks.core.presets import Rendition, load
from reelworks.media import s3
from reelworks.media.publish import Delivery
from reelworks.media.source import Source, check_bucket, open_source, source_link
from reelworks.pixop import api
from reelworks.pixop.hook import PixopHook
from reelworks.pixop.jobs import find_processing, find_video, landed, parts, remove_video, send_processing
from reelworks.pixop.presets import PixopPreset
from reelworks.pixop.projects import find_project
from reelworks.pixop.sending import send_once
from reelworks.pixop.transfer import fetch_video, file_name

if TYPE_CHECKING:
    from airflow.sdk import Context

LINK_LIFETIME = 3600
MOST_SECONDS = 3600
SENT = "processing sent"


class PixopEnhanceOperator(JobOperator):
    """Enhances a video with Pixop and puts the result into S3, where it appears once it is checked.

    ``source`` is ``s3://…``; ``preset`` a file in ``include/presets/pixop``. The result is called like the preset and
    goes below the prefix ``destination``. ``project`` is the name or id of one that exists. With ``preview_seconds``
    only a clip of that length out of the middle is processed and paid for.

    The videos at Pixop are deleted once all is safe in S3, unless ``keep_remote``; then they are ingested in full, for
    people to look at there. A retry goes on where the earlier try stood: an upload that has arrived is not sent
    again, and processing is started once. Returns a list of ``{"name", "url", "key", "size", "sha256", "probe"}``,
    and pushes what a manifest wants to know as XCom ``job``. See JobOperator for what happens when something dies.
    """

    hook_class = PixopHook
    ingest_patience: ClassVar[float] = 600.0
    """Seconds. A light ingest takes some fifteen; to defer for it would cost a task start more than the wait is worth,
    and a recipe counts on two starts."""
    template_fields = ("source", "preset", "destination", "project", "preview_seconds", "aws_conn_id", "conn_id")

    def __init__(
        self,
        *,
        source: str,
        preset: str,
        destination: str,
        project: str | None = None,
        preview_seconds: float | str | None = None,
        keep_remote: bool = False,
        aws_conn_id: str = "aws_default",
        deadline: float = 24 * 3600.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(deadline=deadline, **kwargs)
        self.source = source
        self.preset = preset
        self.destination = destination
        self.project = project
        self.preview_seconds = preview_seconds
        self.keep_remote = keep_remote
        self.aws_conn_id = aws_conn_id

    def check(self, context: Context) -> dict[str, Any]:
        """Refuse what cannot work: preset, destination, project, and last the source, which is decoded."""
        preset = load("pixop", self.preset, PixopPreset)
        seconds = preview_length(self.preview_seconds)
        client, destination = s3.s3_client(self.aws_conn_id), s3.S3Url.parse(self.destination)
        check_bucket(client, destination)
        # Both sign in: a wrong password or team is told before anything is stored.
        project = self.service.answer(find_project(self.project) if self.project else self._signed_in())
        s3.S3Url.parse(self.source)  # it is this machine that sends it: from a web server it would pass here twice
        source = open_source(self.source, client, LINK_LIFETIME)
        clip = preset.preview_ms(seconds, source.probe) if seconds else None
        preset.fits(source.probe, clip)
        rendition = preset.rendition(source.probe, clip)
        destination.joined(rendition.name)
        return {
            "source": source.notes(),
            "preset": preset.digest,
            "rendition": asdict(rendition),
            "body": preset.body(clip),
            "starts": preset.span_ms(clip)[0] / 1000,
            "project": project,
            "at": datetime.now(UTC).isoformat(),
        }

    def find(self, claim: Claim) -> Flow[str | None]:
        """Find the video by its name, which is the claim's."""
        return find_video(claim.name, claim.notes["project"])

    def create(self, claim: Claim) -> Flow[str]:
        """Make the video item, which costs nothing yet."""
        return api.create_video(claim.name, claim.notes["project"])

    def start(self, claim: Claim) -> None:
        """Send the source, unless it has arrived; Pixop ingests it at once.

        :raises BadInputError: it was replaced or removed since it was checked.
        """
        video, processed = parts(str(claim.job_id))
        if processed:
            return
        source, client = Source.from_notes(claim.notes["source"]), s3.s3_client(self.aws_conn_id)

        def unchanged() -> None:
            source_link(source.url, client, LINK_LIFETIME, source.etag)

        send_once(
            self.service, video, source.url, client, size=source.size, light=not self.keep_remote, before_each=unchanged
        )

    def advance(self, job: Job, claim: Claim) -> str | None:
        """Start the processing of the ingested video: this is the call that costs money."""
        video, processed = parts(str(claim.job_id))
        if processed:
            return None
        if time.time() >= claim.deadline and not self.service.answer(find_processing(video)):
            # It would be paid for, and deleted at once.
            raise OverdueError(f"video {video} is ingested, and its deadline has passed")
        return f"{video}/{self._begun(video, claim)}"

    def is_last(self, claim: Claim) -> bool:
        """Say whether it is the processing."""
        return bool(parts(str(claim.job_id))[1])

    def patience_with(self, claim: Claim) -> float:
        """Wait for a light ingest in place, as the upload before it was."""
        _, processed = parts(str(claim.job_id))
        # A full one takes what it takes; and what never waits in place does not here either.
        light = not processed and not self.keep_remote and self.patience > 0
        return self.ingest_patience if light else self.patience

    def revive(self, job: Job, claim: Claim) -> Claim | None:
        """Process again what failed in processing: the upload is there already."""
        video, processed = parts(str(claim.job_id))
        if not processed:
            return None
        self.service.answer(remove_video(processed))
        return claim.with_job(video)

    def settle(self, job: Job, claim: Claim) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Download the result, check it, and publish it."""
        _, processed = parts(str(claim.job_id))
        rendition = Rendition(**claim.notes["rendition"])
        delivery = Delivery(s3.s3_client(self.aws_conn_id), s3.S3Url.parse(self.destination), claim.name)
        if rendition.container is None:
            stem = rendition.name.rpartition(".")[0]
            rendition = replace(rendition, name=f"{stem}.{self._suffix(processed)}")
        made = {rendition.name: fetch_video(self.service, processed)}
        outputs = delivery.publish(made, [rendition], Source.from_notes(claim.notes["source"]).probe)
        return outputs, self._facts(job, claim)

    def tidy(self, claim: Claim) -> None:
        """Delete the videos at Pixop, unless they were to be kept and are whole."""
        if claim.job_id and not (self.keep_remote and claim.done):
            self.service.answer(remove_video(parts(str(claim.job_id))[0]))

    def keeps(self) -> bool:
        """Say whether the videos stay at Pixop."""
        return bool(self.keep_remote)

    def _begun(self, video: str, claim: Claim) -> str:
        """Start the processing; where nothing was made, it is sent once more."""
        found = self.service.answer(landed(video, sent=self.recalled(SENT) or 0.0))
        try:
            return found or self._sent(video, claim)
        except (UnreachableError, BusyError) as error:
            self.log.warning("%s, and nothing was made: starting it again", error)
            return self._sent(video, claim)

    def _sent(self, video: str, claim: Claim) -> str:
        self.remember(claim, {SENT: time.time()})  # or the next try would not know that it may be on its way
        return self.service.answer(send_processing(video, claim.notes["body"]))

    def _signed_in(self) -> Flow[None]:
        yield from self.service.ping()

    def _suffix(self, processed: str) -> str:
        """Return the suffix of a file whose container Pixop chose."""
        return posixpath.splitext(self.service.answer(file_name(processed)))[1].lstrip(".").lower() or "mov"

    def _facts(self, job: Job, claim: Claim) -> dict[str, Any]:
        return {
            "service": "pixop",
            "id": parts(job.id)[1],
            "name": claim.name,
            "amount": None,  # this version of the API tells no prices
            "preset": {"name": self.preset, "digest": claim.notes["preset"]},
            "source": claim.notes["source"],
            "starts": claim.notes.get("starts", 0.0),  # seconds into the source
            "timings": {"submitted": claim.notes["at"], "fetched": datetime.now(UTC).isoformat()},
        }


def preview_length(given: float | str | None) -> float | None:
    """Read the seconds of a preview; a template renders them as text, and "None" or nothing as none.

    :raises BadInputError: not a number of seconds.
    """
    if given is None or str(given).strip() in ("", "None", "0"):
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 1 <= seconds <= MOST_SECONDS:
        raise BadInputError(f"preview_seconds is {given!r}: give a number of seconds from 1 to {MOST_SECONDS}, or none")
    return seconds
