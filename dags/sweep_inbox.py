"""Go through the inbox on a schedule and start a run of `process_video` for each video that has none.

The batch way, and the safety net of the others: what an event was lost for is found here. At most
`REELWORKS_SWEEP_LIMIT` runs are started per sweep, and none beyond `REELWORKS_IN_FLIGHT` that wait or run. Unpause it
to use it.
"""

from __future__ import annotations

from airflow.sdk import DAG, task

from reelworks.notify import tell_failure
from reelworks.settings import environment
from reelworks.tasks import HOUSEKEEPING

with DAG(
    "sweep_inbox",
    description="Start the runs of all videos in S3 that have none",
    doc_md=__doc__,
    schedule=environment("REELWORKS_SWEEP_SCHEDULE"),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    tags=["reelworks"],
    on_failure_callback=tell_failure,
    default_args=HOUSEKEEPING,
):

    @task
    def start_runs() -> dict[str, int]:
        """Start the run of every video that has none, the oldest first."""
        from reelworks.inbox.sweep import sweep_inbox

        return sweep_inbox()

    start_runs()
