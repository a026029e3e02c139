"""What the DAG's last task does: verify and publish what the others have left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reelworks.core.errors import BadInputError
from reelworks.media.s3 import s3_client
from reelworks.process.current import check_recipe
from reelworks.process.judge import Made
from reelworks.process.operators import hopeless_fails
from reelworks.process.plan import Plan, plan_of, recipe_facts, sourced
from reelworks.process.publish import Publisher
from reelworks.recipes import load_recipe
from reelworks.settings import setting

if TYPE_CHECKING:
    from airflow.sdk import Context


def verified_and_published(context: Context) -> str:
    """Verify and publish what the run's encodes have staged; return the manifest's address."""
    instance = context["ti"]
    with hopeless_fails():
        plan = plan_of(instance)
        recipe = load_recipe(plan["recipe"]["name"])
        check_recipe(recipe, plan)
        # Read again: a gate that was wrong can be corrected, and this task cleared.
        plan = {**plan, "recipe": recipe_facts(recipe)}
        client = s3_client(setting("REELWORKS_AWS_CONN"))
        return Publisher(client, recipe, plan, tuple(_made(instance, plan))).publish()


def _made(instance: Any, plan: Plan) -> Iterator[Made]:
    for task, told in plan["work"].items():
        job, outputs = (instance.xcom_pull(task_ids=task, key=key) for key in ("job", "return_value"))
        if not job or not outputs:
            raise BadInputError(f"{task} has left no outputs: clear it, not this task")
        work = sourced(instance, told)
        yield {"task": task, "name": told["name"], "work": work, "job": job, "outputs": outputs}
