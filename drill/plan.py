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

UNTIL = dict.fromkeys(TRIGGERERS, 0.5)
"""The part of the videos that is over when it dies last, if not four fifths: all of them have to meet work that goes
on, and triggerers jobs that have yet to begin."""

BAD, NOISY = 0.05, 0.02
"""Parts of the videos."""

SERVICES = ("bytenite", "openencoder", "pixop", "sqs")

SLOW = (("bytenite",), ("openencoder", "pixop"))
"""Whose jobs take long, in turns. Every recipe has a job at each of the two, so some video always waits."""

LONG = (15, 30)
"""Seconds that a long job takes: more than the ten for which a task waits in place."""

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
    """One death: ``pause`` seconds after ``after`` of the videos are over. A triggerer dies once it holds waits.

    One that ``bereaves`` strikes where an orphan's task waits; its run is deleted before anybody takes it over.
    """

    target: str
    after: int
    pause: float
    bereaves: bool = False


@dataclass(frozen=True)
class Pace:
    """How many seconds at least a job takes at each service, once ``after`` of the videos are over."""

    after: int
    seconds: dict[str, float]


@dataclass(frozen=True)
class Orphan:
    """A video whose run is deleted while its job goes on at ``service``: only ``reap_remote`` is there to end it."""

    number: int
    key: str
    service: str


@dataclass(frozen=True)
class Plan:
    """All of it; ``faults`` by service, in each of which chance is a game of its own."""

    seed: int
    count: int
    landings: tuple[Landing, ...]
    orphans: tuple[Orphan, ...]
    blows: tuple[Blow, ...]
    paces: tuple[Pace, ...]
    faults: dict[str, tuple[dict[str, Any], ...]]
    events: dict[str, Any]

    @property
    def contents(self) -> dict[int, Kind]:
        """Return what is in each clip, by its number."""
        kinds = {landing.number: landing.kind for landing in self.landings}
        return kinds | {orphan.number: "sound" for orphan in self.orphans}

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
        orphans=tuple(_orphans(dice, count)),
        blows=tuple(_blows(dice, count)),
        paces=tuple(_paces(dice, count)),
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


def orphans(count: int) -> dict[str, int]:
    """Say how many orphans there are at each service.

    None at ByteNite, where nothing is left of a job that is over: its job would have to last longer than the grace of
    ``reap_remote``, and all others there with it.
    """
    return dict.fromkeys(("openencoder", "pixop"), 2 if count >= 100 else 1)


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


def _orphans(dice: random.Random, count: int) -> list[Orphan]:
    services = [service for service, number in orphans(count).items() for _ in range(number)]
    dice.shuffle(services)
    # Beside the inboxes: nobody is to notice them.
    return [Orphan(number, f"orphans/{number}.mp4", service) for number, service in enumerate(services, start=count)]


def _blows(dice: random.Random, count: int) -> list[Blow]:
    numbers = deaths(count)
    # Orphans may wait in either triggerer, so both die first of all.
    bereaving = [Blow(target, 0, 0.0, bereaves=True) for target in TRIGGERERS]
    targets = [WORKERS[each % 2] for each in range(numbers["worker"])]
    targets += [TRIGGERERS[each % 2] for each in range(numbers["triggerer"] - len(bereaving))]
    targets += ["scheduler"] * numbers["scheduler"] + ["database"] * numbers["database"]
    later = [
        Blow(target, int(dice.uniform(0, UNTIL.get(target, 0.8)) * count), round(dice.uniform(1, 6), 1))
        for target in targets
    ]
    return [*bereaving, *sorted(later, key=lambda blow: blow.after)]


def _paces(dice: random.Random, count: int) -> list[Pace]:
    turns = 10 if count >= 100 else 4
    return [Pace(turn * count // turns, _seconds(dice, SLOW[turn % 2])) for turn in range(turns)]


def _seconds(dice: random.Random, slow: tuple[str, ...]) -> dict[str, float]:
    services = [service for turn in SLOW for service in turn]
    return {service: round(dice.uniform(*LONG), 1) if service in slow else 0.0 for service in services}


def _faults(dice: random.Random) -> list[dict[str, Any]]:
    """Give the sandbox's rules. Each is asked only where those before it pass: their parts grow a little."""
    each, left, rules = FAULTED / len(KINDS), 1.0, []
    for kind, more in KINDS:
        rules.append({"kind": kind, "probability": each / left, "seed": dice.randrange(10**6), **more})
        left -= each
    return rules
