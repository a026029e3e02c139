"""The clips that land in the demo are what the story says of them."""

from pathlib import Path

import pytest

from reelworks.core.errors import BadInputError
from reelworks.media.probe import probe
from stack import clip


def test_a_short_clip_keeps_its_codec_and_a_broken_one_does_not_play_through(tmp_path: Path) -> None:
    whole = clip.made_clip(tmp_path / "clip.mp4")

    short = probe(str(clip.short_clip(whole, tmp_path / "short.mp4")))
    broken = clip.broken_clip(whole, tmp_path / "broken.mp4")

    assert short.video[0].codec == "h264"
    assert short.duration == pytest.approx(clip.TAPE_SECONDS, abs=0.3)
    with pytest.raises(BadInputError):
        probe(str(broken))
