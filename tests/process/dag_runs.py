"""Runs of process_video with ``dag.test()``, each in a fork of one process: importing Airflow costs more than a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Any, Self

from tests.subprocesses import ROOT


class DagRuns:
    """The process that forks. It has what it imports from the first ``environment``, and ends with ours."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            env={**inherited, "PYTHONPATH": os.pathsep.join((str(ROOT / "plugins"), str(ROOT))), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)

    def run(self, confs: list[dict[str, Any]], environment: Mapping[str, str]) -> list[dict[str, Any]]:
        """Run the DAG once for each conf, one after the other; return the states, and what ``probe`` found."""
        assert self._process.stdin
        assert self._process.stdout
        with tempfile.NamedTemporaryFile("r") as said, tempfile.NamedTemporaryFile("r") as result:
            asked = {"confs": confs, "environment": dict(environment), "said": said.name, "result": result.name}
            self._process.stdin.write(f"{json.dumps(asked)}\n")
            self._process.stdin.flush()
            code = self._process.stdout.readline().strip()
            assert code == "0", f"{code}: {said.read()}"
            runs: list[dict[str, Any]] = json.load(result)
            return runs


def serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Airflow logs to the standard output
    # An exporter's connection would be its forks' too, and they would write into each other's requests.
    os.environ["AIRFLOW__METRICS__OTEL_ON"] = "False"
    # What each run would else import and make ready for itself.
    from airflow import settings
    from airflow.api_fastapi.execution_api import routes  # noqa: F401
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk.execution_time import supervisor, task_runner  # noqa: F401
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    DagBag(os.environ["DAG_FILE"])

    for line in sys.stdin:
        asked = json.loads(line)
        if not (pid := os.fork()):
            said = os.open(asked["said"], os.O_WRONLY)
            os.dup2(said, 1)
            os.dup2(said, 2)
            os.environ.update(asked["environment"])
            settings.engine.dispose(close=False)
            _measures()
            with open(asked["result"], "w") as file:
                json.dump([_ran(conf) for conf in asked["confs"]], file)
            return  # and not os._exit: metrics are sent when the interpreter ends
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=answers, flush=True)


def _measures() -> None:
    """Count as the environment says now: Airflow has asked it once, while it was imported."""
    from airflow.sdk._shared.observability.metrics import stats
    from airflow.sdk.configuration import conf
    from airflow.sdk.observability.metrics import stats_utils

    stats.initialize(
        factory=stats_utils.get_stats_factory(), export_legacy_names=conf.getboolean("metrics", "legacy_names_on")
    )


def _ran(conf: dict[str, Any]) -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag

    from reelworks.core import trigger

    trigger.FIRST_LOOK = 0.0  # its reason is the executor, which is not here
    dag: Any = DagBag(os.environ["DAG_FILE"]).dags["process_video"]
    run = dag.test(run_conf=conf)
    tis = run.get_task_instances()
    states = {ti.task_id: str(ti.state) for ti in tis}
    pulled = {key: tis[0].xcom_pull(task_ids="probe", key=key, run_id=run.run_id) for key in ("plan", "dry_run")}
    return {"state": str(run.state), "run_id": run.run_id, "tasks": states, **pulled}


if __name__ == "__main__":
    serve()
