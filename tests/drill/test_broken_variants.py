"""The checker tells operators that lack one guarantee from those that ship, by what can be seen from outside."""

from __future__ import annotations

import multiprocessing
import re
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

TWICE = ("duplicate paid jobs", "jobs did one piece of work: {service} job")
LEFT = "left at a service"
EARLY = "visible before verification"
NAMED = {
    "intent not stored": {"bytenite": TWICE, "openencoder": TWICE},
    # What ByteNite's create makes is free until it is run, and the id is stored in between: so it is only left.
    "no look-up before submit": {"bytenite": (LEFT, r"bytenite: \S+ is left \(drafts\)"), "openencoder": TWICE},
    "cancel missing": {
        "bytenite": (LEFT, r"bytenite: \S+ is left \(unfinished\)"),
        "openencoder": (LEFT, r"openencoder: \S+ is left \(unfinished\)"),
    },
    # A job that fails at Open Encoder leaves nothing that could pass for its output.
    "success by default": {"bytenite": ("missing or wrong outputs", "names bytenite job .* which is JOB_STATE_FAILED")},
    "publish before verify": {
        "bytenite": (EARLY, r"/h264_360p\.mp4 was to be seen, and its video is refused"),
        "openencoder": (EARLY, r"/h264_baseline_360p_600\.mp4 was to be seen, and its video is refused"),
    },
}
"""The rule that each has to break at least with each service, and how, as a pattern."""


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


@pytest.mark.parametrize(
    ("variant", "service"), [(variant, service) for variant, named in NAMED.items() for service in named]
)
def test_a_broken_variant_is_found_out(variant: str, service: str, found: dict[str, list[Violation]]) -> None:
    rule, how = NAMED[variant][service]
    pattern = re.compile(how.replace("{service}", service))

    assert any(each.rule == rule and pattern.search(each.what) for each in found[variant]), found[variant]


def test_every_variant_is_judged() -> None:
    assert set(NAMED) == set(BROKEN)
