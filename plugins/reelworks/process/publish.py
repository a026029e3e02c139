"""From staged outputs to published ones: verify all, then copy, the manifest last. May be done again at any point."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reelworks.core import metrics
from reelworks.core.errors import BadInputError
from reelworks.media import s3
from reelworks.media.manifest import NAME as MANIFEST
from reelworks.media.manifest import tool_versions
from reelworks.media.source import source_digest, source_link
from reelworks.pictures.store import store_pictures
from reelworks.process.judge import LINK_LIFETIME, Made
from reelworks.process.plan import ENHANCE, Plan
from reelworks.process.quarantine import release
from reelworks.process.record import Record, RecordJob, check_owner, read_record, write_record
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
        :raises BadInputError: the source is another one by now, or what was staged is gone.
        """
        record = read_record(self.client, self.place)
        if record is None or not self._is_done(record):
            record = self._published(record)
        self._tidy(record)
        return str(self.place.joined(MANIFEST))

    def _published(self, earlier: Record | None) -> Record:
        self._check_source(earlier)
        review = Review(self.client, self.recipe, self.plan, self.made)
        record = self._record(review.jobs())
        self._withdraw(earlier, record)
        self._copy(record)
        record = record.model_copy(update={"pictures": self._pictures(record, review.judge.clip())})
        write_record(self.client, self.place, record)
        metrics.VIDEOS_PUBLISHED.add()
        log.info("published %d outputs at %s", len(record.keys), self.place)
        return record

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

    def _check_source(self, earlier: Record | None) -> None:
        source = self.plan["source"]
        check_owner(earlier, source, self.place)
        # The newer one has a run of its own, whose outputs must not be replaced by older ones.
        source_link(source["url"], self.client, LINK_LIFETIME, source["etag"])
        if stray := [made["name"] for made in self.made if not self._is_of(made, source)]:
            raise BadInputError(f"{', '.join(stray)}: made of another {source['url']} than was looked at; start again")

    def _is_of(self, made: Made, source: Mapping[str, Any]) -> bool:
        theirs = made["job"]["source"]
        return bool(theirs["url"] != source["url"] or theirs["etag"] == source["etag"])

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

    def _copy(self, record: Record) -> None:
        made = {each["name"]: each for each in self.made}
        for job in record.jobs:
            staged = {output["name"]: output["url"] for output in made[job.name]["outputs"]} if job.name in made else {}
            for output in job.outputs:
                if output.name in staged:
                    target = s3.S3Url(self.place.bucket, output.key)
                    s3.copy(self.client, s3.S3Url.parse(staged[output.name]), target)

    def _pictures(self, record: Record, clip: tuple[float, float] | None) -> dict[str, str]:
        encoded = [output for job in record.jobs if job.name != ENHANCE for output in job.outputs]
        shown = max(encoded, key=lambda output: output.probe["video"][0]["height"], default=None)
        if shown is None:
            return {}
        source = self.plan["source"]
        links = (
            s3.presign(self.client, s3.S3Url.parse(source["url"]), LINK_LIFETIME, source["version_id"]),
            s3.presign(self.client, s3.S3Url(self.place.bucket, shown.key), LINK_LIFETIME),
        )
        return store_pictures(self.client, self.place, *links, starts=clip[0] if clip else 0.0)

    def _tidy(self, record: Record) -> None:
        # What an earlier recipe had made goes only now that no manifest names it.
        for key in {*self.plan["replaces"]} - {*record.keys}:
            s3.delete(self.client, s3.S3Url(self.place.bucket, key))
        s3.delete_prefix(self.client, s3.S3Url.parse(self.plan["staging"]))
        release(self.client, source=self.plan["source"]["url"], destination=self.plan["destination"])
        sweep(self.client, self.place.bucket)
