"""The presets on a server: looked up by listing them, never by id, and brought in line with files."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from reelworks.core.errors import BadInputError
from reelworks.core.flow import Flow
from reelworks.openencoder import api
from reelworks.openencoder.presets import OpenEncoderPreset


def all_presets() -> Flow[list[api.Row]]:
    """Return all presets of the server."""
    return (yield from api.all_rows(api.list_presets))


def find_preset(name: str) -> Flow[OpenEncoderPreset]:
    """Return the preset of that name, fit for a job. A worker ends its process at a name that is not there.

    :raises BadInputError: there is none, or several that differ, or it is not active, or its data is not JSON.
    """
    rows = yield from all_presets()
    found = [OpenEncoderPreset.from_row(row) for row in rows if row["name"] == name]
    if not found:
        names = sorted({str(row["name"]) for row in rows})
        near = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise BadInputError(
            f"the server has no preset {name!r}.{hint} There are: {', '.join(names) or 'none'}. "
            "The DAG sync_presets brings it the files in include/presets/openencoder"
        )
    preset = found[0]
    if any(other.digest != preset.digest for other in found):
        raise BadInputError(
            f"the server has {len(found)} different presets called {name!r}: give them names of their own"
        )
    if preset.text is not None:
        raise BadInputError(f"the data of the server's preset {name!r} is no JSON object, and a worker stops at it")
    if not preset.active:
        raise BadInputError(f"the server's preset {name!r} is not active: activate it, or take another")
    return preset


def put_preset(preset: OpenEncoderPreset, may_update: bool = True) -> Flow[str]:
    """Bring one preset to the server; return "created", "updated" or "unchanged"."""
    report = yield from sync_presets([preset], may_update)
    return next(done for done in ("created", "updated", "unchanged") if report[done])


def sync_presets(presets: Sequence[OpenEncoderPreset], may_update: bool = True) -> Flow[dict[str, list[str]]]:
    """Create what is missing and update what differs; return names: created, updated, unchanged, only_on_server.

    :raises BadInputError: an ``output`` differs, which the server does not save, or a name is there twice, or with
        ``may_update=False`` anything differs. Nothing was changed then.
    """
    rows = yield from all_presets()
    wanted = {preset.name: preset for preset in presets}
    if faults := list(_faults(wanted.values(), rows, may_update)):
        raise BadInputError("; ".join(faults))
    there = {row["name"]: row for row in rows}
    report: dict[str, list[str]] = {"created": [], "updated": [], "unchanged": []}
    for name, preset in wanted.items():
        if name not in there:
            yield from api.create_preset(preset.row())
            report["created"].append(name)
        elif preset.differences(OpenEncoderPreset.from_row(there[name])):
            yield from api.update_preset(there[name]["id"], preset.row())
            report["updated"].append(name)
        else:
            report["unchanged"].append(name)
    return {**report, "only_on_server": sorted(set(there) - set(wanted))}


def _faults(presets: Iterable[OpenEncoderPreset], rows: Sequence[api.Row], may_update: bool) -> Iterable[str]:
    for preset in presets:
        same = [OpenEncoderPreset.from_row(row) for row in rows if row["name"] == preset.name]
        if len(same) > 1:
            yield f"the server has {len(same)} presets called {preset.name!r}: rename all but one in its web pages"
        elif same and same[0].output != preset.output:
            yield (
                f"preset {preset.name!r}: output is {same[0].output!r} on the server and {preset.output!r} here, and "
                "the server does not save a change of it: give the preset another name, or the output it had"
            )
        elif same and not may_update and (fields := preset.differences(same[0])):
            yield f"the server has a preset {preset.name!r} already, with another {', '.join(fields)}"
