"""The operator of process_video that no service has: look before anything is spent, and plan."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.utils.skipmixin import SkipMixin
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from reelworks.core.errors import HOPELESS, BadInputError
from reelworks.media.ffprobe import ffprobe_path
from reelworks.media.s3 import S3Url, s3_client
from reelworks.media.source import check_bucket
from reelworks.process.admission import SupersededError, admit
from reelworks.process.dry_run import dry_run
from reelworks.process.plan import PUBLISH, Plan, Planner
from reelworks.process.quarantine import QuarantinedError, quarantine
from reelworks.recipes import Recipe, load_recipe
from reelworks.verify.ffmpeg import ffmpeg_path

if TYPE_CHECKING:
    from airflow.sdk import Context
    from types_boto3_s3 import S3Client


@contextmanager
def hopeless_fails() -> Iterator[None]:
    """Fail the task at once, whatever its retries, of what another try would only meet again."""
    try:
        yield
    except HOPELESS as error:
        raise AirflowFailException(str(error)) from error


class ProbeOperator(BaseOperator, SkipMixin):
    """Looks at a source before a cent is spent, and plans what is to be done with it by a recipe.

    A source that cannot be worked on is quarantined: its record is written, and the task fails at once, whatever its
    retries. Otherwise the plan is pushed as XCom ``plan``, and the tasks it has no work for are skipped; those are
    ``enhance`` and the encodes for which there is nothing to do, or whose outputs are published already.

    ``version`` is the source's version id or ETag that was noticed; a source that has another one by now is refused.
    With ``is_dry_run`` everything is skipped, and XCom ``dry_run`` says what would have been done.
    """

    template_fields: Sequence[str] = ("source", "recipe", "destination", "version", "is_dry_run", "aws_conn_id")

    def __init__(
        self,
        *,
        source: str,
        recipe: str,
        destination: str,
        version: str | None = None,
        is_dry_run: bool | str = False,
        aws_conn_id: str = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.recipe = recipe
        self.destination = destination
        self.version = version
        self.is_dry_run = is_dry_run
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> None:
        """Look, plan, and skip what there is no work for."""
        instance = context["ti"]
        with hopeless_fails():
            # What is wrong with these is no fault of the source's.
            recipe, client = load_recipe(self.recipe), self._ready()
            plan = self._planned(client, recipe, {"dag_id": instance.dag_id, "run_id": instance.run_id})
            if self._is_dry:
                said = dry_run(client, recipe, plan)
                self.log.info("nothing is done; this would be: %s", json.dumps(said, indent=2))
                instance.xcom_push(key="dry_run", value=said)
                self.skip(instance, self.downstream_list)
                return
        instance.xcom_push(key="plan", value=plan)
        self.log.info("%s", told(plan))
        self.skip(instance, [t for t in self.downstream_list if t.task_id not in (PUBLISH, *plan["work"])])

    def _ready(self) -> S3Client:
        client = s3_client(self.aws_conn_id)
        check_bucket(client, S3Url.parse(self.destination))
        check_bucket(client, S3Url.parse(self.source.partition("://")[0] + "://" + self._bucket + "/"))
        ffprobe_path()
        ffmpeg_path()
        return client

    @property
    def _is_dry(self) -> bool:
        return str(self.is_dry_run).lower() == "true"

    @property
    def _bucket(self) -> str:
        return self.source.partition("://")[2].partition("/")[0]

    def _planned(self, client: S3Client, recipe: Recipe, run: dict[str, str]) -> Plan:
        version = None if self.version in (None, "", "None") else self.version
        try:
            source = admit(client, S3Url.parse(self.source), recipe, version)
            return Planner(client, recipe, source, self.destination, run).plan(reserve=not self._is_dry)
        except SupersededError:
            raise
        except BadInputError as error:
            if self._is_dry:
                raise
            told = {"source": self.source, "destination": self.destination, "recipe": recipe.name}
            where = quarantine(client, **told, reason=str(error), run=run)
            raise QuarantinedError(where, str(error)) from error


def told(plan: Plan) -> str:
    """Give a plan in a line."""
    work = [f"{told['name']} ({told['service']}, {told['preset']})" for told in plan["work"].values()]
    kept = [job["name"] for job in plan["kept"]]
    parts = [f"to be made: {', '.join(work) or 'nothing'}", *([f"there already: {', '.join(kept)}"] if kept else [])]
    return f"{plan['source']['url']} by {plan['recipe']['name']} to {plan['place']}; {'; '.join(parts)}"
