"""A stand-in for `process_video`: what is tested here is that a run is started, and that it is the only one."""

from __future__ import annotations

from airflow.sdk import DAG, task

with DAG("process_video", schedule=None):

    @task
    def nothing() -> None:
        """Do nothing, at once."""

    nothing()
