"""Orphans: jobs whose run is deleted while their wait is in a dead triggerer. Nobody ends them but ``reap_remote``.

Their tasks are those of the DAGs for one video, which nothing else here uses: what they make is named after these.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection
from dataclasses import dataclass, field

import requests

from drill import airflow
from drill.evidence import Evidence
from drill.left import left_of_orphans
from drill.plan import Orphan
from drill.waits import Wait
from stack.airflow_api import AirflowApi

WORK: dict[str, tuple[str, dict[str, str]]] = {
    "openencoder": ("encode_video", {"service": "openencoder", "preset": "h264_baseline_360p_600"}),
    "pixop": ("enhance_video", {"preset": "denoise"}),
}
DAGS = tuple(dag for dag, _ in WORK.values())
HELD = {service: 600.0 for service in WORK}
"""Seconds that jobs take at these services until all orphans are made, so that none is over too soon."""
WITHIN = 240.0
"""Seconds until which they have to be made; after that the drill goes on without."""
ALONE = 20.0
"""Seconds after which a triggerer that had heard of a run's end would have ended its job."""
PATIENCE = 9.0
"""Seconds for which a run's deletion is tried; a dead triggerer's waits are taken over after fifteen."""


@dataclass
class Orphans:
    """From the start of their runs until it was seen that something of each is left. ``left`` is by service.

    ``gathered`` is when all of them waited in triggerers, by the monotonic clock.
    """

    airflow: AirflowApi
    planned: tuple[Orphan, ...]
    waiting: set[Wait] = field(default_factory=set)
    left: dict[str, int] = field(default_factory=dict)
    gathered: float = float("inf")
    _until: float = 0.0
    _deserted: float = 0.0

    def begin(self) -> None:
        """Start the run of each."""
        self._until = time.monotonic() + WITHIN
        for orphan in self.planned:
            dag, told = WORK[orphan.service]
            wait = Wait(dag, f"orphan-{orphan.number}")
            conf = {"source": f"s3://inbox/{orphan.key}", "destination": "s3://outbox/orphans", **told}
            self.airflow.trigger(wait.dag_id, conf, wait.run_id)
            self.waiting.add(wait)

    @property
    def pending(self) -> bool:
        """Whether there is one yet to be made, and still time for it."""
        return bool(self.waiting) and time.monotonic() < self._until

    def desert(self, waits: Collection[Wait]) -> None:
        """Delete the runs whose waits were in a triggerer that has just died."""
        for wait in self.waiting & {*waits}:
            until = time.monotonic() + PATIENCE
            while time.monotonic() < until:
                with contextlib.suppress(requests.RequestException):
                    airflow.delete_run(self.airflow, wait.dag_id, wait.run_id)
                    self.waiting.discard(wait)
                    self._deserted = time.monotonic()
                    break

    def look(self, evidence: Evidence) -> None:
        """Note what is left of them at a time when nobody but ``reap_remote`` would end it."""
        self.left = left_of_orphans(evidence)

    @property
    def to_be_seen(self) -> bool:
        """Whether it is time for that look."""
        return not self.left and not self.pending and time.monotonic() > self._deserted + ALONE
