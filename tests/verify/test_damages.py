"""Every kind of damage is refused; `benchmarks/verify_corpus.py` does the same at length."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.core.presets import Rendition
from reelworks.verify.gates import Gates
from reelworks.verify.verify import verify
from tests.verify.damages import DAMAGES, HOLD_OUT, Damage
from tests.verify.sources import Sources

GATES = Gates(vmaf_every=10)


@pytest.mark.parametrize("damage", [pytest.param(damage, id=damage.name) for damage in [*DAMAGES, *HOLD_OUT]])
def test_damage_is_refused(damage: Damage, sources: Sources, tmp_path: Path) -> None:
    output = tmp_path / "output.mp4"
    damage.make(sources, output)
    source = sources.survey(damage.source)

    promised = Rendition("output.mp4", None, "mp4", "h264", source.film.height, True, True)
    verdict = verify(output, getattr(sources, damage.source), promised=promised, gates=GATES, surveyed=source)

    assert not verdict.ok
    assert all(verdict.faults)


def test_there_are_sixty_kinds_and_more() -> None:
    assert len({damage.name for damage in DAMAGES}) == 60
    assert not {damage.name for damage in DAMAGES} & {damage.name for damage in HOLD_OUT}
