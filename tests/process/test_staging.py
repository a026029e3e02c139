"""Staged outputs outlive the run that failed, but not for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reelworks.process.staging import LONGEST, sweep
from tests.process.house import ProcessHouse


def test_what_was_staged_over_a_week_ago_is_removed_and_the_rest_stays(at_hand: ProcessHouse) -> None:
    sweep(at_hand.s3, "outbox", datetime.now(UTC) + 2 * LONGEST)  # what other tests have left
    at_hand.s3.put_object(Bucket="outbox", Key="_staging/left/a.mp4", Body=b"left")

    assert sweep(at_hand.s3, "outbox") == 0
    assert at_hand.staged == ["_staging/left/a.mp4"]
    assert sweep(at_hand.s3, "outbox", datetime.now(UTC) + LONGEST + timedelta(minutes=1)) == 1
    assert at_hand.staged == []
