"""What will happen in a drill: a pure function of its seed and the number of videos."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from typing import Any, Literal

from drill.expected import Fate

Kind = Literal["sound", "noisy", "cut off", "empty", "text"]
"""``noisy``: noise that no encoder keeps, so that the outputs fail their gate. The last three cannot be worked on."""

BROKEN: tuple[Kind, ...] = ("cut off", "empty", "text")
FATES: dict[Kind, Fate] = {
    "sound": "published",
    "noisy": "refused",
    "cut off": "quarantined",
    "empty": "quarantined",
    "text": "quarantined",
}

WAVES = {"every": 0.3, "archive": 0.2, "phones": 0.5}
"""The recipes, one after the other, and how many of the videos go through each. One inbox has one recipe."""

WORKERS, TRIGGERERS = ("worker-1", "worker-2"), ("triggerer-1", "triggerer-2")

BAD, NOISY = 0.05, 0.02
"""Parts of the videos."""

SERVICES = ("bytenite", "openencoder", "pixop", "sqs")

FAULTED = 0.05
"""The part of all API calls that goes wrong."""

KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("status", {"status": 503}),
    ("status_after", {"status": 502}),
    ("reset_before", {}),
    ("reset_after", {}),
    ("truncate", {}),
    ("content_type", {}),
    ("hang", {"seconds": 3}),
)


@dataclass(frozen=True)
class Landing:
    """One video: ``pause`` is for how many seconds nothing lands before it does."""

    number: int
    key: str
    recipe: str
    kind: Kind
    pause: float

    @property
    def fate(self) -> Fate:
        """What has to become of it."""
        return FATES[self.kind]


@dataclass(frozen=True)
class Blow:
    """One death: ``pause`` seconds after ``after`` of the videos are over."""

    target: str
    after: int
    pause: float


@dataclass(frozen=True)
class Plan:
    """All of it; ``faults`` by service, in each of which chance is a game of its own."""

    seed: int
    count: int
    landings: tuple[Landing, ...]
    blows: tuple[Blow, ...]
    faults: dict[str, tuple[dict[str, Any], ...]]
    events: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return it for a file that people read."""
        return asdict(self)


def make_plan(seed: int, count: int) -> Plan:
    """Draw everything that is left to chance; ``count`` is how many videos land."""
    dice = random.Random(seed)  # noqa: S311  (repeatable on purpose)
    return Plan(
        seed=seed,
        count=count,
        landings=tuple(_landings(dice, count)),
        blows=tuple(_blows(dice, count)),
        faults={service: tuple(_faults(dice)) for service in SERVICES},
        # Of so many events one each; the numbers have no common factor, so that the faults meet in all ways.
        events={
            "lose_every": 11,
            "duplicate_every": 5,
            "duplicate_seconds": 4,
            "delay_every": 7,
            "delay_seconds": round(dice.uniform(3, 12), 1),
        },
    )


def deaths(count: int) -> dict[str, int]:
    """Say how often what is killed: the issue's figures from a hundred videos on, fewer for a short drill."""
    often, seldom = (10, 2) if count >= 100 else (3, 1)
    return {"worker": often, "triggerer": often, "scheduler": seldom, "database": 1}


def _landings(dice: random.Random, count: int) -> list[Landing]:
    recipes = _shared(count)
    kinds: list[Kind] = ["sound"] * count
    # Noise is only in the way of Open Encoder's small file, which the last recipe makes straight from it.
    last = [number for number, recipe in enumerate(recipes) if recipe == recipes[-1]]
    noisy = dice.sample(last, max(1, round(count * NOISY)))
    others = [number for number in range(count) if number not in noisy]
    for which, number in enumerate(dice.sample(others, max(2, round(count * BAD)))):
        kinds[number] = BROKEN[which % len(BROKEN)]
    for number in noisy:
        kinds[number] = "noisy"
    landings = []
    for number, (recipe, kind) in enumerate(zip(recipes, kinds, strict=True)):
        # Letters that events spell in another way, and a suffix in capitals now and then.
        name = dice.choice(["clip {}", "clip+{}", "clip_{}", "Clip ä {}"]).format(f"{number:04}")
        key = f"{recipe}/{name}.{dice.choice(['mp4', 'mp4', 'MP4'])}"
        landings.append(Landing(number, key, recipe, kind, round(dice.uniform(0, 1.0), 2)))
    return landings


def _shared(count: int) -> list[str]:
    names = list(WAVES)
    numbers = [round(count * part) for part in WAVES.values()]
    numbers[-1] += count - sum(numbers)
    return [name for name, number in zip(names, numbers, strict=True) for _ in range(number)]


def _blows(dice: random.Random, count: int) -> list[Blow]:
    numbers = deaths(count)
    targets = [WORKERS[each % 2] for each in range(numbers["worker"])]
    targets += [TRIGGERERS[each % 2] for each in range(numbers["triggerer"])]
    targets += ["scheduler"] * numbers["scheduler"] + ["database"] * numbers["database"]
    dice.shuffle(targets)
    # Spread over the first four fifths, so that all of them meet work that goes on.
    moments = sorted(dice.uniform(0, 0.8) * count for _ in targets)
    pairs = zip(targets, moments, strict=True)
    return [Blow(target, int(after), round(dice.uniform(1, 6), 1)) for target, after in pairs]


def _faults(dice: random.Random) -> list[dict[str, Any]]:
    """Give the sandbox's rules. Each is asked only where those before it pass: their parts grow a little."""
    each, left, rules = FAULTED / len(KINDS), 1.0, []
    for kind, more in KINDS:
        rules.append({"kind": kind, "probability": each / left, "seed": dice.randrange(10**6), **more})
        left -= each
    return rules
