"""What Airflow says of owners, asked from inside a task; an Airflow that does not answer is never taken for a no."""

from __future__ import annotations

from reelworks.core.owners import Owner
from reelworks.core.task_states import GIVEN_UP, state_of

OVER = ["success", "failed"]


def desertion(owner: Owner) -> str:
    """Return why nobody comes back for a job or video of this owner; "" while its task may.

    :raises airflow.sdk.exceptions.AirflowRuntimeError: Airflow does not answer.
    """
    state = state_of(owner)
    if state not in GIVEN_UP:
        return ""
    if state != "removed":
        return f"its task is {state}"
    # Also said of a task that is not there at all: in a run that goes on, who knows what it will be next.
    if not _runs(owner):
        return "its run is deleted"
    return "its run is over, and its task was removed" if _runs(owner, OVER) else ""


def run_desertion(owner: Owner) -> str:
    """Return why nobody comes back for a machine of this owner's run; "" while any task of the run may."""
    if not _runs(owner):
        return "its run is deleted"
    if not _runs(owner, OVER):
        return ""
    # A run that was marked as over has a teardown that still works.
    states = _states(owner)
    return "its run is over" if all(state in GIVEN_UP for state in states) else ""


def _runs(owner: Owner, states: list[str] | None = None) -> int:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    return RuntimeTaskInstance.get_dr_count(dag_id=owner.dag_id, run_ids=[owner.run_id], states=states)


def _states(owner: Owner) -> list[str | None]:
    """Return the states of all tasks of the owner's run."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    states = RuntimeTaskInstance.get_task_states(dag_id=owner.dag_id, run_ids=[owner.run_id])
    return [getattr(state, "value", state) for state in states.get(owner.run_id, {}).values()]
