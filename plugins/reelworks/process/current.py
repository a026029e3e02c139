"""Whether what a run makes and has made is what its plan says, of what its plan says: both may change on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reelworks.core.errors import BadInputError
from reelworks.core.redact import redact
from reelworks.media import s3
from reelworks.process.judge import Made
from reelworks.process.plan import ENHANCE, Plan, made
from reelworks.recipes import Recipe

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def check_recipe(recipe: Recipe, plan: Plan) -> None:
    """See that the recipe and its presets still say what probe read.

    :raises BadInputError: they do not.
    """
    then = {each["name"]: each["made"] for each in (*plan["work"].values(), *plan["kept"])}
    now = {encode.name: made(recipe, encode.name) for encode in recipe.encodes}
    # What was enhanced is part of each encode.
    if {name: digest for name, digest in then.items() if name != ENHANCE} != now:
        raise BadInputError(f"the recipe {recipe.name} makes something else by now than probe read: clear probe, too")


def is_current(
    client: S3Client, plan: Plan, work: Mapping[str, Any], digest: str | None, read: Mapping[str, Any]
) -> bool:
    """Return whether a job makes what the plan tells its task.

    ``digest`` is what the job is to make, None of one that began before that was noted, and ``read`` the
    ``{"url", "etag"}`` of what it makes it of: the source as probe saw it, or the enhanced video that lies there now.

    :raises BadInputError: the enhanced video is gone.
    """
    if digest not in (None, work["made"]) or read["url"] != redact(work["source"]):
        return False
    source = plan["source"]
    etag = source["etag"] if read["url"] == source["url"] else s3.stat(client, s3.S3Url.parse(work["source"])).etag
    return bool(read["etag"] == etag)


def check_made(client: S3Client, plan: Plan, made: tuple[Made, ...]) -> None:
    """See that each task has left what the plan tells it.

    :raises BadInputError: names those that have not; to clear them makes it.
    """
    stray = [
        each
        for each in made
        if not is_current(client, plan, each["work"], each["job"].get("made"), each["job"]["source"])
    ]
    if stray:
        names, tasks = (", ".join(each[key] for each in stray) for key in ("name", "task"))
        raise BadInputError(f"{names}: made by another preset, or of another video, than probe has read: clear {tasks}")
