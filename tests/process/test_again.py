"""Reprocessing on purpose: each documented way makes everything once more, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.process.house import ProcessHouse
from tests.process.lives import Lives

PLACE = "video/small"


def manifest(house: ProcessHouse) -> Any:
    return house.read(f"{house.prefix}/{PLACE}/manifest.json")


def test_a_run_that_is_cleared_makes_everything_again_and_once(at_hand: ProcessHouse, tmp_path: Path) -> None:
    house = at_hand
    source = house.put()
    lives = Lives(house, tmp_path, source)
    assert lives.probed().state == "success"
    encoded = lives.encode
    run = (lives.probe, encoded, published := lives.publish(encoded))
    assert [life.run().state for life in (encoded, published)] == ["success"] * 2
    before, there = manifest(house), house.published

    for life in run:
        life.clear()
        life.forget_xcoms()
        assert life.run().state == "success"

    after = manifest(house)
    assert house.paid() == 2
    assert [job["id"] for job in after["jobs"]] != [job["id"] for job in before["jobs"]]
    assert (after["run"], after["source"]) == (before["run"], before["source"])
    assert house.published == there
    assert house.staged == house.reserved == []

    another = Lives(house, tmp_path, source)
    assert another.probed().state == "success"
    assert another.plan["work"] == {}


def test_what_lost_its_manifest_is_made_again_by_the_next_run_and_once(at_hand: ProcessHouse, tmp_path: Path) -> None:
    house = at_hand
    source = house.put()
    assert Lives(house, tmp_path, source).through().state == "success"
    before = manifest(house)
    house.s3.delete_object(Bucket="outbox", Key=f"{house.prefix}/{house.prefix}/{PLACE}/manifest.json")

    assert Lives(house, tmp_path, source).through().state == "success"

    assert house.paid() == 2
    assert manifest(house)["run"] != before["run"]
    another = Lives(house, tmp_path, source)
    assert another.probed().state == "success"
    assert another.plan["work"] == {}
