"""What Airflow says has become of a task, to tell "given up" from "starts again"."""

from __future__ import annotations

import asyncio
from typing import Any

GIVEN_UP = frozenset({"failed", "success", "skipped", "upstream_failed", "removed"})
"""States in which nobody comes back for a task's remote job. A cleared task has none of them: its next try does."""


def state_of(task_instance: Any) -> str | None:
    """Return the task instance's state as Airflow has it now; None when it was just cleared."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    states = RuntimeTaskInstance.get_task_states(
        dag_id=task_instance.dag_id,
        task_ids=[task_instance.task_id],
        run_ids=[task_instance.run_id],
        map_index=task_instance.map_index,
    )
    # Keyed by run, then by task id, with "_<map index>" behind it when mapped: only one was asked for.
    found = list(states.get(task_instance.run_id, {}).values())
    return str(getattr(found[0], "value", found[0])) if found and found[0] is not None else None


async def astate_of(task_instance: Any) -> str | None:
    """Do the same in the triggerer; the answer comes from its supervisor, so it is awaited in a thread."""
    return await asyncio.to_thread(state_of, task_instance)


def retry_follows(task_instance: Any) -> bool:
    """Return whether Airflow starts the task again when it fails now."""
    most = int(task_instance.max_tries or 0)
    return most != 0 and int(task_instance.try_number) <= most
