"""The parts of the benchmark of waits: the service that counts, and the lateness of a loop."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import requests

from benchmarks.counter import Counting, counting
from benchmarks.loop_probe import PERIOD, lateness
from reelworks.core.jobs import Phase
from reelworks.openencoder.hook import OpenEncoderHook

JOBS = 30


def test_the_counting_service_answers_as_open_encoder_does(monkeypatch: pytest.MonkeyPatch) -> None:
    with counting(JOBS) as url:
        connection = {"conn_type": "openencoder", "host": url, "login": "admin", "password": "any"}
        monkeypatch.setenv("AIRFLOW_CONN_COUNTED", json.dumps(connection))
        hook = OpenEncoderHook("counted")
        Counting.over[7] = time.time()

        jobs = hook.answer(hook.look_at_all([str(number) for number in range(1, JOBS + 1)]))

        assert {job.id for job in jobs.values() if job.phase is Phase.SUCCEEDED} == {"7"}
        assert len(jobs) == JOBS
        assert hook.answer(hook.look("8")).phase is Phase.RUNNING
        assert [requests.get(f"{url}/done/{number}", timeout=10).status_code for number in (7, 8)] == [200, 404]
        assert [Counting.asked[what] for what in ("login", "list", "look")] == [1, 1, 3]


def test_a_held_up_probe_counts_for_those_that_it_missed(tmp_path: Path) -> None:
    file = tmp_path / "lateness"
    late = 2.5 * PERIOD
    file.write_text(f"9.0 5.0\n10.0 0.001\n11.0 {late}\n13.0 5.0\n")

    assert lateness(file, 10, 12) == pytest.approx([0.001, late, late - PERIOD, late - 2 * PERIOD])
