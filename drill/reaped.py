"""How many orphans ``reap_remote`` has ended, by its own word: a figure to be shown, and not to judge by.

A task that was killed does not tell what it had ended until then, and a retry's word replaces that of the try before:
how many were ended in truth is for the ledgers to say.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from drill.airflow import get
from stack.airflow_api import AirflowApi

DAG, MOST = "reap_remote", 100


def reaped(airflow: AirflowApi) -> str:
    """Return in a line what its runs have ended, by service and kind, and how many runs that were."""
    ended, runs = Counter[str](), 0
    while True:
        query = [("limit", str(MOST)), ("offset", str(runs)), ("order_by", "run_after")]
        page = get(airflow, f"dags/{DAG}/dagRuns", query)["dag_runs"]
        for run in page:
            for what, numbers in _counts(airflow, run["dag_run_id"]).items():
                ended[what] += numbers.get("ended", 0)
        runs += len(page)
        if len(page) < MOST:
            break
    what = ", ".join(f"{number} {what}" for what, number in sorted(ended.items()) if number)
    return f"{what or 'nothing'}, in {runs} runs"


def _counts(airflow: AirflowApi, run_id: str) -> dict[str, dict[str, int]]:
    path = f"dags/{DAG}/dagRuns/{run_id}/taskInstances/reap/xcomEntries"
    if not any(entry["key"] == "return_value" for entry in get(airflow, path, [])["xcom_entries"]):
        return {}
    told: dict[str, Any] = get(airflow, f"{path}/return_value", [("stringify", "false")])["value"]
    counts: dict[str, dict[str, int]] = told["counts"]
    return counts
