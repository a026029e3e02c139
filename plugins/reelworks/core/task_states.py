"""What Airflow says has become of a task, to tell "given up" from "starts again"."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import RetryAction

from reelworks.core.redact import redact

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

log = logging.getLogger(__name__)

GIVEN_UP = frozenset({"failed", "success", "skipped", "upstream_failed", "removed"})
"""States in which nobody comes back for a task's remote job. A cleared task has none of them: its next try does."""


def state_of(task_instance: Any) -> str | None:
    """Return the task instance's state as Airflow has it now; None when it was just cleared, "removed" when deleted."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    states = RuntimeTaskInstance.get_task_states(
        dag_id=task_instance.dag_id,
        task_ids=[task_instance.task_id],
        run_ids=[task_instance.run_id],
        map_index=task_instance.map_index,
    )
    # Keyed by run, then by task id, with "_<map index>" behind it when mapped: only one was asked for.
    found = list(states.get(task_instance.run_id, {}).values())
    if not found:
        return "removed"  # its run is deleted
    return str(getattr(found[0], "value", found[0])) if found[0] is not None else None


async def astate_of(task_instance: Any) -> str | None:
    """Do the same in the triggerer; the answer comes from its supervisor, so it is awaited in a thread."""
    return await asyncio.to_thread(state_of, task_instance)


def question_is_open() -> bool:
    """Return whether this process has asked Airflow something and not read the answer yet.

    The line to the supervisor goes by order alone. It locks itself meanwhile; ``dag.test()`` has none.
    """
    from airflow.sdk.execution_time import task_runner

    lock = getattr(getattr(task_runner, "SUPERVISOR_COMMS", None), "_thread_lock", None)
    return lock is not None and bool(lock.locked())


def retry_follows(task: BaseOperator, context: Context, error: BaseException) -> bool:
    """Return whether Airflow starts the task again when it fails now, of this."""
    most, here = int(context["ti"].max_tries or 0), int(context["ti"].try_number)
    policy = getattr(task, "retry_policy", None)
    if policy is not None:
        try:
            decision = policy.evaluate(exception=error, try_number=here, max_tries=most, context=context)
        except Exception as trouble:  # it is anybody's code, and Airflow goes on without it as well
            log.warning("the retry policy cannot say what follows: %s", redact(str(trouble)))
        else:
            if decision.action is RetryAction.FAIL:
                return False
    return most != 0 and here <= most
