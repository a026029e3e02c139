"""What is counted, in one table, and told through Airflow's own stats: StatsD, Datadog or OpenTelemetry, as it is set.

A tag says which service, error or status; its values come from code and never from what somebody wrote. StatsD by
itself has no tags, so while ``[metrics] legacy_names_on`` is set each count is told once more under a name that has
them in it, as Airflow does: ``reelworks.jobs.submitted`` and ``reelworks.jobs.submitted.bytenite``.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from reelworks.core.errors import VideoServiceError

log = logging.getLogger(__name__)

SILENCE = 60.0
"""Seconds for which nothing more is told after a failure to tell: a broken backend must not slow the work."""

_SERVICE: ContextVar[str | None] = ContextVar("reelworks_service", default=None)
_resume_at = 0.0

METRICS: dict[str, Metric] = {}
"""All there is, by name."""


@dataclass(frozen=True)
class Metric:
    """One row of the table; ``tags`` in the order in which a name without tags has them."""

    name: str
    what: str
    tags: tuple[str, ...] = ("service",)

    def __post_init__(self) -> None:
        METRICS[self.name] = self

    def _tell(self, how: str, value: Any, tags: dict[str, str]) -> None:
        """Never raise: no work may fail for what is only told about it."""
        global _resume_at
        if "airflow.sdk" not in sys.modules or time.monotonic() < _resume_at:
            return
        try:
            if _switched_on():
                self._told(how, value, tags)
        except Exception as error:  # a backend is anybody's code
            _resume_at = time.monotonic() + SILENCE
            log.warning("metrics cannot be told (%s), next try in %g s", type(error).__name__, SILENCE)

    def _told(self, how: str, value: Any, given: dict[str, str]) -> None:
        from airflow.sdk.configuration import conf
        from airflow.sdk.observability import stats

        tell: Callable[..., None] = getattr(stats, how)
        known = {"service": _SERVICE.get() or "none", **given}
        tags = {tag: known[tag] for tag in self.tags}
        tell(self.name, value, tags=tags)
        if tags and conf.getboolean("metrics", "legacy_names_on"):
            parts = [
                stats.normalize_name_for_stats(each, log_warning=False).replace(".", "__") for each in tags.values()
            ]
            tell(".".join([self.name, *parts]), value)


class Counter(Metric):
    """Counts what happens."""

    def add(self, count: float = 1, **tags: str) -> None:
        """Add ``count``, which is not negative."""
        if count > 0:
            self._tell("incr", count, tags)


class Timer(Metric):
    """Tells how long something took; Airflow tells all times in milliseconds."""

    def took(self, seconds: float, **tags: str) -> None:
        """Tell of one more."""
        self._tell("timing", timedelta(seconds=max(0.0, seconds)), tags)


class Gauge(Metric):
    """Tells what something is now."""

    def is_now(self, value: float, **tags: str) -> None:
        """Tell it."""
        self._tell("gauge", value, tags)


JOBS_SUBMITTED = Counter("reelworks.jobs.submitted", "Jobs created at a service")
JOBS_TAKEN_OVER = Counter(
    "reelworks.jobs.taken_over", "Jobs of an earlier try that a retry or a cleared task went on with"
)
JOBS_SUCCEEDED = Counter("reelworks.jobs.succeeded", "Jobs whose outputs were fetched and checked")
JOBS_CANCELLED = Counter("reelworks.jobs.cancelled", "Jobs stopped because nobody comes back for them")
REAPED = Counter("reelworks.reaped", "What `reap_remote` ended because its owner was gone", ("service", "kind"))
TRIES_FAILED = Counter(
    "reelworks.tries.failed", "Tries of a task that ended in one of our errors, by its class", ("service", "error")
)
AMOUNT = Counter(
    "reelworks.amount", "What succeeded jobs cost, as far as the service tells: Pixop does not", ("service", "currency")
)
JOB_WAIT = Timer("reelworks.job.wait", "From a job's submission until its task saw that it was over")
LOOKS = Counter("reelworks.looks", "Looks at one job by a task or trigger that waits; a shared list may answer many")
LISTS = Counter("reelworks.lists", "Lists of jobs that were asked for, each for all who wait on a connection")
API_CALLS = Counter(
    "reelworks.api.calls", "HTTP requests to a service, by `2xx` to `5xx` or `unanswered`", ("service", "status")
)
API_REPEATS = Counter("reelworks.api.repeats", "Requests sent again, by what had become of them", ("service", "error"))
SIGN_INS = Counter(
    "reelworks.sign_ins", "Tokens asked for: `accepted`, `refused` or `unanswered`", ("service", "result")
)
BYTES = Counter("reelworks.bytes", "Bytes of media that were `sent` or `received`", ("service", "direction"))
TRANSFER_TIME = Timer("reelworks.transfer.duration", "How long a whole transfer took", ("service", "direction"))
TRANSFER_RATE = Gauge("reelworks.transfer.rate", "Bytes per second of the last transfer", ("service", "direction"))
TRANSFER_CUTS = Counter("reelworks.transfer.cuts", "Times that a download was cut and went on")
RUNS_STARTED = Counter("reelworks.runs.started", "Runs of `process_video` started for what landed", ())
OUTPUTS_REFUSED = Counter("reelworks.outputs.refused", "Outputs that verification did not let pass", ())
VIDEOS_QUARANTINED = Counter("reelworks.videos.quarantined", "Sources that cannot be worked on", ())
VIDEOS_PUBLISHED = Counter("reelworks.videos.published", "Manifests written: videos that are where readers look", ())


@contextmanager
def failures_counted() -> Iterator[None]:
    """Count the error that ends what is within; Airflow itself counts all others."""
    try:
        yield
    except VideoServiceError as error:
        TRIES_FAILED.add(error=type(error).__name__)
        raise


@contextmanager
def of_service(name: str) -> Iterator[None]:
    """Count what happens within as that service's."""
    before = _SERVICE.set(name)
    try:
        yield
    finally:
        with suppress(ValueError):  # a coroutine that was abandoned is closed in another context than its own
            _SERVICE.reset(before)


def transferred(direction: str, size: int, seconds: float) -> None:
    """Count a transfer, ``sent`` or ``received``, of ``size`` bytes."""
    BYTES.add(size, direction=direction)
    TRANSFER_TIME.took(seconds, direction=direction)
    TRANSFER_RATE.is_now(size / max(1e-6, seconds), direction=direction)


def status_class(status: int) -> str:
    """Return 404's ``4xx``."""
    return f"{status // 100}xx"


def as_markdown() -> str:
    """Return the table of docs/operate.md."""
    rows = [
        f"| `{each.name}` | {type(each).__name__.lower()} | {' '.join(each.tags)} | {each.what} |"
        for each in METRICS.values()
    ]
    return "\n".join(["| Metric | Kind | Tags | What it tells |", "|---|---|---|---|", *rows])


def _switched_on() -> bool:
    from airflow.sdk.configuration import conf

    # Asked first: Airflow would read its list of metrics, a large file, to find out that nobody listens.
    return any(conf.getboolean("metrics", each) for each in ("statsd_on", "otel_on", "statsd_datadog_enabled"))
