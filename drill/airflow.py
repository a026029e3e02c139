"""What the drill asks of Airflow: to show how far it is, to say which inbox is next, and whether a person had to act.

Nothing here is used to judge but the audit log, which is Airflow's own and lists every call that changes something.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from stack.airflow_api import TIMEOUT, AirflowApi

DAG = "process_video"
SETTINGS = ("post_variable", "patch_variable")
"""What the drill itself changes meanwhile: which inbox and recipe are next."""
MOST = 100


def runs_in(airflow: AirflowApi, *states: str) -> int:
    """Return how many runs of process_video are in one of the states; in any, if none is named."""
    query = [("limit", "1"), *(("state", state) for state in states)]
    return int(get(airflow, f"dags/{DAG}/dagRuns", query)["total_entries"])


def set_variable(airflow: AirflowApi, name: str, value: str) -> None:
    """Make or change an Airflow Variable."""
    body = {"key": name, "value": value}
    answer = airflow.session.patch(f"{airflow.url}/api/v2/variables/{name}", json=body, timeout=TIMEOUT)
    if answer.status_code == 404:
        answer = airflow.session.post(f"{airflow.url}/api/v2/variables", json=body, timeout=TIMEOUT)
    answer.raise_for_status()


def delete_run(airflow: AirflowApi, dag_id: str, run_id: str) -> None:
    """Delete a run; may be done twice. Airflow deletes none that runs, so it is marked as failed first."""
    url = f"{airflow.url}/api/v2/dags/{dag_id}/dagRuns/{run_id}"
    if airflow.session.patch(url, json={"state": "failed"}, timeout=TIMEOUT).status_code != 404:
        airflow.session.delete(url, timeout=TIMEOUT).raise_for_status()


def read_anew(airflow: AirflowApi, dag_id: str) -> None:
    """Have the DAG's file read soon, without waiting for its turn."""
    token = get(airflow, f"dags/{dag_id}", [])["file_token"]
    airflow.session.put(f"{airflow.url}/api/v2/parseDagFile/{token}", timeout=TIMEOUT).raise_for_status()


def calls(airflow: AirflowApi, since: str, *, own: Collection[str]) -> tuple[list[str], list[str]]:
    """Return what was asked of Airflow by its API or page since a moment (ISO-8601) that changes something.

    First by whoever it was, and then by the drill: that is of the DAGs ``own``, which no video of the plan takes.
    Its settings are in neither.
    """
    entries: list[dict[str, Any]] = []
    while True:
        query = [("after", since), ("limit", str(MOST)), ("offset", str(len(entries))), ("order_by", "id")]
        rows = get(airflow, "eventLogs", [*query, *(("excluded_events", event) for event in SETTINGS)])["event_logs"]
        entries += rows
        if len(rows) < MOST:
            asked = [entry for entry in entries if _by_call(entry)]
            others = [_said(entry) for entry in asked if entry["dag_id"] not in own]
            return others, [_said(entry) for entry in asked if entry["dag_id"] in own]


def failed_tasks(airflow: AirflowApi) -> list[dict[str, Any]]:
    """Return the task instances that failed for good, at most a hundred: for a person who looks for the reason."""
    query = [("state", "failed"), ("limit", str(MOST))]
    rows: list[dict[str, Any]] = get(airflow, f"dags/{DAG}/dagRuns/~/taskInstances", query)["task_instances"]
    return rows


def _by_call(entry: dict[str, Any]) -> bool:
    """Tell calls of the API from what scheduler and workers note of themselves: only calls have a method."""
    return '"method"' in (entry["extra"] or "")


def _said(entry: dict[str, Any]) -> str:
    return f"{entry['when']} {entry['event']} {entry['dag_id'] or ''} {entry['run_id'] or ''}".rstrip()


def get(airflow: AirflowApi, path: str, query: list[tuple[str, str]]) -> dict[str, Any]:
    """Ask the REST API, and return what it says."""
    answer = airflow.session.get(f"{airflow.url}/api/v2/{path}", params=query, timeout=TIMEOUT)
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return body
