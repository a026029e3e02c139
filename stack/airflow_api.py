"""The few questions the stack asks Airflow's REST API."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

TIMEOUT = 10.0
PARTS = ("scheduler", "triggerer", "dag_processor")


def _session() -> requests.Session:
    """Return one that sends a POST up to five times, with fourteen seconds between them in all.

    Each of ours may be sent twice: what was made at the first is there already (409).
    """
    session = requests.Session()
    session.trust_env = False  # no proxy, no netrc: it is this machine
    again = Retry(
        4,
        connect=0,
        allowed_methods={"POST"},
        status_forcelist=range(500, 600),
        backoff_factor=1,
        raise_on_status=False,
    )
    session.mount("http://", HTTPAdapter(max_retries=again))
    return session


@dataclass(frozen=True)
class TaskLog:
    """The log of one attempt of a task: its lines, and of each error its class and message."""

    lines: list[str]
    errors: list[str]

    @classmethod
    def read(cls, entries: list[Any]) -> "TaskLog":
        """Take the REST API's entries: objects, or strings where a log has no structure."""
        log = cls([], [])
        for entry in entries:
            fields = entry if isinstance(entry, dict) else {"event": entry}
            errors = [f"{error['exc_type']}: {error['exc_value']}" for error in fields.get("error_detail") or []]
            words = " ".join(str(fields[key]) for key in ("timestamp", "level", "event") if fields.get(key))
            # The folding marks of the UI's log view say nothing here.
            folds = str(fields.get("event", "")).startswith(("::group::", "::endgroup::"))
            log.lines.extend([] if folds else [words])
            log.lines.extend(errors)
            log.errors.extend(errors)
        return log


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

    def living(self, kind: str, since: float) -> int:
        """Count the processes of a kind (``TriggererJob``, …) that have begun ``since`` and beat."""
        # The API's own total counts the dead as well.
        jobs = self._get(f"jobs?job_type={kind}&is_alive=true&order_by=-latest_heartbeat&limit=100")["jobs"]
        return sum(_epoch(job["start_date"]) >= since for job in jobs)

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

    def trigger(self, dag_id: str, params: dict[str, str], run_id: str = "") -> str:
        """Start a run; its id, which is a new one if none is given.

        Asked again where Airflow fails to answer: SQLite, when it is busy, makes it a server error. The id is ours, so
        that a run which an answer was lost of is not started twice.
        """
        run_id = run_id or f"manual__{datetime.now(UTC).isoformat()}_{uuid.uuid4().hex[:8]}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": params}
        answer = self.session.post(f"{self.url}/api/v2/dags/{dag_id}/dagRuns", json=body, timeout=TIMEOUT)
        if not answer.ok and answer.status_code != requests.codes.conflict:
            raise RuntimeError(f"Airflow refused to run {dag_id} ({answer.status_code}): {answer.text[:500]}")
        return run_id

    def unpause(self, dag_id: str) -> bool:
        """Switch a DAG on, and tell whether it is there."""
        return self.session.patch(f"{self.url}/api/v2/dags/{dag_id}", json={"is_paused": False}, timeout=TIMEOUT).ok

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return the DAG's newest runs, at most a hundred, as Airflow gives them."""
        runs: list[dict[str, Any]] = self._get(f"dags/{dag_id}/dagRuns?order_by=-run_after&limit=100")["dag_runs"]
        return runs

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return the run's state: queued, running, success or failed."""
        return str(self._get(f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}")["state"])

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the run's task instances as Airflow gives them."""
        answer = self._get(f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances")
        tasks: list[dict[str, Any]] = answer["task_instances"]
        return tasks

    def pools(self) -> dict[str, int]:
        """Return the slots of the pools in which deferred tasks count."""
        return {pool["name"]: pool["slots"] for pool in self._get("pools")["pools"] if pool["include_deferred"]}

    def make_pool(self, name: str, slots: int) -> None:
        """Make a pool in which deferred tasks keep their slots; one that is there is left as it is."""
        body = {"name": name, "slots": slots, "include_deferred": True, "description": f"jobs at {name}"}
        answer = self.session.post(f"{self.url}/api/v2/pools", json=body, timeout=TIMEOUT)
        if answer.status_code != requests.codes.conflict:
            answer.raise_for_status()

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int) -> "TaskLog":
        """Return the log of one attempt."""
        path = f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances/{task_id}/logs/{attempt}"
        return TaskLog.read(self._get(path)["content"])

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
