"""From what the tasks have left to what the manifest says of it: verified, and with the names that readers will see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reelworks.core import metrics
from reelworks.core.errors import BadOutputError
from reelworks.media import s3
from reelworks.process.judge import Judge, Made
from reelworks.process.plan import ENHANCE, Plan
from reelworks.process.record import RecordJob
from reelworks.recipes import Recipe

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@dataclass
class Review:
    """Of one run: what its tasks have made, and what was there already and is kept."""

    client: S3Client
    recipe: Recipe
    plan: Plan
    made: tuple[Made, ...]

    def __post_init__(self) -> None:
        self._kept = [RecordJob.model_validate(job) for job in self.plan["kept"]]
        made = [*self.made, *map(self._as_made, self._kept)]
        enhanced = next((str(each["outputs"][0]["url"]) for each in made if each["name"] == ENHANCE), None)
        self.judge = Judge(self.client, self.recipe, self.plan, enhanced)
        self.etags: dict[str, str] = {}
        """Of what is verified, by its address: nothing else may be published."""
        self._faults: list[str] = []

    def jobs(self) -> list[RecordJob]:
        """Verify all; what is kept only if the gates have changed since.

        :raises BadOutputError: some output does not pass; names each fault, and where the outputs lie.
        :raises BadInputError: one is gone.
        """
        outputs = [output["url"] for made in self.made for output in made["outputs"]]
        self.etags = {url: s3.stat(self.client, s3.S3Url.parse(url)).etag for url in outputs}
        jobs = [self._job(made, self._verdicts(made)) for made in self.made]
        same = self.plan["gates"] == self.plan["recipe"]["gates"]
        jobs += [job if same else self._again(job) for job in self._kept]
        if self._faults:
            raise BadOutputError(f"nothing was published, see {self.plan['staging']}: {'; '.join(self._faults)}")
        return jobs

    @property
    def place(self) -> s3.S3Url:
        """Where readers look."""
        return s3.S3Url.parse(self.plan["place"])

    def _verdicts(self, made: Made) -> dict[str, Any]:
        verdicts = dict(self.judge.verdicts(made))
        metrics.OUTPUTS_REFUSED.add(sum(not verdict.ok for verdict in verdicts.values()))
        self._faults += [f"{name}: {fault}" for name, verdict in verdicts.items() for fault in verdict.faults]
        return {name: verdict.as_json() for name, verdict in verdicts.items()}

    def _again(self, job: RecordJob) -> RecordJob:
        verdicts = self._verdicts(self._as_made(job))
        outputs = [output.model_copy(update={"verdict": verdicts[output.name]}) for output in job.outputs]
        return job.model_copy(update={"outputs": tuple(outputs)})

    def _as_made(self, job: RecordJob) -> Made:
        bucket = self.place.bucket
        outputs = [{**output.model_dump(), "url": str(s3.S3Url(bucket, output.key))} for output in job.outputs]
        return {"name": job.name, "job": {"name": job.job_name}, "outputs": outputs}

    def _job(self, made: Made, verdicts: Mapping[str, Any]) -> RecordJob:
        job = made["job"]
        told = {
            "task": made["task"],
            "name": made["name"],
            "made": made["work"]["made"],
            "job_name": job["name"],
            **{field: job[field] for field in ("service", "id", "preset", "amount", "timings")},
        }
        if made["name"] == ENHANCE and not (self.recipe.enhance and self.recipe.enhance.publish):
            return RecordJob.model_validate({**told, "outputs": [], "verdict": next(iter(verdicts.values()))})
        return RecordJob.model_validate({**told, "outputs": list(self._outputs(made, verdicts))})

    def _outputs(self, made: Made, verdicts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        stem = s3.S3Url.parse(self.plan["source"]["url"]).stem
        encode = "enhanced" if made["name"] == ENHANCE else made["name"]
        for output in made["outputs"]:
            target = self.place.joined(self.recipe.file_name(source=stem, encode=encode, made=output["name"]))
            yield {**output, "key": target.key, "verdict": verdicts[output["name"]]}
