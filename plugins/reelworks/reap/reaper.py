"""One reaping: what is found twice, and is an orphan each time, is looked at once more and ended."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from reelworks.core import metrics
from reelworks.core.errors import VideoServiceError
from reelworks.core.owners import forget_owner
from reelworks.core.redact import redact
from reelworks.reap.finding import Finding, Thing, Verdict
from reelworks.reap.holdings import Holdings
from reelworks.reap.report import Report
from reelworks.reap.verdict import Judge

log = logging.getLogger(__name__)

PAUSE = 10.0
"""Seconds between the two looks: longer than a service needs to show a job that a queue has just handed out."""


@dataclass(frozen=True)
class Reaper:
    """Ends orphans, or with ``dry_run`` only says which it would end."""

    judge: Judge
    dry_run: bool = True
    sleep: Callable[[float], None] = time.sleep

    def reap(self, holdings: Iterable[Holdings], report: Report) -> Report:
        """Go through all holdings, one after the other, and write down in ``report`` what was found and done.

        Where a list cannot be had in full, nothing of it is touched; the others are not affected.

        :raises airflow.sdk.exceptions.AirflowRuntimeError: Airflow does not answer; nothing more is touched, and the
            report has what was done.
        """
        for held in holdings:
            try:
                if absence := held.absence():
                    report.skipped[held.label] = redact(absence)
                else:
                    self._reap(held, report)
            except VideoServiceError as error:
                report.faults[held.label] = redact(str(error))
        return report

    def _reap(self, held: Holdings, report: Report) -> None:
        findings = self._surveyed(held)
        # All are in the report from the first on: whatever breaks off, what was found and done is told.
        begin = len(report.findings)
        report.findings += _broken_off(findings)
        orphans = {finding.thing.id: finding.thing for finding in findings if finding.verdict is Verdict.ORPHAN}
        if not orphans:
            return
        objections = held.objections(orphans.values())
        if self.dry_run:
            report.findings[begin:] = [self._said(held, finding, objections) for finding in findings]
            return
        self.sleep(PAUSE)
        again = self._surveyed(held)
        report.findings[begin:] = _broken_off(again)
        # A lost answer can have left two things of one name, and one note: it is struck when both are gone.
        left = Counter(finding.thing.key for finding in again)
        for at, finding in enumerate(again, begin):
            if finding.thing.id not in orphans:
                report.findings[at] = _left(finding, "it was none a moment ago")
                continue
            report.findings[at] = done = self._ended(held, finding, objections, report)
            if done.ended:
                metrics.REAPED.add(service=done.thing.service, kind=done.thing.kind)
                left[done.thing.key] -= 1
                if not left[done.thing.key]:
                    forget_owner(done.thing.key)

    def _surveyed(self, held: Holdings) -> list[Finding]:
        """List all before anything is done: a list that breaks off is no list."""
        return [self.judge.judged(thing, held.desertion) for thing in held.things()]

    def _said(self, held: Holdings, finding: Finding, objections: dict[str, str]) -> Finding:
        if finding.verdict is not Verdict.ORPHAN:
            return finding
        objection = objections.get(finding.thing.id)
        return replace(self._priced(held, finding), done=f"left: {objection}" if objection else "would be ended")

    def _ended(self, held: Holdings, finding: Finding, objections: dict[str, str], report: Report) -> Finding:
        if finding.verdict is not Verdict.ORPHAN:
            return finding
        thing, priced = finding.thing, self._priced(held, finding)
        try:
            objection = objections.get(thing.id) or held.objections([thing]).get(thing.id)
            if objection:
                return replace(priced, done=f"left: {objection}")
            # The last look, right before: its task may have been cleared meanwhile.
            now = self.judge.judged(thing, held.desertion)
            if now.verdict is not Verdict.ORPHAN:
                return replace(now, done="left")
            done = held.end(thing)
        except VideoServiceError as error:
            report.faults[str(thing)] = redact(str(error))
            return replace(priced, done="not known to be ended")
        log.info("%s: %s, because %s", thing, done, finding.why)
        return replace(priced, done=done, ended=True)

    def _priced(self, held: Holdings, finding: Finding) -> Finding:
        thing: Thing = finding.thing
        return replace(finding, thing=replace(thing, amount=held.amount(thing, finding.age or 0.0)))


def _broken_off(findings: list[Finding]) -> list[Finding]:
    return [_left(finding, "the reaping broke off") for finding in findings]


def _left(finding: Finding, why: str) -> Finding:
    """Leave an orphan, to the next reaping."""
    return replace(finding, done=f"left: {why}") if finding.verdict is Verdict.ORPHAN else finding
