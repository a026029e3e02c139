"""A whole Airflow with scheduler, API server, triggerer and DAG processor beside a sandbox."""

from __future__ import annotations

import io
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import ROOT
from stack.home import Home
from stack.machine import Machine, running
from stack.results import s3_client
from stack.terminal import Terminal
from tests.whole.whole import Whole

WORST = """
description: As many task starts as a video may have.
enhance: {preset: denoise}
encodes:
  - {name: large, service: bytenite, preset: h264_480p}
  - {name: small, service: bytenite, preset: h264_360p}
gates: {vmaf_floor: 30, vmaf_low_floor: 10, picture_tolerance: 60}
"""
DAGS = ("encode_video", "encode_on_fleet", "enhance_video", "process_video", "sync_presets")


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    home = Home(Path(tmp_path_factory.mktemp("whole")))
    recipes = tmp_path_factory.mktemp("recipes")
    shutil.copytree(ROOT / "include" / "recipes", recipes, dirs_exist_ok=True)
    (recipes / "worst.yaml").write_text(WORST)
    overrides = {
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
        # Nobody edits a DAG meanwhile, and to read all of them each ten seconds takes a fifth of a core.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",
        "REELWORKS_RECIPES": str(recipes),
        # A sweep of the schedule's between two of a test's would start what the test counts.
        "REELWORKS_SWEEP_SCHEDULE": "0 3 * * *",
    }
    with running(home, Terminal(io.StringIO()), fresh=True, overrides=overrides) as machine:
        for dag_id in DAGS:
            machine.wait_for_dag(dag_id, 90)
        yield machine


@pytest.fixture
def whole(machine: Machine) -> Iterator[Whole]:
    s3 = s3_client(machine.sandbox["s3"])
    whole = Whole(machine, s3, f"w{uuid.uuid4().hex[:8]}")
    whole.calm()
    yield whole
    whole.calm()
    whole.until("no job of this test is left", lambda: not whole.left_running(), 60)
