"""Presets of a server: found by listing, brought in line, never asked for by id."""

from typing import Any

import pytest

from reelworks.core.errors import BadInputError
from reelworks.core.presets import load, preset_names
from reelworks.openencoder.library import find_preset, put_preset, sync_presets
from reelworks.openencoder.presets import OpenEncoderPreset
from tests.conversation import Talk, reply
from tests.openencoder.recorded import recorded

SEEDED = recorded("presets: list")
OURS = [load("openencoder", name, OpenEncoderPreset) for name in preset_names("openencoder")]
TINY = OpenEncoderPreset("tiny", "tiny preset", "tiny.mp4", True, {"raw": ["-vf scale=-2:64", "-c:v libx264", "-y"]})


def listed(*presets: dict[str, Any]) -> Any:
    return reply({"count": len(presets), "presets": [{"id": n + 1, **row} for n, row in enumerate(presets)]})


def test_a_preset_is_found_by_listing_alone() -> None:
    talk = Talk([SEEDED])

    assert talk.hear(find_preset("h264_main_720p_3000")).output == "h264_main_720p_3000.mp4"
    assert talk.asked == ["GET /api/presets"]


def test_an_unknown_preset_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(BadInputError, match=r"Did you mean 'h264_main_720p_3000'\?.*webm_vp9_720p_3000.*sync_presets"):
        Talk([SEEDED]).hear(find_preset("h264_main_720p"))


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([TINY.row(), TINY.row() | {"output": "other.mp4"}], "2 different presets"),
        ([TINY.row() | {"active": False}], "not active"),
        ([TINY.row() | {"data": "this is not json"}], "no JSON object"),
        ([TINY.row() | {"data": "[]"}], "no JSON object"),
    ],
)
def test_a_preset_that_would_stop_a_worker_is_refused(rows: list[dict[str, Any]], fault: str) -> None:
    with pytest.raises(BadInputError, match=fault):
        Talk([listed(*rows)]).hear(find_preset("tiny"))


def test_two_presets_that_are_the_same_are_one() -> None:
    assert Talk([listed(TINY.row(), TINY.row())]).hear(find_preset("tiny")) == TINY


def test_the_files_hold_what_the_server_is_shipped_with() -> None:
    seeded = [preset for preset in OURS if "quality" not in preset.name]
    talk = Talk([SEEDED])

    report = talk.hear(sync_presets(seeded))

    assert report["unchanged"] == [preset.name for preset in seeded]
    assert len(seeded) == 5
    assert report["only_on_server"] == []


def test_a_sync_creates_updates_and_reports() -> None:
    changed = TINY.row() | {"description": "old"}
    talk = Talk([listed(changed, TINY.row() | {"name": "theirs"}), reply({"preset": {"id": 3}}, 201), reply({"id": 1})])
    new = OpenEncoderPreset("new", "d", "new.mp4", True, TINY.data)

    report = talk.hear(sync_presets([new, TINY]))

    assert report == {"created": ["new"], "updated": ["tiny"], "unchanged": [], "only_on_server": ["theirs"]}
    assert talk.asked[1:] == ["POST /api/presets", "PUT /api/presets/1"]
    assert set(talk.calls[2].json) == {"name", "description", "output", "data", "active"}


def test_an_output_that_differs_fails_before_anything_is_changed() -> None:
    talk = Talk([listed(TINY.row() | {"output": "other.mp4"})])
    new = OpenEncoderPreset("new", "d", "new.mp4", True, TINY.data)

    with pytest.raises(BadInputError, match=r"'other.mp4' on the server and 'tiny.mp4' here.*does not save"):
        talk.hear(sync_presets([new, TINY]))
    assert talk.asked == ["GET /api/presets"]


def test_a_create_does_not_make_a_second_preset_of_a_name() -> None:
    assert Talk([listed(TINY.row())]).hear(put_preset(TINY, may_update=False)) == "unchanged"
    with pytest.raises(BadInputError, match="with another description"):
        Talk([listed(TINY.row() | {"description": "x"})]).hear(put_preset(TINY, may_update=False))


def test_how_the_json_is_laid_out_is_no_difference() -> None:
    row = TINY.row() | {"data": '{"raw": ["-vf scale=-2:64",   "-c:v libx264", "-y"]}'}
    assert Talk([listed(row)]).hear(put_preset(TINY)) == "unchanged"
