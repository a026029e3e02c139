"""Airflow's own DAG processor, for one file and the callbacks that a scheduler would send for failed runs."""

from __future__ import annotations

import json
from typing import Any

from tests.process.house import ProcessHouse
from tests.subprocesses import ROOT, fresh

PROGRAM = """
import os, selectors, time, uuid
from pathlib import Path
import structlog
from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI
from airflow.dag_processing.dagbag import DagBag
from airflow.dag_processing.processor import DagFileProcessorProcess
from airflow.models.dagrun import DagRun
from airflow.models.xcom import XComModel
from airflow.sdk.api.client import Client
from airflow.sdk.log import logging_processors
from airflow.utils.session import create_session

file = Path(os.environ["DAG_FILE"])
with create_session() as session:
    # What a worker leaves that died: a failed task without a word.
    session.query(XComModel).filter(XComModel.key == "failure", XComModel.run_id == os.environ["WORDLESS"]).delete()
    callbacks = []
    for run_id in json.loads(os.environ["RUN_IDS"]):
        run = session.query(DagRun).filter(DagRun.run_id == run_id).one()
        last = max(run.get_task_instances(session=session), key=lambda ti: str(ti.end_date))
        callbacks.append(run.produce_dag_callback(dag=None, success=False, relevant_ti=last, reason="task_failure"))

client = Client(base_url=None, token="", dry_run=True, transport=InProcessExecutionAPI().transport)
client.base_url = "http://in-process.invalid./"
selector, log = selectors.DefaultSelector(), Path(os.environ["LOG"]).open("wb")
logger = structlog.wrap_logger(structlog.BytesLogger(log), processors=logging_processors(json_output=True)).bind()
began = time.monotonic()
process = DagFileProcessorProcess.start(
    id=uuid.uuid4(), path=file, bundle_path=file.parent, bundle_name="dags-folder", dag_file_rel_path=file.name,
    callbacks=callbacks, selector=selector, logger=logger,
    logger_filehandle=log, subprocess_logs_to_stdout=False, client=client,
)
while not process.is_ready:
    for key, _ in selector.select(0.5):
        handle, on_close = key.data
        try:
            more = handle(key.fileobj)
        except (BrokenPipeError, ConnectionResetError):
            more = False
        if not more:
            on_close(key.fileobj)
            key.fileobj.close()
log.flush()
result = {"exit": process._exit_code, "seconds": time.monotonic() - began}
"""


def told_by_the_dag_processor(
    house: ProcessHouse, *run_ids: str, wordless: str = "", **environment: str
) -> dict[str, Any]:
    """Have the callbacks of these failed runs called; return ``exit``, ``seconds`` and ``log``."""
    log = house.recipes / "dag_processor.log"
    asked = {"RUN_IDS": json.dumps(run_ids), "WORDLESS": wordless, "LOG": str(log), "PYTHONPATH": f"{ROOT / 'plugins'}"}
    # It forks, and its fork would write into the requests of its exporter.
    silent = {"AIRFLOW__METRICS__OTEL_ON": "False"}
    found = fresh(PROGRAM, **{**house.environment, **asked, **silent, **environment})
    return {**found, "log": log.read_text()}
