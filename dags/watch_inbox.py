"""Wait for videos in the inbox and start a run of `process_video` for each, again and again.

The simplest of the three ways: it needs nothing but the bucket. It lists the inbox every half minute, which costs a
request for every 1,000 objects; for a large inbox `inbox_events` is the cheaper and faster way. What is wanted, and
where it goes, are settings (`REELWORKS_INBOX` and others; see the README). Unpause it to use it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, task

from reelworks.inbox.sensor import NewVideoSensor
from reelworks.notify import tell_failure
from reelworks.tasks import HOUSEKEEPING

with DAG(
    "watch_inbox",
    description="Wait for videos in S3 and start their runs",
    doc_md=__doc__,
    schedule="@continuous",
    # Without one, Airflow 3.3.2 gives the second run the first one's logical date, and never starts it.
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    max_active_runs=1,
    # What lands may cost money: that is for someone to switch on.
    is_paused_upon_creation=True,
    tags=["reelworks"],
    on_failure_callback=tell_failure,
    default_args=HOUSEKEEPING,
):
    landed = NewVideoSensor(task_id="wait_for_videos", timeout=timedelta(days=1).total_seconds(), soft_fail=True)

    @task
    def start_runs() -> dict[str, int]:
        """Start the run of every video that has none."""
        from reelworks.inbox.sweep import sweep_inbox

        return sweep_inbox()

    landed >> start_runs()
