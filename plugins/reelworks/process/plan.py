"""What a run will do: which task makes what of what, what is there already, and where it all goes (all JSON)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from reelworks.core.errors import BadInputError
from reelworks.core.presets import digest_of
from reelworks.media import s3
from reelworks.process.owner import check_owner, reserved
from reelworks.process.place import outputs_place, staging_place
from reelworks.process.record import Record, RecordJob, made_of, read_record
from reelworks.recipes import Encode, Recipe

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from reelworks.media.source import Source

PROBE, ENHANCE, PUBLISH, GROUP = "probe", "enhance", "verify_and_publish", "encode"
SLOTS = (1, 2, 3)
"""Of each service's encodes. As many as a recipe may have: what a recipe does not need is skipped, and never starts."""

Plan: TypeAlias = dict[str, Any]


def slot(service: str, number: int) -> str:
    """Return the id of a service's n-th encode task."""
    return f"{GROUP}.{service}_{number}"


@dataclass(frozen=True)
class Planner:
    """Makes the plan of one run: ``run`` is ``{"dag_id", "run_id"}``."""

    client: S3Client
    recipe: Recipe
    source: Source
    destination: str
    run: dict[str, str]

    def plan(self, *, reserve: bool = True) -> Plan:
        """Return it; unless nothing is to be written, the place is the source's from now on.

        :raises BadInputError: the outputs have no place of their own.
        """
        place = outputs_place(self.destination, s3.S3Url.parse(self.source.url), self.recipe.name)
        if reserve:
            record = reserved(self.client, place, self.source.url)
        else:
            record = read_record(self.client, place)
            check_owner(self.client, place, self.source.url, record)
        kept = self._kept(record)
        return {
            "place": str(place),
            "staging": str(self._staging),
            "destination": self.destination,
            "source": self.source.notes(),
            "recipe": recipe_facts(self.recipe),
            "run": self.run,
            "work": dict(self._work(kept, place)),
            "kept": [job.model_dump(mode="json") for job in kept.values()],
            "gates": record.recipe.gates if record else None,
            "replaces": sorted(record.keys) if record else [],
        }

    @property
    def _staging(self) -> s3.S3Url:
        return staging_place(self.destination, **self.run)

    def _work(self, kept: Mapping[str, RecordJob], place: s3.S3Url) -> Iterator[tuple[str, dict[str, Any]]]:
        encodes = [encode for encode in self.recipe.encodes if encode.name not in kept]
        enhance, there = self.recipe.enhance, kept.get(ENHANCE)
        if enhance and not there and (encodes or enhance.publish):
            preset = {"preset": enhance.preset, "preview_seconds": enhance.preview_seconds}
            yield ENHANCE, {**self._told(ENHANCE, "pixop"), **preset, "source": self.source.url}
        source = self.source.url if not enhance else None
        if there and there.outputs:
            source = str(s3.S3Url(place.bucket, there.outputs[0].key))
        numbers = {"bytenite": iter(SLOTS), "openencoder": iter(SLOTS)}
        for encode in encodes:
            told = {**self._told(encode.name, encode.service), "preset": encode.preset, "source": source}
            yield slot(encode.service, next(numbers[encode.service])), told

    def _told(self, name: str, service: str) -> dict[str, Any]:
        return {
            "name": name,
            "service": service,
            "made": made(self.recipe, name),
            "destination": str(self._staging.joined(name if name == ENHANCE else f"{GROUP}/{name}")),
            "preview_seconds": None,
            "keep_remote": self.recipe.keep_remote,
        }

    def _kept(self, record: Record | None) -> dict[str, RecordJob]:
        """Return by name what need not be made again. What this very run published is: it was cleared on purpose."""
        if record is None or record.run.model_dump() == self.run or not self._same_source(record):
            return {}
        names = [*([ENHANCE] if self.recipe.enhance else []), *(encode.name for encode in self.recipe.encodes)]
        jobs = {job.name: job for job in record.jobs}
        return {
            name: jobs[name]
            for name in names
            if name in jobs and jobs[name].made == made(self.recipe, name) and self._is_there(record, jobs[name])
        }

    def _same_source(self, record: Record) -> bool:
        """Compare the bytes: the same video uploaded once more is no other."""
        then, now = record.source, self.source
        if then.size != now.size:
            return False
        if then.etag == now.etag:
            return True
        return then.sha256 == s3.digest(self.client, s3.S3Url.parse(now.url), now.version_id)

    def _is_there(self, record: Record, job: RecordJob) -> bool:
        bucket = s3.S3Url.parse(self.destination).bucket
        try:
            found = [s3.stat(self.client, s3.S3Url(bucket, output.key)).size for output in job.outputs]
        except BadInputError:
            return False
        named = self._named(job)
        return bool(found) and named and found == [output.size for output in job.outputs]

    def _named(self, job: RecordJob) -> bool:
        """Return whether the outputs are called as the recipe calls them by now."""
        if job.name == ENHANCE and not (self.recipe.enhance and self.recipe.enhance.publish):
            return False
        stem = s3.S3Url.parse(self.source.url).stem
        encode = "enhanced" if job.name == ENHANCE else job.name
        return all(
            output.key.endswith(f"/{self.recipe.file_name(source=stem, encode=encode, made=output.name)}")
            for output in job.outputs
        )


def made(recipe: Recipe, name: str) -> str:
    """Give the digest of what the recipe's part of this name makes, of a given source."""
    enhanced = None
    if recipe.enhance:
        digest = recipe.preset(recipe.enhance).digest
        enhanced = made_of(service="pixop", preset=digest, clip=recipe.enhance.preview_seconds)
    if name == ENHANCE and enhanced:
        return enhanced
    encode: Encode = next(encode for encode in recipe.encodes if encode.name == name)
    return made_of(service=encode.service, preset=recipe.preset(encode).digest, enhanced=enhanced)


def recipe_facts(recipe: Recipe) -> dict[str, str]:
    """Give what the manifest says of the recipe; with the same gates, what was verified stays so."""
    gates = digest_of(recipe.gates.model_dump(mode="json"))
    return {"name": recipe.name, "digest": recipe.digest, "gates": gates}


def plan_of(instance: Any) -> Plan:
    """Return what ``probe`` has planned for the run of a task."""
    plan: Plan = instance.xcom_pull(task_ids=PROBE, key="plan")
    return plan


def work(instance: Any) -> dict[str, Any]:
    """Return what the plan tells a task, for its template; ``source`` is the enhanced video's address where it has to.

    :raises BadInputError: there is no plan for it: its run was cleared from behind ``probe``.
    """
    told = plan_of(instance)["work"].get(instance.task_id)
    if told is None:
        raise BadInputError(f"the plan has no work for {instance.task_id}: clear probe, too")
    return sourced(instance, told)


def sourced(instance: Any, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the plan tells some task, with the enhanced video's address as ``source`` where it has to be."""
    return {**told, "source": told["source"] or instance.xcom_pull(task_ids=ENHANCE)[0]["url"]}
