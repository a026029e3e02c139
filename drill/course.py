"""The course of a drill: videos land, things die, until every video is over and the services are quiet."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import requests

from drill import airflow
from drill.evidence import Death
from drill.left import left_at_services
from drill.orphans import HELD, Orphans
from drill.plan import TRIGGERERS, WORKERS, Blow, Landing
from drill.stage import Stage
from drill.waits import Wait, tasks_of, waits_of
from stack.terminal import Terminal

LOOK = 1.0
QUIET = 300.0
"""Seconds within which nothing may be left at a service once all runs are over: ``reap_remote`` leaves a thing alone
for 120, comes once a minute, waits for a task's start and looks twice; its retry comes a minute later."""
COMPANY = 30.0
"""Seconds for which a triggerer with an orphan's wait is spared until a video's has joined it."""


@dataclass
class Course:
    """Ticks until all is over. ``trouble`` is what a drill that came to its limit says."""

    stage: Stage
    terminal: Terminal
    limit: float
    deaths: list[Death] = field(default_factory=list)
    trouble: str = ""

    def __post_init__(self) -> None:
        """Plan the orphans."""
        self.orphans = Orphans(self.stage.cluster.airflow, self.stage.plan.orphans)

    def run(self) -> None:
        """Go all the way."""
        until = time.monotonic() + self.limit
        landings, blows, paces = self._landings(), self._blows(), self._paces()
        landing = striking = True
        while landing or striking or not self._all_over:
            if time.monotonic() > until:
                self.trouble = f"not all was over after {self.limit:.0f} s: {self._told()}"
                return
            landing = landing and next(landings, None) is not None
            striking = striking and next(blows, None) is not None
            next(paces, None)
            self.stage.cluster.processes.check()
            self._look()
            time.sleep(LOOK)
        self._wait_until_quiet()

    # Each yields as long as it has something left to do.

    def _landings(self) -> Iterator[bool]:
        # First of all, or videos take the slots that orphans' tasks have to wait in.
        yield from self._orphans_begun()
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

    def _orphans_begun(self) -> Iterator[bool]:
        self.stage.pace(HELD)
        for orphan in self.stage.plan.orphans:
            self.stage.land(orphan)
        self.orphans.begin()
        while self.orphans.pending and not self.orphans.waiting <= {*chain(*self._waits().values())}:
            yield True
        self.orphans.gathered = time.monotonic()

    def _paces(self) -> Iterator[bool]:
        while self.orphans.pending:
            yield True
        # Those that were not made in time must not be published now.
        self.orphans.desert(self.orphans.waiting)
        for pace in self.stage.plan.paces:
            while self.over < pace.after:
                yield True
            self.stage.pace(pace.seconds)

    def _blows(self) -> Iterator[bool]:
        for blow in self.stage.plan.blows:
            while self.over < blow.after:
                yield True
            due = time.monotonic() + blow.pause
            while time.monotonic() < due:
                yield True
            while not self._struck(blow):
                if self._all_over:
                    return  # there is nothing left to strike, and the verdict says so
                yield True

    def _target(self, blow: Blow) -> str:
        """Say what dies now; of triggerers and workers, which are all alike, one that has to do with videos, if any."""
        if blow.target in WORKERS:
            busy = [part for part in WORKERS if self._at_work(part)]
            return blow.target if blow.target in busy else next(iter(busy), "")
        if blow.target not in TRIGGERERS:
            return blow.target
        waits = self._waits()
        with_videos = [part for part, held in waits.items() if any(wait.dag_id == airflow.DAG for wait in held)]
        if blow.bereaves and self.orphans.pending:
            late = time.monotonic() - self.orphans.gathered
            with_orphans = [part for part, held in waits.items() if self.orphans.waiting & {*held}]
            with_both = [part for part in with_orphans if part in with_videos]
            return next(iter(with_both or (with_orphans if late > COMPANY else ())), "")
        return blow.target if blow.target in with_videos else next(iter(with_videos), "")

    def _at_work(self, worker: str) -> int:
        """Count the videos of which a task is at work there."""
        tasks = tasks_of(self.stage.cluster.processes.named(worker).guard.pid)
        return sum(task.dag_id == airflow.DAG for task in tasks)

    def _waits(self) -> dict[str, list[Wait]]:
        """Return what waits in each triggerer."""
        processes = self.stage.cluster.processes
        return {part: waits_of(processes.named(part).guard.pid) for part in TRIGGERERS}

    def _struck(self, blow: Blow) -> bool:
        """Let something die, unless there is nothing yet that is worth it, or no more."""
        if self._all_over or not (target := self._target(blow)):
            return False
        held = self._waits()[target] if target in TRIGGERERS else []
        waits = sum(wait.dag_id == airflow.DAG for wait in held)
        tasks = self._at_work(target) if target in WORKERS else 0
        if target in WORKERS and not tasks:
            return False  # it has just ended
        had = f" with {waits} waits" if target in TRIGGERERS else f" with tasks of {tasks}" if tasks else ""
        self.terminal.say(f"  {self.terminal.clock()}  {target} dies{had} ({self.over} of the videos are over)")
        if target == "database":
            self.stage.cluster.restart_database()
        else:
            self.stage.cluster.kill(target)
        self.deaths.append(Death(target, waits, tasks))
        self.orphans.desert(held)
        return True

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
        if self.orphans.to_be_seen:
            self.orphans.look(self.stage.at_services())
        self.terminal.show(self._told(), self._told())

    def _told(self) -> str:
        return f"{self.runs} of {self.stage.plan.count} noticed, {self.over} over, {len(self.deaths)} deaths"

    def _wait_until_quiet(self) -> None:
        until = time.monotonic() + QUIET
        while left := len([*left_at_services(self.stage.at_services())]):
            if time.monotonic() > until:
                return  # the checker names it
            self.terminal.show(f"all runs are over; left at services: {left}", str(left))
            time.sleep(LOOK)
