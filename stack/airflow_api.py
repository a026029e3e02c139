"""The few questions the stack asks Airflow's REST API."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests

TIMEOUT = 10.0
PARTS = ("scheduler", "triggerer", "dag_processor")


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy, no netrc: it is this machine
    return session


@dataclass
class AirflowApi:
    """Airflow at ``url``; on this machine everyone is an admin, so there is nothing to sign in to."""

    url: str
    session: requests.Session = field(default_factory=_session)

    def healthy_parts(self, since: float) -> list[str]:
        """Name the processes with a heartbeat ``since`` (seconds since the epoch); none if the API is down."""
        try:
            health = self._get("monitor/health")
        except (requests.ConnectionError, requests.Timeout, requests.HTTPError):
            return []
        return ["api_server", *(part for part in PARTS if _beat(health, part) >= since)]

    def has_dag(self, dag_id: str) -> bool:
        """Whether the DAG has been parsed and is not paused."""
        answer = self.session.get(f"{self.url}/api/v2/dags/{dag_id}", timeout=TIMEOUT)
        return answer.ok and not answer.json()["is_paused"]

    def import_errors(self, since: float) -> dict[str, str]:
        """Return the DAG files that failed to import ``since``, each with the last line of its traceback."""
        errors = self._get("importErrors")["import_errors"]
        return {
            error["filename"]: error["stack_trace"].strip().splitlines()[-1]
            for error in errors
            if _epoch(error["timestamp"]) >= since
        }

    def trigger(self, dag_id: str, params: dict[str, str]) -> str:
        """Start a run; its id."""
        body = {"logical_date": None, "conf": params}
        answer = self.session.post(f"{self.url}/api/v2/dags/{dag_id}/dagRuns", json=body, timeout=TIMEOUT)
        if not answer.ok:
            raise RuntimeError(f"Airflow refused to run {dag_id} ({answer.status_code}): {answer.text[:500]}")
        return str(answer.json()["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return the run's state: queued, running, success or failed."""
        return str(self._get(f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}")["state"])

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the run's task instances as Airflow gives them."""
        answer = self._get(f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances")
        tasks: list[dict[str, Any]] = answer["task_instances"]
        return tasks

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int) -> list[str]:
        """Return the lines of one attempt's log."""
        path = f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances/{task_id}/logs/{attempt}"
        return [_log_line(entry) for entry in self._get(path)["content"]]

    def _get(self, path: str) -> dict[str, Any]:
        answer = self.session.get(f"{self.url}/api/v2/{path}", headers={"Accept": "application/json"}, timeout=TIMEOUT)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body


def _beat(health: dict[str, Any], part: str) -> float:
    seen = health[part].get(f"latest_{part}_heartbeat")
    return _epoch(seen) if seen and health[part]["status"] == "healthy" else 0.0


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _log_line(entry: Any) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    lines = [" ".join(str(entry[key]) for key in ("timestamp", "level", "event") if entry.get(key))]
    for error in entry.get("error_detail") or []:
        lines.append(f"{error.get('exc_type')}: {error.get('exc_value')}")
    return "\n".join(lines)
