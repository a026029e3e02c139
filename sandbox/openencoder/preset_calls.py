"""Endpoints: presets."""

from fastapi import Response

from sandbox.openencoder.answers import answer, missing
from sandbox.openencoder.binding import Field, Struct
from sandbox.openencoder.calls import BEARER, OPERATORS, Call, Endpoint
from sandbox.openencoder.presets import Preset
from sandbox.openencoder.records import page_of

FIELDS = (
    Field("Name", "name"),
    Field("Description", "description"),
    Field("Output", "output"),
    Field("Data", "data"),
    Field("Active", "active", bool),
)
CREATE = Struct("createPresetRequest", FIELDS)
UPDATE = Struct("presetUpdateRequest", FIELDS)


async def create_preset(call: Call) -> Response:
    """Make a preset, whether or not one of that name is there."""
    preset = Preset(id=0, **call.bind(CREATE))
    if not preset.storable():
        call.fatal("a preset that does not fit its columns: server exits")
        return answer({"preset": None, "status": 201}, 201)
    return answer({"preset": call.context.presets.add(preset).model_dump(), "status": 201}, 201)


async def list_presets(call: Call) -> Response:
    """Return a page of presets, newest first; `count` is the total. A page before the first ends the server."""
    table = call.context.presets.table
    page = table.page(*page_of(call.request.query_params))
    if page is None:
        call.fatal("presets page before the first: server exits")
    return answer({"count": len(table), "presets": [preset.model_dump() for preset in page or []]})


async def get_preset(call: Call) -> Response:
    """Return a preset; an unknown id ends the server."""
    preset = call.context.presets.table.get(call.number)
    if preset is None:
        call.fatal("unknown preset id: server exits")
        return missing("Preset")
    return answer({"preset": preset.model_dump(), "status": 200})


async def update_preset(call: Call) -> Response:
    """Change a preset. `output` is answered as sent, but not saved."""
    sent = call.bind(UPDATE)
    preset = call.context.presets.table.get(call.number)
    if preset is None:
        call.fatal("update of an unknown preset id: server exits")
        return missing("Preset")
    changed = preset.model_copy(update=sent)
    if not changed.model_copy(update={"output": ""}).storable():
        call.fatal("a preset that does not fit its columns: server exits")
    else:
        call.context.presets.table.save(changed.model_copy(update={"output": preset.output}))
    return answer(changed.model_dump())


ENDPOINTS = (
    Endpoint("POST", "/api/presets", OPERATORS, create_preset),
    Endpoint("GET", "/api/presets", BEARER, list_presets),
    Endpoint("GET", "/api/presets/{id}", BEARER, get_preset),
    Endpoint("PUT", "/api/presets/{id}", OPERATORS, update_preset),
)
