"""What a run would do, and what the services would take for it, as far as they tell."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from reelworks.bytenite import api
from reelworks.bytenite.data import BUCKET, url_source
from reelworks.bytenite.hook import ByteNiteHook
from reelworks.bytenite.jobs import cancel_job
from reelworks.core.errors import VideoServiceError
from reelworks.core.flow import Flow
from reelworks.media.s3 import S3Url, presign
from reelworks.openencoder.fleet import price_of
from reelworks.openencoder.hook import OpenEncoderHook
from reelworks.process.plan import Plan
from reelworks.recipes import Recipe

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

LINK_LIFETIME = 600
DRAFT = "reelworks-dry-run"


def dry_run(client: S3Client, recipe: Recipe, plan: Plan) -> dict[str, Any]:
    """Return ``{"source", "recipe", "place", "jobs": [{"name", "service", "preset", "amount", "unit"}], "kept"}``.

    ``amount`` is null where the service does not tell beforehand; ``unit`` says why then.
    """
    link = presign(client, S3Url.parse(plan["source"]["url"]), LINK_LIFETIME, plan["source"]["version_id"])
    jobs = []
    for work in plan["work"].values():
        amount, unit = _amount(recipe, work, link)
        jobs.append({**{name: work[name] for name in ("name", "service", "preset")}, "amount": amount, "unit": unit})
    return {
        "source": plan["source"]["url"],
        "recipe": recipe.name,
        "place": plan["place"],
        "jobs": jobs,
        "kept": [job["name"] for job in plan["kept"]],
    }


def _amount(recipe: Recipe, work: dict[str, Any], link: str) -> tuple[str | None, str]:
    if work["service"] == "pixop":
        return None, "Pixop's API tells no prices"
    try:
        if work["service"] == "openencoder":
            hourly = OpenEncoderHook().answer(price_of(3600.0))
            return hourly, "dollars, for each hour that one machine works" if hourly else "no machines are rented"
        encode = next(encode for encode in recipe.encodes if encode.name == work["name"])
        amount = ByteNiteHook().answer(_estimate(link, recipe.preset(encode).params()))
    except VideoServiceError as error:
        return None, f"not known: {error}"
    return amount, "ByteChips" + (", for the source as it is before it is enhanced" if recipe.enhance else "")


def _estimate(link: str, params: dict[str, Any]) -> Flow[str]:
    """Ask ByteNite, which estimates drafts only; the draft costs nothing and is deleted again."""
    draft = yield from api.create_job(DRAFT)
    try:
        yield from api.set_data(draft, source=url_source(link), destination=BUCKET)
        yield from api.set_params(draft, params)
        amount = yield from api.estimate_job(draft)
    except VideoServiceError:
        with suppress(VideoServiceError):  # what went wrong first is what is told
            yield from cancel_job(draft)
        raise
    yield from cancel_job(draft)
    return amount
