"""Whole runs of process_video, in one process: what is made, what is not made again, and what is refused."""

from __future__ import annotations

import pytest

from tests.media.clips import make
from tests.process.conftest import SMALL
from tests.process.house import ProcessHouse

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]

TWO = SMALL.replace("gates:", "  - {name: other, service: bytenite, preset: h264_480p}\ngates:")
CHANGED = TWO.replace("h264_480p", "h264_720p")
OURS = {"contact_sheet.jpg", "before_after.jpg", "manifest.json"}


def another(house: ProcessHouse) -> bytes:
    """Another video than the usual one."""
    return make(house.recipes / "new.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac").read_bytes()


def ran(run: dict[str, object]) -> set[str]:
    tasks = run["tasks"]
    assert isinstance(tasks, dict)
    return {task for task, state in tasks.items() if state == "success"}


def test_a_video_is_probed_encoded_verified_and_published_by_the_connection_of_the_settings(
    house: ProcessHouse,
) -> None:
    house.aws_conn_id = "the_store"
    source = house.put("a/vidéo #1 + 100%?.mp4")

    (run,) = house.run(source)

    assert run["state"] == "success", run
    assert ran(run) == {"probe", "encode.bytenite_1", "verify_and_publish"}
    place = f"{house.prefix}/a/vidéo #1 + 100%?/small"
    assert {*house.published} == {f"{place}/{name}" for name in {"h264_360p.mp4", *OURS}}
    assert house.staged == house.reserved == []
    manifest = house.read(f"{place}/manifest.json")
    (job,) = manifest["jobs"]
    (output,) = job["outputs"]
    assert manifest["source"]["url"] == source
    assert manifest["run"] == {"dag_id": "process_video", "run_id": run["run_id"]}
    assert manifest["amounts"] == {"small": job["amount"]}
    assert float(job["amount"]) > 0
    assert output["verdict"]["ok"]
    assert "vmaf" in {check["name"] for check in output["verdict"]["checks"]}
    assert set(manifest["pictures"]) == {"contact_sheet", "before_after"}


def test_only_what_a_change_of_the_recipe_touches_is_made_again(house: ProcessHouse) -> None:
    house.recipe(TWO)
    source = house.put()
    (first, same) = house.run(source, source)
    assert [first["state"], same["state"]] == ["success", "success"]
    assert house.paid() == 2
    assert ran(same) == {"probe", "verify_and_publish"}
    place = f"{house.prefix}/video/small"
    before = {job["name"]: job for job in house.read(f"{place}/manifest.json")["jobs"]}

    house.recipe(CHANGED)
    (changed,) = house.run(source)

    assert changed["state"] == "success"
    assert ran(changed) == {"probe", "encode.bytenite_1", "verify_and_publish"}
    assert house.paid() == 3
    after = {job["name"]: job for job in house.read(f"{place}/manifest.json")["jobs"]}
    assert after["small"] == before["small"]
    assert after["other"]["id"] != before["other"]["id"]
    assert {*house.published} == {f"{place}/{name}" for name in {"h264_360p.mp4", "h264_720p.mp4", *OURS}}


def test_other_gates_verify_again_what_is_there_and_pay_for_nothing(house: ProcessHouse) -> None:
    source = house.put()
    (first,) = house.run(source)
    assert first["state"] == "success"

    house.recipe(SMALL.replace("vmaf_floor: 40", "vmaf_floor: 100"))
    (second,) = house.run(source)

    assert second["state"] == "failed"
    assert house.paid() == 1
    place = f"{house.prefix}/video/small"
    assert house.read(f"{place}/manifest.json")["run"]["run_id"] == first["run_id"]  # the old outputs stay as they were


def test_another_video_of_the_same_name_has_all_made_anew_and_the_same_bytes_nothing(house: ProcessHouse) -> None:
    source = house.put()
    (first, _) = (*house.run(source), house.put())  # the same bytes, uploaded once more
    (again,) = house.run(source)
    assert [first["state"], again["state"]] == ["success", "success"]
    assert house.paid() == 1

    house.put(body=another(house))
    (new,) = house.run(source)

    assert new["state"] == "success"
    assert house.paid() == 2


def test_a_bad_source_is_quarantined_and_the_next_good_one_takes_the_record_away(house: ProcessHouse) -> None:
    source = house.put(body=b"This is no video.")

    (bad,) = house.run(source)

    assert bad["state"] == "failed"
    assert bad["tasks"]["probe"] == "failed"
    assert ran(bad) == set()
    record = f"_quarantine/{house.prefix}/video.mp4.json"
    assert house.published == [record]
    told = house.read(record)
    assert (told["source"]["url"], told["recipe"], told["source"]["size"]) == (source, "small", 17)
    assert "not a video" in told["reason"]
    assert house.keys(f"{house.prefix}/", "inbox") == [f"{house.prefix}/video.mp4"]

    house.put()
    (good,) = house.run(source)

    assert good["state"] == "success"
    assert record not in house.published
    assert house.paid() == 1


def test_two_sources_that_would_share_a_place_are_told_apart_until_one_is_gone(house: ProcessHouse) -> None:
    mp4, mov = house.put("video.mp4"), house.put("video.mov", another(house))
    (first, second) = house.run(mp4, mov)

    assert [first["state"], second["state"]] == ["success", "failed"]
    record = f"_quarantine/{house.prefix}/video.mov.json"
    assert house.read(record)["reason"].endswith(f"or, if it replaces the other, remove {mp4} and clear this run")
    assert house.paid() == 1
    assert house.reserved == []

    house.s3.delete_object(Bucket="inbox", Key=f"{house.prefix}/video.mp4")
    (third,) = house.run(mov)

    assert third["state"] == "success"
    assert house.read(f"{house.prefix}/video/small/manifest.json")["source"]["url"] == mov
    assert house.paid() == 2
    assert record not in house.published


def test_a_superseded_version_is_refused_and_not_quarantined(house: ProcessHouse) -> None:
    (run,) = house.run(house.put(), version="0123456789abcdef")

    assert run["state"] == "failed"
    assert house.published == []
    assert house.paid() == 0


def test_a_dry_run_says_what_would_be_done_and_at_what_amount_and_does_nothing(house: ProcessHouse) -> None:
    house.recipe(TWO)

    (run,) = house.run(house.put(), dry_run=True)

    assert run["state"] == "success"
    assert ran(run) == {"probe"}
    said = run["dry_run"]
    assert said["place"] == f"{house.destination}/{house.prefix}/video/small"
    assert [(job["name"], job["service"], job["preset"]) for job in said["jobs"]] == [
        ("small", "bytenite", "h264_360p"),
        ("other", "bytenite", "h264_480p"),
    ]
    assert all(float(job["amount"]) > 0 for job in said["jobs"])
    assert {job["unit"] for job in said["jobs"]} == {"ByteChips"}
    assert house.published == []
    assert house.paid() == 0
    assert house.sandbox.ledger()["drafts"] == []
