"""What the small tasks of the shipped DAGs do: name the place for the outputs, check, write the manifest, judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from posixpath import basename, splitext
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from airflow.sdk.exceptions import AirflowFailException

from reelworks.core.errors import BadInputError
from reelworks.core.presets import PresetFolder
from reelworks.core.redact import redact
from reelworks.media.url import S3Url

if TYPE_CHECKING:
    from airflow.sdk import Context


def below(destination: str, source: str) -> str:
    """Return the prefix for a source's outputs: ``<destination>/<source file name without its suffix>``."""
    if source.startswith("s3://"):
        stem = S3Url.parse(source).stem
    else:
        stem = splitext(basename(unquote(urlsplit(source).path)))[0]
    return str(S3Url.parse(destination.rstrip("/")).joined(stem or "video"))


def each_below(destination: str, sources: Sequence[str]) -> list[dict[str, str]]:
    """Return ``{"source", "destination"}`` for each source; each has a prefix of its own below ``destination``.

    :raises BadInputError: none, or two that would write to the same place.
    """
    places: dict[str, str] = {}
    for source in sources:
        place = below(destination, source)
        if place in places:
            raise BadInputError(f"{redact(source)} and {redact(places[place])} would both go to {place}: rename one")
        places[place] = source
    if not places:
        raise BadInputError("there are no sources: give at least one")
    return [{"source": source, "destination": place} for place, source in places.items()]


def check_request(params: Mapping[str, Any], services: Mapping[str, str]) -> str:
    """Return the id of the task for the service asked for.

    :raises BadInputError: no such service, or a preset of another one; addresses that are none.
    """
    service, preset = str(params["service"]), str(params["preset"])
    if service not in services:
        raise BadInputError(f"there is no service {service!r}: choose one of {', '.join(services)}")
    presets = PresetFolder(service).names()
    if preset not in presets:
        raise BadInputError(f"{service} has no preset {preset!r}: choose one of {', '.join(presets)}")
    below(str(params["destination"]), str(params["source"]))
    return services[service]


def publish_manifest(
    params: Mapping[str, Any], encoders: Sequence[str], context: Context, aws_conn_id: str | None = None
) -> str:
    """Write ``manifest.json`` beside the outputs of the encoder that ran, and return its address.

    Written last of all, after the pictures that could be made: where it is, everything it names is. S3 is reached by
    the connection of the settings unless another is given.
    """
    prefix = below(str(params["destination"]), str(params["source"]))
    return _written(*_what_ran(context["ti"], encoders), prefix, aws_conn_id)


def publish_each(destination: str, encoder: str, context: Context, aws_conn_id: str | None = None) -> str:
    """Do the same for one of many: the outputs below ``destination``, by the mapped ``encoder`` of the same index."""
    return _written(*_what_ran(context["ti"], [encoder]), destination, aws_conn_id)


def check_outcome(context: Context) -> None:
    """Fail unless every other task of the run has succeeded.

    For the last task of a DAG with teardowns. Airflow judges a run by its last tasks; when it is marked as failed, it
    skips what has not begun, runs the teardowns, and then takes what ended in "skipped" and "success" for a success.
    """
    instance = context["ti"]
    states = instance.get_task_states(dag_id=instance.dag_id, run_ids=[instance.run_id]).get(instance.run_id, {})
    short = [
        f"{task} is {state}"
        for task, state in sorted(states.items())
        if task != instance.task_id and state != "success"
    ]
    if short:
        raise AirflowFailException(f"not all was done: {', '.join(short)}")


def _written(
    job: Mapping[str, Any], outputs: Sequence[Mapping[str, Any]], destination: str, aws_conn_id: str | None
) -> str:
    from reelworks.media.manifest import build_manifest, write_manifest
    from reelworks.media.s3 import s3_client
    from reelworks.media.source import source_digest
    from reelworks.pictures.store import pictures_beside
    from reelworks.settings import setting

    client, place = s3_client(aws_conn_id or setting("REELWORKS_AWS_CONN")), S3Url.parse(destination)
    manifest = build_manifest(
        source={**job["source"], "sha256": source_digest(job["source"], client)},
        preset=job["preset"],
        service=job["service"],
        job={"id": job["id"], "name": job["name"]},
        amounts={"amount": job["amount"]},
        outputs=outputs,
        pictures=pictures_beside(client, place, job["source"], outputs, starts=job.get("starts", 0.0)),
        timings={**job["timings"], "published": datetime.now(UTC)},
    )
    return str(write_manifest(client, place, manifest))


def _what_ran(instance: Any, encoders: Sequence[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    for encoder in encoders:
        job, outputs = (
            instance.xcom_pull(task_ids=encoder, key=key, map_indexes=instance.map_index)
            for key in ("job", "return_value")
        )
        if job and outputs:
            return job, outputs
    raise BadInputError(f"none of {', '.join(encoders)} has left outputs: clear the encode, not this task")
