"""End what was left at the services by tasks that nobody comes back for: jobs, videos, machines.

Each is noted in this Airflow's database before it is made. What is found at a service and noted here is an orphan when
its run is deleted, its task is over, or its task has begun another one since. A job is cancelled, a video deleted with
all that was made of it, and a machine deleted once its run is over and the whole server rests. What a job of Open
Encoder's left in the server's buckets, its copied source and its output, is deleted when the job is over or never was.

Nothing else is touched: not what people or another Airflow have made on the same account, not what is younger than
`grace` seconds, not the videos of `keep_remote`, and not machines of a create task that is no setup. An orphan has to
be one at two looks, and at a third right before its end. A list that breaks off, or an Airflow that does not answer,
ends nothing.

By default it only says what it would do: in the log, and as XCom. Set `REELWORKS_REAP=act`, or trigger it without
`dry_run`. Unpause it to use it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, Param, get_current_context, task

from reelworks.core.owners import ASSET
from reelworks.notify import tell_failure
from reelworks.settings import environment, seconds
from reelworks.tasks import HOUSEKEEPING

SERVICES = ["bytenite", "openencoder", "pixop"]

with DAG(
    "reap_remote",
    description="End the jobs, videos and machines whose tasks are gone",
    doc_md=__doc__,
    schedule=environment("REELWORKS_REAP_SCHEDULE"),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    tags=["reelworks"],
    on_failure_callback=tell_failure,
    default_args=HOUSEKEEPING | {"retries": 1, "retry_delay": timedelta(minutes=1)},
    params={
        "dry_run": Param(environment("REELWORKS_REAP") != "act", type="boolean", title="Only say what would be done"),
        "services": Param(
            SERVICES, type="array", items={"enum": SERVICES}, examples=SERVICES, minItems=1, title="Services"
        ),
        "grace": Param(
            seconds("REELWORKS_REAP_GRACE"),
            type="number",
            minimum=0,
            title="Seconds for which nothing is touched that is new",
        ),
        "dags": Param(
            [], type="array", items={"type": "string"}, title="Ids of the DAGs whose things it is (none: all)"
        ),
    },
):
    # What all tasks note of what they make lies below this asset, and it exists because it is named here.
    @task(inlets=[Asset(ASSET)])
    def reap() -> dict[str, Any]:
        """Look at all services, and end the orphans unless it is a dry run."""
        from reelworks.reap.task import reap_remote

        return reap_remote(get_current_context())

    reap()
