"""A publication that sleeps for longer than it holds its place, and finds another there when it wakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reelworks.core.errors import BadInputError, BusyError
from reelworks.media.s3 import s3_client
from reelworks.process import hold
from reelworks.process.publish import Publisher
from reelworks.recipes import load_recipe
from tests.media.clips import make
from tests.process.house import ProcessHouse
from tests.process.lives import Lives, StoppableLife


def encoded(lives: Lives) -> StoppableLife:
    assert lives.probed().state == "success"
    life = lives.encode
    assert life.run().state == "success"
    return life


def made(lives: Lives, life: StoppableLife) -> dict[str, Any]:
    """What the publication is told of the encode."""
    ((task, work),) = lives.plan["work"].items()
    return {
        "task": task,
        "name": work["name"],
        "work": work,
        "job": life.xcoms["job"],
        "outputs": life.xcoms["return_value"],
    }


@pytest.mark.timeout(120)
def test_the_manifest_of_the_newer_version_stays_when_the_older_publication_wakes(
    at_hand: ProcessHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = at_hand
    film = make(tmp_path / "b.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac").read_bytes()
    source = house.put()
    older = Lives(house, tmp_path, source)
    older_encode = encoded(older)
    house.put(body=film)
    newer = Lives(house, tmp_path, source)
    newer_encode = encoded(newer)
    house.put()
    monkeypatch.setattr(hold, "LASTS", 0.0)  # whoever sleeps has slept for too long
    client, slept = s3_client("aws_default"), list[str]()

    def overtaken(http_response: Any, **_: Any) -> None:
        """As the older one has the place, and has read its source for the manifest."""
        if "/inbox/" in http_response.url and not slept:
            house.put(body=film)
            slept.append(newer.publish(newer_encode).run_until_over().state)

    client.meta.events.register("after-call.s3.GetObject", overtaken)
    sleeper = Publisher(client, load_recipe("small"), older.plan, (made(older, older_encode),))

    with pytest.raises(BusyError, match="slept for too long"):
        sleeper.publish()

    assert slept == ["success"]
    assert house.read(f"{house.prefix}/video/small/manifest.json")["run"]["run_id"] == newer.run_id


@pytest.mark.parametrize("at", ["DeleteObject", "CopyObject"])  # as the older manifest goes, and at the very last
def test_an_output_that_is_replaced_after_it_was_verified_is_not_published(
    at_hand: ProcessHouse, tmp_path: Path, at: str
) -> None:
    house = at_hand
    lives = Lives(house, tmp_path, house.put())
    encode = encoded(lives)
    (staged,) = house.staged
    client, replaced = s3_client("aws_default"), list[str]()

    def replace(params: Any, **_: Any) -> None:
        house.s3.put_object(Bucket="outbox", Key=staged, Body=b"not what was looked at")
        replaced.append(params["url_path"])

    client.meta.events.register(f"before-call.s3.{at}", replace)

    with pytest.raises(BadInputError, match="was replaced"):
        Publisher(client, load_recipe("small"), lives.plan, (made(lives, encode),)).publish()

    assert len(replaced) == 1
    assert house.published == []
