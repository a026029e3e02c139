"""Bad input gets one clear error that names the thing and the remedy, and costs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guarantees.house import House, sample_clip
from tests.task_process import Outcome, TaskLife


def refused(house: House, life: TaskLife) -> Outcome:
    """Run it, and see that nothing comes of it."""
    outcome = life.run()
    assert outcome.state == "failed"  # at once: retries would only meet it again
    assert house.paid() == []
    assert house.traces() == {}
    return outcome


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"source": "s3://inbox/no/such.mp4"}, ["s3://inbox/no/such.mp4"]),
        ({"source": "s3://no-such-bucket/a.mp4"}, ["no-such-bucket"]),
        ({"source": "ftp://somewhere/a.mp4"}, ["ftp://somewhere/a.mp4", "s3://"]),
        ({"destination": "outbox/here"}, ["outbox/here", "s3://"]),
        ({"destination": "s3://no-such-bucket/here"}, ["no-such-bucket"]),
        ({"aws_conn_id": "nowhere"}, ["nowhere"]),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_created(
    house: House, arguments: dict[str, str], names: list[str]
) -> None:
    life = house.encode(**{"source": house.put(), **arguments})

    outcome = refused(house, life)

    for name in names:
        assert name in outcome.error
    assert life.store == {}


@pytest.mark.parametrize("preset", ["no such preset", "../up", "", "x" * 200, "a\0b"])
def test_an_unknown_preset_is_refused_with_those_there_are(house: House, preset: str) -> None:
    assert house.preset in refused(house, house.encode(house.put(), preset=preset)).error


def test_a_slip_in_a_presets_name_is_pointed_out(house: House) -> None:
    outcome = refused(house, house.encode(house.put(), preset=house.misspelt))

    assert house.misspelt in outcome.error
    assert f"Did you mean {house.preset!r}" in outcome.error


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"this is no video at all\n" * 100, "not a video"),
        (b"\0" * 4096, "not a video"),
    ],
)
def test_a_source_that_is_no_video_is_refused(house: House, body: bytes, says: str) -> None:
    source = house.put("bad.mp4", body)

    outcome = refused(house, house.encode(source))

    assert source in outcome.error
    assert says in outcome.error


def test_a_truncated_video_without_its_index_is_refused(house: House) -> None:
    clip = sample_clip().read_bytes()
    cut = len(clip) // 2 if clip.find(b"moov") > len(clip) // 2 else 99

    refused(house, house.encode(house.put("cut.mp4", clip[:cut])))


@pytest.mark.each("wrong", "wrong_connections")
def test_a_wrong_connection_is_told_from_everything_else(
    house: House, monkeypatch: pytest.MonkeyPatch, wrong: tuple[dict[str, object], str]
) -> None:
    fields, says = wrong
    house.connect(monkeypatch, **fields)
    life = house.encode(house.put())

    assert says in refused(house, life).error
    assert life.store == {}


def test_a_connection_that_is_missing_is_named_with_its_type(house: House) -> None:
    outcome = refused(house, house.encode(house.put(), conn_id="nobody"))

    assert "nobody" in outcome.error
    assert house.label in outcome.error


@pytest.mark.only("bytenite")  # the one service with a wallet
def test_a_wallet_that_is_empty_leaves_no_draft_behind(house: House) -> None:
    house.settings(balance=0)
    life = house.encode(house.put())

    outcome = life.run()
    house.settings(balance=1_000_000)

    assert outcome.state == "failed"
    assert "balance" in outcome.error.lower() or "fund" in outcome.error.lower()
    assert house.traces() == {}


def test_an_unknown_parameter_in_a_preset_names_file_and_field(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, content = house.broken_file
    (tmp_path / house.service).mkdir()
    (tmp_path / house.service / f"{name}.yaml").write_text(content)
    monkeypatch.setenv("REELWORKS_PRESETS", str(tmp_path))

    outcome = refused(house, house.encode(house.put(), preset=name))

    assert f"{name}.yaml" in outcome.error
    assert "sharpness" in outcome.error
