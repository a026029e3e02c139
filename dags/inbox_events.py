"""Read S3's notifications from an SQS queue and start a run of `process_video` for each new video.

The fast way: a run starts seconds after the upload. `REELWORKS_QUEUE` is the queue's URL. The asset event only says
that messages wait; the task reads them all, and deletes each when the runs of its videos are there. Notifications may
be lost: let `sweep_inbox` run beside it. Unpause it to use it.
"""

from __future__ import annotations

from airflow.sdk import DAG, Asset, AssetWatcher, task

from reelworks.inbox.bell import QueueBell
from reelworks.notify import tell_failure
from reelworks.tasks import HOUSEKEEPING

waiting = Asset("reelworks_inbox_events", watchers=[AssetWatcher(name="queue", trigger=QueueBell())])

with DAG(
    "inbox_events",
    description="Start the runs of the videos that S3 sends events for",
    doc_md=__doc__,
    schedule=[waiting],
    max_active_runs=1,
    is_paused_upon_creation=True,
    tags=["reelworks"],
    on_failure_callback=tell_failure,
    default_args=HOUSEKEEPING,
):

    @task
    def start_runs() -> dict[str, int]:
        """Start the run of every video that the queue tells of."""
        from reelworks.inbox.drain import drain_queue

        return drain_queue()

    start_runs()
