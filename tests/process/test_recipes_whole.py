"""The recipes that enhance, and one of every service, on a few seconds of interlaced SD."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.process.house import ProcessHouse
from tests.sandbox.process import ROOT, SandboxProcess
from tests.subprocesses import fresh
from tests.verify.sources import LOSSLESS, encode, notes

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(590)]

EVERY = """
description: One of every service.
enhance: {preset: denoise, publish: true}
encodes:
  - {name: one, service: bytenite, preset: h264_360p}
  - {name: two, service: openencoder, preset: h264_baseline_360p_600}
gates: {vmaf_floor: 30, vmaf_low_floor: 10, picture_tolerance: 60}
naming: "{encode}/{rendition}.{suffix}"
"""

KEPT = """
description: What Pixop has of it stays there.
enhance: {preset: denoise}
encodes:
  - {name: one, service: bytenite, preset: h264_360p}
gates: {vmaf_floor: 30, vmaf_low_floor: 10, picture_tolerance: 60}
keep_remote: true
"""

SYNC = """
from reelworks.core.presets import load
from reelworks.openencoder.hook import OpenEncoderHook
from reelworks.openencoder.library import put_preset
from reelworks.openencoder.presets import OpenEncoderPreset
result = OpenEncoderHook().answer(put_preset(load("openencoder", "h264_baseline_360p_600", OpenEncoderPreset)))
"""


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox"), "--only", "s3,bytenite,openencoder,pixop") as process:
        yield process


@pytest.fixture
def house(every: SandboxProcess, home: Path, tmp_path: Path) -> ProcessHouse:
    shutil.copytree(ROOT / "include" / "recipes", tmp_path, dirs_exist_ok=True)
    return ProcessHouse(every, home, f"p{uuid.uuid4().hex[:8]}", tmp_path)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Four seconds as a capture of a PAL tape has them: top field first, moving between the fields, not square."""
    lines = ["-flags", "+ilme+ildct", "-x264opts", "tff=1", "-ac", "2", "-ar", "48000", "-t", "4"]
    fields = "tinterlace=interleave_top,setfield=tff,setsar=16/15"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=720x576:r=50:d=4", "-f", "lavfi", "-i", notes(4)]
    folder = tmp_path_factory.mktemp("tape")
    return encode(folder / "tape.mp4", *picture, "-vf", fields, "-pix_fmt", "yuv420p", *LOSSLESS, *lines).read_bytes()


def jobs(house: ProcessHouse, recipe: str) -> dict[str, dict[str, Any]]:
    return {job["name"]: job for job in house.read(f"{house.prefix}/video/{recipe}/manifest.json")["jobs"]}


@pytest.mark.parametrize(
    ("recipe", "outputs"),
    [
        ("archive", {"h264_360p.mp4", "prores_422_hq.mov"}),
        ("preview", {"h264_720p.mp4"}),
    ],
)
def test_a_recipe_that_enhances_publishes_what_it_says(
    recipe: str, outputs: set[str], house: ProcessHouse, tape: bytes
) -> None:
    (run,) = house.run(house.put(body=tape), recipe=recipe)

    assert run["state"] == "success", run
    place = f"{house.prefix}/video/{recipe}"
    files = {name.removeprefix(f"{place}/") for name in house.published}
    assert files == outputs | {"manifest.json", "contact_sheet.jpg", "before_after.jpg"}
    assert house.sandbox.ledger("pixop")["alive"] == []
    enhanced = jobs(house, recipe)["enhance"]
    verdicts = [output["verdict"] for output in enhanced["outputs"]] or [enhanced["verdict"]]
    assert [verdict["ok"] for verdict in verdicts] == [True]


def test_every_service_has_its_part_and_a_dry_run_tells_it(house: ProcessHouse, tape: bytes) -> None:
    house.recipe(EVERY)
    assert fresh(SYNC, **house.environment) in ("created", "unchanged")
    source = house.put(body=tape)

    said = house.run(source, dry_run=True)[0]["dry_run"]
    assert [(job["service"], bool(job["amount"])) for job in said["jobs"]][:2] == [("pixop", False), ("bytenite", True)]
    assert said["jobs"][2]["service"] == "openencoder"
    assert house.published == []

    (run,) = house.run(source)

    assert run["state"] == "success", json.dumps(run)
    made = jobs(house, "small")
    assert {name: job["service"] for name, job in made.items()} == {
        "enhance": "pixop",
        "one": "bytenite",
        "two": "openencoder",
    }
    names = sorted(key.rpartition("/small/")[2] for job in made.values() for key in [job["outputs"][0]["key"]])
    assert names == ["enhanced/denoise.mp4", "one/h264_360p.mp4", "two/h264_baseline_360p_600.mp4"]
    assert [house.paid(service) for service in ("pixop", "bytenite", "openencoder")] == [1, 1, 1]

    house.recipe(EVERY.replace("h264_360p}", "h264_480p}"))
    (changed,) = house.run(source)

    assert changed["state"] == "success"
    assert [house.paid(service) for service in ("pixop", "bytenite", "openencoder")] == [1, 2, 1]


def test_a_recipe_says_whether_its_videos_stay_at_pixop(house: ProcessHouse) -> None:
    """The last one: they stay."""
    assert house.sandbox.ledger("pixop")["alive"] == []
    house.recipe(KEPT)

    (run,) = house.run(house.put())

    assert run["state"] == "success", json.dumps(run)
    videos = [video for video in house.sandbox.ledger("pixop")["videos"] if not video["deleted"]]
    (original,) = [video["id"] for video in videos if not video["parentId"]]
    assert [video["parentId"] for video in videos if video["parentId"]] == [original]
