"""A whole Airflow that asks who comes: one may do everything, one may look, one may nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pytest
import requests

from stack.home import Home
from stack.machine import Machine, running
from stack.terminal import Terminal

DAGS = Path(__file__).parent / "dags"
USERS = "admin:admin,viewer:viewer,stranger:"


@dataclass
class Site:
    """Airflow's web server, and the S3 behind it."""

    machine: Machine
    passwords: dict[str, str]
    s3: Any

    @property
    def url(self) -> str:
        return self.machine.airflow.url

    def token(self, user: str) -> str:
        body = {"username": user, "password": self.passwords[user]}
        answer = requests.post(f"{self.url}/auth/token", json=body, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def get(self, path: str, user: str | None = "viewer", **headers: str) -> requests.Response:
        signed = {"Authorization": f"Bearer {self.token(user)}"} if user else {}
        return requests.get(f"{self.url}{path}", headers={**signed, **headers}, timeout=60, allow_redirects=False)

    def run(self, dag_id: str, **params: Any) -> str:
        """Run a DAG to its end; its run id."""
        airflow = self.machine.airflow
        run_id = airflow.trigger(dag_id, params)
        over = ("success", "failed")
        self.machine.wait_for("the run's end", lambda: airflow.run_state(dag_id, run_id) in over, 90)
        return run_id

    def links(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> dict[str, str | None]:
        """What the UI shows at a task."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances/{task_id}"
        answer = self.get(f"{path}/links?map_index={map_index}")
        answer.raise_for_status()
        return dict(answer.json()["extra_links"])

    def put(self, bucket: str, key: str, body: bytes | dict[str, Any]) -> str:
        made = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.s3.put_object(Bucket=bucket, Key=key, Body=made)
        return f"s3://{bucket}/{key}"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = Home(Path(tmp_path_factory.mktemp("web")))
    overrides = {
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": USERS,
    }
    with running(home, Terminal(io.StringIO()), fresh=True, overrides=overrides) as machine:
        passwords = json.loads((home.path / "airflow" / "simple_auth_manager_passwords.json.generated").read_text())
        site = Site(machine, passwords, _s3(machine.sandbox["s3"]))
        machine.airflow.session.headers["Authorization"] = f"Bearer {site.token('admin')}"
        machine.wait_for("the DAGs", lambda: all(map(machine.airflow.has_dag, ("pictured", "claims"))), 90)
        yield site


@pytest.fixture
def claimed(site: Site) -> Callable[[list[str]], list[str]]:
    """Let tasks claim to have published at these addresses; the paths of their pages."""

    def claim(addresses: list[str]) -> list[str]:
        run_id = site.run("claims", returned=addresses)
        task = f"/reelworks/dags/claims/runs/{quote(run_id, safe='')}/tasks/claim"
        return [f"{task}/{{page}}?map_index={index}" for index in range(len(addresses))]

    return claim


def _s3(access: dict[str, str]) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=access["endpoint"],
        aws_access_key_id=access["access_key"],
        aws_secret_access_key=access["secret_key"],
        region_name=access["region"],
    )
