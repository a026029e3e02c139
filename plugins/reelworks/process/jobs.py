"""The paid jobs of process_video: each makes what the plan tells its task, or is ended and made anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reelworks.bytenite.operators import ByteNiteEncodeOperator
from reelworks.core.claim import Claim, load_claim
from reelworks.core.errors import VideoServiceError
from reelworks.core.jobs import Job
from reelworks.core.operator import JobOperator
from reelworks.media.s3 import s3_client
from reelworks.media.source import source_link
from reelworks.openencoder.operators import OpenEncoderEncodeOperator
from reelworks.pixop.operators import PixopEnhanceOperator
from reelworks.process.current import check_recipe, is_current
from reelworks.process.judge import LINK_LIFETIME
from reelworks.process.plan import plan_of, work
from reelworks.recipes import load_recipe
from reelworks.settings import setting

if TYPE_CHECKING:
    from airflow.sdk import Context
    from types_boto3_s3 import S3Client


class PlannedJobOperator(JobOperator):
    """What a service's operator is in process_video, where the plan may change while a job runs.

    A run that is cleared has its plan made anew. A job that makes the same by both is taken over, as ever. One
    whose preset, recipe or source was changed meanwhile is ended, and another is made and paid for: what it leaves
    could only be refused. Tasks are told apart by number: what changes places is made anew, and the job of a task
    that the new plan skips is left to its end, or to ``reap_remote``. Before a new job is paid for, source and
    recipe are seen to be still those that probe read.
    """

    def execute(self, context: Context) -> Any:
        """End what an earlier plan wanted, then submit or take over, and wait."""
        with self._minded(context):
            self._end_outdated(context)
        return super().execute(context)

    def check(self, context: Context) -> dict[str, Any]:
        """Look at what is as the plan has it, and then at all input."""
        plan, told = plan_of(context["ti"]), work(context["ti"])
        source = plan["source"]
        check_recipe(load_recipe(plan["recipe"]["name"]), plan)
        if told["source"] == source["url"]:
            source_link(source["url"], _s3(), LINK_LIFETIME, source["etag"])
        return {**super().check(context), "made": told["made"]}  # type: ignore[safe-super]  # a service's comes next

    def settle(self, job: Job, claim: Claim) -> tuple[Any, dict[str, Any]]:
        """Say also what the job was to make."""
        result, facts = super().settle(job, claim)  # type: ignore[safe-super]
        return result, {**facts, "made": claim.notes.get("made")}

    def _end_outdated(self, context: Context) -> None:
        instance, store = context["ti"], context["task_state_store"]
        if not (claim := load_claim(store)) or self._is_current(claim, instance):
            return
        if claim.done:
            claim.of_try(-1, owed=False).save(store)  # as that of a task which is cleared after its success
            return
        self.log.warning("job %s (%s) is of another plan: it is ended, and made anew", claim.job_id, claim.name)
        # First: of two tries, only the one that Airflow knows may store anything, and end the job. One that was killed
        # as it created it may have a create on its way.
        replace(claim, spent=True, resent=claim.resent or claim.job_id is None).save(store)
        if job_id := claim.job_id or self.service.answer(self.find(claim)):
            self.service.answer(self.service.cancel(job_id))

    def _is_current(self, claim: Claim, instance: Any) -> bool:
        try:
            return is_current(_s3(), plan_of(instance), work(instance), claim.notes.get("made"), claim.notes["source"])
        except VideoServiceError as error:
            self.log.warning(
                "%s: job %s is taken over, and looked at again before it is published", error, claim.job_id
            )
            return True


class RecipeEnhanceOperator(PlannedJobOperator, PixopEnhanceOperator):
    """The enhancing of a recipe, with ``keep_remote`` from a template: empty for False."""

    template_fields: Sequence[str] = (*PixopEnhanceOperator.template_fields, "keep_remote")  # type: ignore[assignment]


class RecipeByteNiteEncodeOperator(PlannedJobOperator, ByteNiteEncodeOperator):
    """One of a recipe's encodes."""


class RecipeOpenEncoderEncodeOperator(PlannedJobOperator, OpenEncoderEncodeOperator):
    """One of a recipe's encodes."""


def _s3() -> S3Client:
    return s3_client(setting("REELWORKS_AWS_CONN"))
