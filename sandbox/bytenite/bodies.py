"""Reads what callers send about a job, or refuses it. Only the shape is checked: contents are tried by running."""

from typing import Any

from sandbox.bytenite.places import DESTINATIONS, SOURCES, read_place
from sandbox.bytenite.replies import RefusedError

MIN_NAME, MAX_NAME = 4, 1024
MAX_OUTPUTS = 50


def read_name(name: object) -> str:
    """Return a job's name."""
    if not isinstance(name, str) or len(name) < MIN_NAME:
        raise RefusedError(400, f"name must be a text of at least {MIN_NAME} characters")
    if len(name) > MAX_NAME:
        raise RefusedError(400, f"name must have at most {MAX_NAME} characters")
    return name


def read_template(template: object) -> str:
    """Return a template's id; any version of the one template there is."""
    if not isinstance(template, str) or not template.startswith("video-transcoding"):
        raise RefusedError(400, f"templateId {str(template)[:80]!r} is not known")
    return template[:200]


def read_places(body: dict[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return source and destination, in either spelling; None for one that was not sent."""
    source = body.get("dataSource", body.get("data_source"))
    destination = body.get("dataDestination", body.get("data_destination"))
    return (
        None if source is None else read_place(source, allowed=SOURCES, label="dataSource"),
        None if destination is None else read_place(destination, allowed=DESTINATIONS, label="dataDestination"),
    )


def read_params(content: object) -> dict[str, Any]:
    """Return encoding parameters as they are kept and shown."""
    data = content.get("data") if isinstance(content, dict) else None
    outputs = data.get("outputs") if isinstance(data, dict) else None
    if not isinstance(content, dict) or not isinstance(data, dict) or not isinstance(outputs, list):
        raise RefusedError(400, "params must hold data.outputs, a list")
    if not 1 <= len(outputs) <= MAX_OUTPUTS or not all(isinstance(output, dict) for output in outputs):
        raise RefusedError(400, f"data.outputs must be 1 to {MAX_OUTPUTS} objects")
    if not isinstance(data.get("output_template", ""), str):
        raise RefusedError(400, "data.output_template must be a text")
    preset = content.get("preset") or ""
    if not isinstance(preset, str):
        raise RefusedError(400, "preset must be a text")
    return {"schema": "", "data": data, "preset": preset, "selectedOutputs": []}
