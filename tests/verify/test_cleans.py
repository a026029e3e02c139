"""What is good passes, however odd its source; `benchmarks/verify_corpus.py` does the same with a hundred."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.verify.gates import Gates
from reelworks.verify.verify import verify
from tests.verify.cleans import Clean, cleans, make_output, make_source

SOME = {
    "vfr-thirty", "turned-mpeg2", "top_first-dnxhr", "bottom_first-half_rate", "ten_bit-h264",
    "no_sound-h264_240", "two_tracks-half_rate", "surround-vp9", "no_counts-thirty", "film_rate-mpeg2",
    "half_a_second-larger", "odd_size-half_rate", "silent-h264", "black-prores", "full_range-h264",
    "wide_pixels-h264_240", "mono-hevc",
}  # fmt: skip
CHOSEN = [clean for clean in cleans() if clean.name in SOME]


@pytest.mark.parametrize("clean", CHOSEN, ids=lambda clean: clean.name)
def test_a_good_output_is_not_refused(clean: Clean, tmp_path: Path) -> None:
    source = make_source(clean.source, tmp_path)
    output, promised = make_output(clean, source, tmp_path)

    assert verify(output, source, promised=promised, gates=Gates()).faults == []


def test_there_are_a_hundred() -> None:
    names = [clean.name for clean in cleans()]

    assert len(set(names)) == 100
    assert set(names) >= SOME
