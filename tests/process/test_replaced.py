"""A source that is replaced on the way is never mixed with what was made of the one before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.media.clips import make
from tests.process.house import ProcessHouse
from tests.process.lives import Lives

pytestmark = pytest.mark.timeout(200)


def replace(house: ProcessHouse, folder: Path) -> None:
    path = make(folder / "new.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")
    house.put(body=path.read_bytes())


def test_a_source_that_is_replaced_before_its_encode_begins_costs_nothing(
    at_hand: ProcessHouse, tmp_path: Path
) -> None:
    lives = Lives(at_hand, tmp_path, at_hand.put())
    assert lives.probed().state == "success"

    replace(at_hand, tmp_path)
    outcome = lives.encode.run()

    assert outcome.state == "failed"
    assert "was replaced" in outcome.error
    assert at_hand.paid() == 0


def test_a_source_that_is_replaced_after_its_encode_is_not_published(at_hand: ProcessHouse, tmp_path: Path) -> None:
    lives = Lives(at_hand, tmp_path, at_hand.put())
    assert lives.probed().state == "success"
    encoded = lives.encode
    assert encoded.run().state == "success"

    replace(at_hand, tmp_path)
    outcome = lives.publish(encoded).run()

    assert outcome.state == "failed"
    assert "was replaced" in outcome.error
    assert at_hand.published == []
