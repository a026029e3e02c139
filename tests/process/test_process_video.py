"""Whole runs of process_video, in one process."""

from __future__ import annotations

import pytest

from tests.process.house import ProcessHouse

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]


def test_a_video_is_probed_encoded_verified_and_published(house: ProcessHouse) -> None:
    source = house.put("a/video.mp4")

    (run,) = house.run(source)

    assert run["state"] == "success", run
    place = f"{house.prefix}/a/video/small"
    assert {f"{place}/h264_360p.mp4", f"{place}/manifest.json"} <= {*house.published}
