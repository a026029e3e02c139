"""The course of a drill: videos land, things die, until every video is over and the services are quiet."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

from drill import airflow
from drill.plan import Blow, Landing
from drill.stage import Stage
from stack.terminal import Terminal

LOOK = 1.0
QUIET = 150.0
"""Seconds within which nothing may be left at a service once all runs are over."""


@dataclass
class Course:
    """Ticks until all is over. ``trouble`` is what a drill that came to its limit says."""

    stage: Stage
    terminal: Terminal
    limit: float
    struck: list[str] = field(default_factory=list)
    trouble: str = ""

    def run(self) -> None:
        """Go all the way."""
        until = time.monotonic() + self.limit
        landings, blows = self._landings(), self._blows()
        landing = striking = True
        while landing or striking or not self._all_over:
            if time.monotonic() > until:
                self.trouble = f"not all was over after {self.limit:.0f} s: {self._told()}"
                return
            landing = landing and next(landings, None) is not None
            striking = striking and next(blows, None) is not None
            self.stage.cluster.processes.check()
            self._look()
            time.sleep(LOOK)
        self._wait_until_quiet()

    # Each yields as long as it has something left to do.

    def _landings(self) -> Iterator[bool]:
        recipe = self.stage.plan.landings[0].recipe
        for landed, landing in enumerate(self.stage.plan.landings):
            if landing.recipe != recipe:
                # All of the last wave has to be noticed first, the lost events' videos by the sweep.
                while self.runs < landed:
                    yield True
                self.terminal.say(f"  {self.terminal.clock()}  {landed} landed and noticed; next: {landing.recipe}")
                recipe = self._turned(landing)
            self.stage.land(landing)
            due = time.monotonic() + landing.pause
            while time.monotonic() < due:
                yield True

    def _turned(self, landing: Landing) -> str:
        while True:
            # The API server may be about to come back.
            with contextlib.suppress(requests.RequestException):
                self.stage.turn_to(landing.recipe)
                return landing.recipe
            time.sleep(LOOK)

    def _blows(self) -> Iterator[bool]:
        for blow in self.stage.plan.blows:
            while self.over < blow.after:
                yield True
            due = time.monotonic() + blow.pause
            while time.monotonic() < due:
                yield True
            self._strike(blow)

    def _strike(self, blow: Blow) -> None:
        self.terminal.say(f"  {self.terminal.clock()}  {blow.target} dies ({self.over} of the videos are over)")
        if blow.target == "database":
            self.stage.cluster.restart_database()
        else:
            self.stage.cluster.kill(blow.target)
        self.struck.append(blow.target)

    # How far it is, for a person and for the blows; nothing of this is judged.

    runs: int = 0
    over: int = 0

    @property
    def _all_over(self) -> bool:
        return self.over >= self.stage.plan.count

    def _look(self) -> None:
        with contextlib.suppress(requests.RequestException):  # Airflow's own parts die, too
            self.runs = airflow.runs_in(self.stage.cluster.airflow)
            self.over = airflow.runs_in(self.stage.cluster.airflow, "success", "failed")
        self.terminal.show(self._told(), self._told())

    def _told(self) -> str:
        return f"{self.runs} of {self.stage.plan.count} noticed, {self.over} over, {len(self.struck)} deaths"

    def _wait_until_quiet(self) -> None:
        until = time.monotonic() + QUIET
        while left := self._left():
            if time.monotonic() > until:
                return  # the checker names it
            self.terminal.show(f"all runs are over; left at services: {left}", str(left))
            time.sleep(LOOK)

    def _left(self) -> int:
        ledgers = (self.stage.cluster.ledger(service) for service in ("bytenite", "openencoder", "pixop"))
        return sum(len(_alive(ledger)) for ledger in ledgers)


def _alive(ledger: dict[str, Any]) -> list[Any]:
    named = [each for what in ("unfinished", "drafts", "alive") for each in ledger.get(what, ())]
    return [*named, *ledger.get("machines", {}).get("alive", ())]
