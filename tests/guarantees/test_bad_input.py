"""Bad input gets one clear error that names the thing and the remedy, and costs nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.guarantees.house import House, sample_clip


def conn(**fields: object) -> Callable[[pytest.MonkeyPatch, House], None]:
    def change(monkeypatch: pytest.MonkeyPatch, house: House) -> None:
        good = {"conn_type": "bytenite", "host": house.sandbox.info["bytenite"]["url"], "password": "x"}
        monkeypatch.setenv("AIRFLOW_CONN_BYTENITE_DEFAULT", json.dumps({**good, **fields}))

    return change


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"source": "s3://inbox/no/such.mp4"}, ["s3://inbox/no/such.mp4"]),
        ({"source": "s3://no-such-bucket/a.mp4"}, ["no-such-bucket"]),
        ({"source": "ftp://somewhere/a.mp4"}, ["ftp://somewhere/a.mp4", "s3://"]),
        ({"preset": "h264_721p"}, ["h264_721p", "h264_720p", "vp9_720p"]),
        ({"destination": "outbox/here"}, ["outbox/here", "s3://"]),
        ({"destination": "s3://no-such-bucket/here"}, ["no-such-bucket"]),
        ({"aws_conn_id": "nowhere"}, ["nowhere"]),
        ({"conn_id": "nobody"}, ["nobody", "ByteNite"]),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_created(
    house: House, arguments: dict[str, str], names: list[str]
) -> None:
    life = house.encode(**{"source": house.put(), **arguments})

    outcome = life.run()

    assert outcome.state == "failed"  # at once: retries would only meet it again
    for name in names:
        assert name in outcome.error
    assert house.paid() == []
    assert house.unfinished() == []
    assert life.store == {}


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
    life = house.encode(source)

    outcome = life.run()

    assert outcome.state == "failed"
    assert source in outcome.error
    assert says in outcome.error
    assert house.paid() == []


def test_a_truncated_video_without_its_index_is_refused(house: House) -> None:
    clip = sample_clip().read_bytes()
    life = house.encode(
        house.put("cut.mp4", clip[: len(clip) // 2] if clip.find(b"moov") > len(clip) // 2 else clip[:99])
    )

    assert life.run().state == "failed"
    assert house.paid() == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (conn(password="wrong"), "API key"),
        (conn(password=None), "API key"),
        (conn(conn_type="http"), "bytenite"),
        (conn(host="http://192.0.2.1"), "https"),
    ],
    ids=["wrong key", "no key", "wrong type", "plain http abroad"],
)
def test_a_wrong_connection_is_told_from_everything_else(
    house: House, monkeypatch: pytest.MonkeyPatch, change: Callable[[pytest.MonkeyPatch, House], None], says: str
) -> None:
    change(monkeypatch, house)
    life = house.encode(house.put())

    outcome = life.run()

    assert outcome.state == "failed"
    assert says in outcome.error
    assert life.store == {}


def test_a_wallet_that_is_empty_leaves_no_draft_behind(house: House) -> None:
    house.sandbox.settings(balance=0)
    life = house.encode(house.put())

    outcome = life.run()
    house.sandbox.settings(balance=1_000_000)

    assert outcome.state == "failed"
    assert "balance" in outcome.error.lower() or "fund" in outcome.error.lower()
    assert house.unfinished() == []


def test_an_unknown_parameter_in_a_preset_names_file_and_field(
    house: House, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("presets")
    (folder / "bytenite").mkdir()
    (folder / "bytenite/odd.yaml").write_text(
        "data:\n  outputs:\n    - output_params:\n        video: {codec: libx264, sharpness: 3}\n"
    )
    monkeypatch.setenv("REELWORKS_PRESETS", str(folder))
    life = house.encode(house.put(), preset="odd")

    outcome = life.run()

    assert outcome.state == "failed"
    assert "odd.yaml" in outcome.error
    assert "sharpness" in outcome.error
