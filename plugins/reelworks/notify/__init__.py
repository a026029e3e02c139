"""Tell people of runs that failed and of videos that were quarantined, by the means that `REELWORKS_NOTIFY` names.

A DAG takes both callbacks::

    DAG(..., on_failure_callback=tell_failure, default_args={"on_failure_callback": note_failure})

``note_failure`` runs in the worker, where the error is known, and leaves a note of it as an XCom. ``tell_failure`` runs
in the DAG processor once the run is over: once for each run, however many tasks failed and were retried, and also when
a worker died and left no note. Nothing waits for it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)


def note_failure(context: Context) -> None:
    """Leave a note of the error that a task has failed with for good; for tasks."""
    error: Any = context.get("exception")
    # The DAG processor calls this for a worker that died, where there is none.
    if isinstance(error, BaseException):
        from reelworks.notify.note import NOTE, note_of

        context["ti"].xcom_push(key=NOTE, value=note_of(error, context["ti"].log_url))


def tell_failure(context: Context) -> None:
    """Tell why a run failed; for DAGs. Whatever goes wrong here is logged, and nothing else."""
    from reelworks.settings import words

    try:
        if channels := words("REELWORKS_NOTIFY"):
            from reelworks.notify.channels import send
            from reelworks.notify.report import report_on

            send(channels, report_on(str(context["dag"].dag_id), str(context["run_id"]), context["dag"].task_ids))
    except Exception as error:  # not the text: it may quote an address with a secret in it
        log.error("run %s: nobody could be told that it failed (%s)", context.get("run_id"), type(error).__name__)
