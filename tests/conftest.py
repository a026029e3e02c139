"""Airflow is set before anything imports it: a home of its own, our plugins, none of its examples."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.update(
    AIRFLOW_HOME=tempfile.mkdtemp(prefix="reelworks-tests-"),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__PLUGINS_FOLDER=str(Path(__file__).resolve().parents[1] / "plugins"),
)
