"""What the DAG's own tasks do around the operators: see that the source is still the one, verify and publish."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reelworks.core.claim import load_claim
from reelworks.core.errors import BadInputError
from reelworks.media.s3 import s3_client
from reelworks.media.source import source_link
from reelworks.process.judge import LINK_LIFETIME, Made
from reelworks.process.operators import hopeless_fails
from reelworks.process.plan import ENHANCE, PROBE, Plan, made, recipe_facts, work
from reelworks.process.publish import Publisher
from reelworks.recipes import Recipe, load_recipe
from reelworks.settings import setting

if TYPE_CHECKING:
    from airflow.sdk import Context
    from types_boto3_s3 import S3Client


def verified_and_published(context: Context) -> str:
    """Verify and publish what the run's encodes have staged; return the manifest's address."""
    instance = context["ti"]
    with hopeless_fails():
        plan: Plan = instance.xcom_pull(task_ids=PROBE, key="plan")
        recipe = load_recipe(plan["recipe"]["name"])
        _check_unchanged(recipe, plan)
        # Read again: a gate that was wrong can be corrected, and this task cleared.
        plan = {**plan, "recipe": recipe_facts(recipe)}
        return Publisher(_s3(), recipe, plan, tuple(_made(instance, plan))).publish()


def check_source(context: Context) -> None:
    """See, before anything is paid for, that the source is still the one that probe looked at; it may have waited long.

    A job that is paid for goes on: verify_and_publish looks once more.
    """
    instance = context["ti"]
    if load_claim(context["task_state_store"]):
        return
    with hopeless_fails():
        source = instance.xcom_pull(task_ids=PROBE, key="plan")["source"]
        if work(instance)["source"] == source["url"]:
            source_link(source["url"], _s3(), LINK_LIFETIME, source["etag"])


def _s3() -> S3Client:
    return s3_client(setting("REELWORKS_AWS_CONN"))


def _check_unchanged(recipe: Recipe, plan: Plan) -> None:
    then = {each["name"]: each["made"] for each in (*plan["work"].values(), *plan["kept"])}
    now = {encode.name: made(recipe, encode.name) for encode in recipe.encodes}
    # What was enhanced is part of each encode.
    if {name: digest for name, digest in then.items() if name != ENHANCE} != now:
        raise BadInputError(f"the recipe {recipe.name} makes something else by now than probe read: clear probe, too")


def _made(instance: Any, plan: Plan) -> Iterator[Made]:
    for task, told in plan["work"].items():
        job, outputs = (instance.xcom_pull(task_ids=task, key=key) for key in ("job", "return_value"))
        if not job or not outputs:
            raise BadInputError(f"{task} has left no outputs: clear it, not this task")
        yield {"task": task, "name": told["name"], "work": told, "job": job, "outputs": outputs}
