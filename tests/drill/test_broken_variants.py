"""The checker tells operators that lack one guarantee from those that ship, by what can be seen from outside."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from drill.checker import Violation
from tests.drill.broken import BROKEN
from tests.drill.scenario import played

# Whichever test comes first plays all six, which takes a busy machine minutes.
pytestmark = pytest.mark.timeout(1200)

SEED = 5
AS_SHIPPED = "as shipped"
AT_ONCE = 3
"""Half the time of each is waiting."""

NAMED = {
    "intent not stored": ("duplicate paid jobs", "jobs did one piece of work"),
    "no look-up before submit": ("duplicate paid jobs", "jobs did one piece of work"),
    "cancel missing": ("left at a service", "is left (unfinished)"),
    "success by default": ("missing or wrong outputs", "which is JOB_STATE_FAILED"),
    "publish before verify": ("visible before verification", "and its video is refused"),
}
"""The rule that each has to break at least, and how."""


def play(told: tuple[str, Path]) -> tuple[str, list[Violation]]:
    variant, folder = told
    return variant, played(None if variant == AS_SHIPPED else variant, folder, SEED)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Violation]]:
    """What the checker says of each, all on the same scenario; each is played in a process of its own."""
    folder = tmp_path_factory.mktemp("drill")
    told = [(variant, folder / variant.replace(" ", "_")) for variant in (AS_SHIPPED, *BROKEN)]
    with multiprocessing.get_context("fork").Pool(AT_ONCE, maxtasksperchild=1) as pool:
        return dict(pool.imap_unordered(play, told))


def test_the_operators_that_ship_pass(found: dict[str, list[Violation]]) -> None:
    assert found[AS_SHIPPED] == []


@pytest.mark.parametrize("variant", BROKEN)
def test_a_broken_variant_is_found_out(variant: str, found: dict[str, list[Violation]]) -> None:
    rule, how = NAMED[variant]

    assert any(violation.rule == rule and how in violation.what for violation in found[variant]), found[variant]
