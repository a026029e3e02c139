"""Starting runs of ``process_video`` from inside a task: any number, each once.

Uses the Task SDK's own message to the supervisor, the one that TriggerDagRunOperator ends in. That operator starts one
run per task instance: 500 videos would be 500 task starts, of up to a second each, in an expansion that Airflow limits
to 1,024. The public REST API would need an address and a password in every task. The message is no documented
interface, so it is spoken here and nowhere else.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime
from typing import Any, Literal

from reelworks.core import metrics
from reelworks.core.errors import BusyError, RefusedError
from reelworks.inbox.identity import run_id_of
from reelworks.inbox.video import Video

log = logging.getLogger(__name__)

DAG_ID = "process_video"
UNPROCESSABLE = 422
PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds between the tries at an Airflow whose database is busy: runs that begin all at once are what makes it so."""


def start(video: Video, recipe: str, destination: str, *, again: str = "") -> Literal["started", "exists"]:
    """Start the run of a video; that it is there already is no error. Another ``again`` makes it another run.

    Airflow's unique key on (DAG, run id) makes it one run. The supervisor repeats a request that went unanswered, and
    then hears that the run exists, so an "exists" may be our own. Starts runs of a paused DAG too: they wait.

    :raises RefusedError: Airflow's database cannot hold what this very video is called.
    :raises BusyError: Airflow answered 429 or 5xx, again and again; the run may be there or not.
    :raises airflow.sdk.exceptions.AirflowRuntimeError: Airflow did not start it: there is no such DAG, or no answer.
    """
    from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse, TriggerDagRun

    conf = {"source": video.source, "recipe": recipe, "destination": destination, "version": video.version}
    version = f"{video.version} again {again}" if again else video.version
    run_id = run_id_of(video.bucket, video.key, version, recipe)
    try:
        answer = _ask(TriggerDagRun(dag_id=DAG_ID, run_id=run_id, conf={**conf, "dry_run": False}))
    except AirflowRuntimeError as error:
        if _status(error) != UNPROCESSABLE:
            raise
        raise RefusedError(f"Airflow takes no run for {video.source!r}: rename the object", UNPROCESSABLE) from error
    if not isinstance(answer, ErrorResponse):
        metrics.RUNS_STARTED.add()
        return "started"
    if answer.error == ErrorType.DAGRUN_ALREADY_EXISTS:
        return "exists"
    raise AirflowRuntimeError(answer)


def begun(run_id: str) -> datetime | None:
    """Return since when a run that is over by now could have run; None while it goes on."""
    from airflow.sdk.execution_time.comms import DagRunResult, GetDagRun

    run = _ask(GetDagRun(dag_id=DAG_ID, run_id=run_id))
    return run.run_after if isinstance(run, DagRunResult) and run.state in ("success", "failed") else None


def in_flight() -> int:
    """Return how many runs wait or run."""
    from airflow.sdk.execution_time.comms import DRCount, GetDRCount

    answer = _ask(GetDRCount(dag_id=DAG_ID, states=["queued", "running"]))
    if not isinstance(answer, DRCount):
        raise TypeError(f"Airflow does not say how many runs there are: {answer}")
    return answer.count


def _ask(message: Any) -> Any:
    """Send it to the supervisor; all that is sent here may be sent twice."""
    from airflow.sdk.exceptions import AirflowRuntimeError
    from airflow.sdk.execution_time import task_runner

    for pause in (*PAUSES, None):
        try:
            return task_runner.SUPERVISOR_COMMS.send(message)
        except AirflowRuntimeError as error:
            status = _status(error)
            if status != 429 and status < 500:
                raise
            if pause is None:
                raise BusyError(f"Airflow answered {status} to {type(message).__name__}, again and again") from error
            log.warning("Airflow answered %d to %s: again in %g s", status, type(message).__name__, pause)
            time.sleep(pause)
    raise AssertionError("unreachable")  # pragma: no cover


def _status(error: Any) -> int:
    """Return the status of the API's answer, 0 for an error of another kind."""
    return int((error.error.detail or {}).get("status_code") or 0)
