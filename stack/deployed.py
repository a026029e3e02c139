"""How Airflow is set wherever it has PostgreSQL and Celery: read by `make cluster`, said again by docker-compose.yaml.

Keys are ``SECTION__OPTION``. What is not here is as Airflow has it, or depends on the place (ports, folders, secrets).
"""

WORKER_CONCURRENCY = 4
"""Tasks at once on one worker. Each verifies a video with ffmpeg for part of its time, and uses a core then."""

SETTINGS: dict[str, int | float | bool | str] = {
    "CORE__EXECUTOR": "CeleryExecutor",
    # A list longer than this (default 1024) fails the task that returned it: encode_on_fleet maps over its sources.
    "CORE__MAX_MAP_LENGTH": 4096,
    # --- How soon things move
    # At the default of 1 s a chain of six tasks took 7.6 s, at 0.1 s it took 1.9 s; in between it costs less CPU.
    "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": 0.2,
    # At the default of 5 s a task that defers briefly can be taken for failed.
    "WORKERS__MIN_HEARTBEAT_INTERVAL": 1,
    # --- Who has died, and how soon that is known (seconds)
    # A task whose worker is gone beats no more, and is tried again after this long (default 300). It beats each second
    # (above); a database that is restarted is away for less.
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": 30,
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": 5,
    # A worker that dies after it has taken a task and before the task runs leaves it queued. It is sent again after
    # this long (default 600). Nothing else waits as long in the queue as long as [core] parallelism is no more than
    # all workers' slots: then a task is queued only when a slot is free.
    "SCHEDULER__TASK_QUEUED_TIMEOUT": 60,
    "SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": 10,
    # Sent again so often (default 2), a task fails for good, whatever its retries: at the default three minutes without
    # a worker would be the end of all that is queued, jobs that are paid for included. This is most of a day.
    "SCHEDULER__NUM_STUCK_IN_QUEUED_RETRIES": 1000,
    # The tasks of a scheduler that was killed belong to it, and nobody looks after them, until its successor adopts
    # them: once the dead one has been silent for the threshold, at the next check (default 300).
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": 30,
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": 10,
    # A triggerer that is silent for three beats of 5 s (default 30 s) loses its triggers to the other. Should it live
    # after all, two watch the same job for a while, which costs nothing.
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": 15,
    # --- How much there can be
    # One triggerer can carry what two did when one has died (default 1000 each). 5,000 took 0.3 of a core.
    "TRIGGERER__CAPACITY": 2000,
    "CELERY__WORKER_CONCURRENCY": WORKER_CONCURRENCY,
    # --- Celery
    # A message is acknowledged when its task is over, so a worker reserves none that it cannot start at once, and one
    # that is killed takes none with it but those it was at.
    "CELERY__TASK_ACKS_LATE": True,
    "CELERY__WORKER_PREFETCH_MULTIPLIER": 1,
    # Redis hands a message out again that nobody acknowledged for this long, though its task may still run; Airflow
    # refuses to run it twice, but the time should be longer than any task all the same. Waiting is done by triggers;
    # what is left on a worker is transfers and checks.
    "CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": 86400,
    # Sending a task is given up after this long (default 1), which a busy machine may need.
    "CELERY__OPERATION_TIMEOUT": 10,
}
