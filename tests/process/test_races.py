"""Two publications at one place: the newest version of the source wins, whole, whoever is slow and wherever.

``REELWORKS_SLEEPS`` is at how many points of the older publication its process falls asleep.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from reelworks.core.errors import BadInputError, BusyError
from reelworks.media.url import S3Url
from reelworks.process import hold
from reelworks.process.hold import Hold, Notes, held
from reelworks.process.owner import reserved
from tests.media.clips import make
from tests.process.house import ProcessHouse
from tests.process.lives import Lives, StoppableLife
from tests.task_process import Outcome

SLEEPS = int(os.environ.get("REELWORKS_SLEEPS", "3"))
ONE, OTHER = {"dag_id": "process_video", "run_id": "one"}, {"dag_id": "process_video", "run_id": "other"}

pytestmark = pytest.mark.timeout(120 + 60 * SLEEPS)


def body(house: ProcessHouse, key: str) -> bytes:
    return bytes(house.s3.get_object(Bucket="outbox", Key=key)["Body"].read())


@contextmanager
def asleep(life: StoppableLife, at: int) -> Iterator[Future[Outcome]]:
    """Let a task run up to a point, where it sleeps until the end of the block."""
    life.stop_at, life.asleep.value = life.points.value + at, 0
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(life.run)
        try:
            while not running.done() and not life.asleep.value:
                time.sleep(0.02)
            yield running
        finally:
            life.stop_at = 0
            life.wake()


def test_an_older_version_never_replaces_a_newer_one_wherever_it_is_overtaken(
    at_hand: ProcessHouse, tmp_path: Path
) -> None:
    house, versions = at_hand, []
    for film in (None, make(tmp_path / "b.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac").read_bytes()):
        source = house.put(body=film)
        lives = Lives(house, tmp_path, source)
        assert lives.probed().state == "success"
        encoded = lives.encode
        assert encoded.run().state == "success"
        staged = {
            key: body(house, key) for key in house.staged if key.startswith(S3Url.parse(lives.plan["staging"]).key)
        }
        publishing = lives.publish(encoded)
        assert publishing.run().state == "success"
        versions.append((film, staged, publishing, publishing.points.value))
    (first, older, overtaken, points), (second, newer, overtaking, _) = versions
    place = f"{house.prefix}/{house.prefix}/video/small"
    manifest, output = f"{place}/manifest.json", f"{place}/h264_360p.mp4"

    for number in range(SLEEPS):
        house.s3.delete_object(Bucket="outbox", Key=manifest)
        house.put(body=first)
        for key, content in {**older, **newer}.items():
            house.s3.put_object(Bucket="outbox", Key=key, Body=content)
        # From the first look at the source to the last word of the publication.
        at = round(points * (0.15 + 0.8 * number / max(1, SLEEPS - 1)))
        with asleep(overtaken, at) as sleeper, ThreadPoolExecutor(1) as pool:
            house.put(body=second)
            winner = pool.submit(overtaking.run_until_over)
            wait([winner], 12)  # unless it waits for the sleeper, who holds the place
            overtaken.wake()
            ended = sleeper.result(), winner.result()

        where = f"asleep at point {at} of {points}: {ended}"
        assert ended[1].state == "success", where
        assert ended[0].state == "success" or "was replaced" in ended[0].error, where
        told = json.loads(body(house, manifest))
        assert told["run"]["run_id"] == overtaking.run_id, where
        assert body(house, output) == next(iter(newer.values())), where
        assert house.reserved in ([], [f"s3://outbox/{place}"]), where


@pytest.fixture
def notes(at_hand: ProcessHouse) -> Notes:
    return Notes(at_hand.s3, S3Url("outbox", f"{at_hand.prefix}/video/small"))


def test_a_place_is_held_by_one_run_and_the_same_run_takes_it_over_when_its_process_has_died(notes: Notes) -> None:
    dead = Hold(notes, "s3://inbox/a.mp4", ONE)

    with held(notes.client, notes.place, "s3://inbox/a.mp4", ONE) as retry:
        retry.renew()
        with pytest.raises(BusyError, match="slept for too long"):
            # The etag that it knows is that of a note which the retry has replaced.
            _as_if_of(dead, OTHER).renew()

    assert notes.read() == (None, "")


def test_a_second_run_waits_until_the_first_lets_go_or_has_been_silent_for_too_long(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "PAUSE", 0.05)
    first = Hold(notes, "s3://inbox/a.mp4", ONE)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Hold, notes, "s3://inbox/a.mp4", OTHER)
        assert not wait([waiting], 1).done
        first.release(keep=False)
        second = waiting.result(20)
    monkeypatch.setattr(hold, "LASTS", -1.0)
    second.renew()  # its process dies here, and its time is over at once

    third = Hold(notes, "s3://inbox/a.mp4", ONE)

    with pytest.raises(BusyError):
        second.renew()
    third.release(keep=False)
    assert notes.read() == (None, "")


def test_of_two_sources_with_one_place_the_first_keeps_it_while_it_is_there(
    at_hand: ProcessHouse, notes: Notes
) -> None:
    mp4, mov = at_hand.put("video.mp4", b"1"), at_hand.put("video.mov", b"2")
    assert reserved(notes.client, notes.place, mp4) is None
    assert reserved(notes.client, notes.place, mp4) is None

    with pytest.raises(BadInputError, match="rename this one"):
        reserved(notes.client, notes.place, mov)
    at_hand.s3.delete_object(Bucket="inbox", Key=f"{at_hand.prefix}/video.mp4")

    assert reserved(notes.client, notes.place, mov) is None
    found, _ = notes.read()
    assert found
    assert found.source == mov


def test_a_failed_publication_keeps_the_place_for_its_source(notes: Notes) -> None:
    def fails() -> None:
        with held(notes.client, notes.place, "s3://inbox/a.mp4", ONE):
            raise BadInputError("no")

    with pytest.raises(BadInputError):
        fails()

    found, _ = notes.read()
    assert found
    assert (found.source, found.run) == ("s3://inbox/a.mp4", None)


def _as_if_of(hold: Hold, run: dict[str, Any]) -> Hold:
    hold.run = run
    return hold
