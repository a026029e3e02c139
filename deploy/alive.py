"""Whether the job that this container runs has beaten lately: its health check. 0 if so, else 1.

``python alive.py SchedulerJob`` asks what ``airflow jobs check --job-type SchedulerJob --local`` asks, but does not
import Airflow. That costs 2 s of CPU each time, in three containers twice a minute; this costs a tenth.
"""

import os
import socket
import sys
from datetime import UTC, datetime, timedelta

from sqlalchemy import DateTime, create_engine, text

SILENCE = timedelta(seconds=60)  # a job beats every 5 s; a busy database may hold up several


def latest_beat(url: str, job_type: str, host: str) -> datetime | None:
    """Return when a running job of this type last beat on this host, or None if there is none."""
    query = text(
        "SELECT latest_heartbeat FROM job WHERE state = 'running' AND job_type = :job_type AND hostname = :host"
        " ORDER BY latest_heartbeat DESC LIMIT 1"
    ).columns(latest_heartbeat=DateTime(timezone=True))
    with create_engine(url).connect() as connection:
        beat: datetime | None = connection.execute(query, {"job_type": job_type, "host": host}).scalar()
    # SQLite knows no time zones; Airflow writes UTC.
    return beat.replace(tzinfo=UTC) if beat is not None and beat.tzinfo is None else beat


def main(job_type: str) -> int:
    """Say when it last beat; the exit code."""
    host = socket.gethostname()
    beat = latest_beat(os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"], job_type, host)
    print(f"{job_type} on {host}: {f'last beat {beat}' if beat else 'no running job'}")
    return 0 if beat is not None and datetime.now(UTC) - beat < SILENCE else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
