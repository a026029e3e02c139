"""From staged outputs to published ones: verify all, then copy, the manifest last. May be done again at any point."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from reelworks.core import metrics
from reelworks.core.errors import BadInputError, BadOutputError, LostError
from reelworks.media import s3
from reelworks.media.manifest import NAME as MANIFEST
from reelworks.media.manifest import tool_versions
from reelworks.media.source import source_digest, source_link
from reelworks.pictures.store import pictures_beside
from reelworks.process.current import check_made
from reelworks.process.hold import Hold, held
from reelworks.process.judge import LINK_LIFETIME, Made
from reelworks.process.owner import check_owner
from reelworks.process.plan import ENHANCE, Plan
from reelworks.process.quarantine import release
from reelworks.process.record import Record, RecordJob, read_record, write_record
from reelworks.process.review import Review
from reelworks.process.staging import sweep
from reelworks.recipes import Recipe

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Publisher:
    """Publishes what one run has made; ``made`` is what its tasks have left."""

    client: S3Client
    recipe: Recipe
    plan: Plan
    made: tuple[Made, ...]

    def publish(self) -> str:
        """Verify, publish, and return the manifest's address.

        :raises BadOutputError: an output does not pass; nothing was published.
        :raises BadInputError: the source is another one by now, or what was staged is gone, or not what was verified.
        :raises BusyError: another run publishes there, and does not end.
        """
        run, source = self.plan["run"], self.plan["source"]["url"]
        there = read_record(self.client, self.place)
        jobs = None if there and self._is_done(there) else self._verified(there)
        # Verification may take an hour: all that was true before it is looked at again once nobody else publishes here.
        with held(self.client, self.place, source, run) as hold:
            there, replaced = read_record(self.client, self.place), set(self.plan["replaces"])
            if jobs is not None and not (there and self._is_done(there)):
                replaced |= {*there.keys} if there else set()
                there = self._published(jobs, there, hold)
            self._tidy(there, replaced)
        sweep(self.client, self.place.bucket)
        return str(self.place.joined(MANIFEST))

    def _verified(self, earlier: Record | None) -> list[RecordJob]:
        self._check_current(earlier)
        try:
            return self._review.jobs()
        except (BadInputError, BadOutputError, LostError):
            self._check_current(earlier)  # outputs may have been compared with a source that replaced theirs meanwhile
            raise

    def _published(self, jobs: list[RecordJob], earlier: Record | None, hold: Hold) -> Record:
        self._check_current(earlier)
        record = self._record(jobs)
        hold.renew()  # the whole source has been read for its checksum
        self._withdraw(earlier, record)
        self._copy(record, hold)
        hold.renew()
        clip = self._review.judge.clip()
        encoded = [output for job in jobs if job.name != ENHANCE for output in job.outputs]
        pictures = pictures_beside(
            self.client,
            self.place,
            self.plan["source"],
            [output.model_dump() for output in encoded],
            starts=clip[0] if clip else 0.0,
        )
        hold.renew()
        record = record.model_copy(update={"pictures": pictures})
        write_record(self.client, self.place, record)
        metrics.VIDEOS_PUBLISHED.add()
        log.info("published %d outputs at %s", len(record.keys), self.place)
        return record

    @cached_property
    def _review(self) -> Review:
        return Review(self.client, self.recipe, self.plan, self.made)

    @property
    def place(self) -> s3.S3Url:
        """Where readers look."""
        return s3.S3Url.parse(self.plan["place"])

    def _is_done(self, there: Record) -> bool:
        """Return whether a try that died after the manifest has published all this."""
        if there.run.model_dump() != self.plan["run"]:
            return False
        ids = {made["job"]["id"] for made in self.made}
        return ids <= {job.id for job in there.jobs} and there.recipe.digest == self.plan["recipe"]["digest"]

    def _check_current(self, earlier: Record | None) -> None:
        """See that source and place are as they were when the run began."""
        source = self.plan["source"]
        check_owner(self.client, self.place, source["url"], earlier)
        there = {job.id for job in earlier.jobs} if earlier else set[str]()
        kept = [RecordJob.model_validate(job) for job in self.plan["kept"]]
        if lost := [job.name for job in kept if job.id not in there and not self._is_intact(job)]:
            raise BadInputError(f"{', '.join(lost)}: made anew by another run meanwhile; clear this one from probe on")
        # The newer one has a run of its own, whose outputs must not be replaced by older ones.
        source_link(source["url"], self.client, LINK_LIFETIME, source["etag"])
        check_made(self.client, self.plan, self.made)

    def _is_intact(self, job: RecordJob) -> bool:
        """Look at the bytes: a try that died has taken the manifest away."""
        try:
            found = [s3.digest(self.client, s3.S3Url(self.place.bucket, output.key)) for output in job.outputs]
        except BadInputError:
            return False
        return found == [output.sha256 for output in job.outputs]

    def _record(self, jobs: list[RecordJob]) -> Record:
        keys = [output.key for job in jobs for output in job.outputs]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise BadInputError(
                f"two outputs would be {', '.join(sorted(twice))}: tell them apart with the recipe's naming"
            )
        return Record.model_validate(
            {
                "schema": 2,
                "source": {**self.plan["source"], "sha256": source_digest(self.plan["source"], self.client)},
                "recipe": self.plan["recipe"],
                "run": self.plan["run"],
                "jobs": jobs,
                "amounts": {job.name: job.amount for job in jobs},
                "tools": tool_versions(),
                "timings": {"published": datetime.now(UTC)},
            }
        )

    def _withdraw(self, earlier: Record | None, record: Record) -> None:
        """Take an older manifest away, if it names what is about to be replaced."""
        before = earlier.keys if earlier else {}
        if any(before.get(key, digest) != digest for key, digest in record.keys.items()) or earlier is None:
            s3.delete(self.client, self.place.joined(MANIFEST))

    def _copy(self, record: Record, hold: Hold) -> None:
        made = {each["name"]: each for each in self.made}
        for job in record.jobs:
            staged = {output["name"]: output["url"] for output in made[job.name]["outputs"]} if job.name in made else {}
            for output in job.outputs:
                if output.name in staged:
                    hold.renew()
                    target = s3.S3Url(self.place.bucket, output.key)
                    url = staged[output.name]
                    s3.copy(self.client, s3.S3Url.parse(url), target, etag=self._review.etags[url])

    def _tidy(self, there: Record | None, replaced: set[str]) -> None:
        """Remove what is no longer needed: what was staged, and what no manifest names now."""
        if there and self._is_done(there):
            for key in replaced - {*there.keys}:
                s3.delete(self.client, s3.S3Url(self.place.bucket, key))
            release(self.client, source=self.plan["source"]["url"], destination=self.plan["destination"])
        s3.delete_prefix(self.client, s3.S3Url.parse(self.plan["staging"]))
