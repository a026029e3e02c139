"""The services `init` and the health checks of Airflow's parts, run against a database of this machine."""

import json
import os
import socket
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stack import ROOT
from stack.settings import POOLS
from tests.deploy.composed import resolved
from tests.subprocesses import fresh


class Deployed:
    """One database and one passwords file, as `init` leaves them."""

    def __init__(self, folder: Path, service: dict[str, Any]) -> None:
        self.database, self.passwords = folder / "airflow.db", folder / "auth" / "passwords.json"
        self.passwords.parent.mkdir()
        told = {name: value for name, value in service["environment"].items() if value is not None}
        self.password = told["ADMIN_PASSWORD"]
        self.environment = told | {
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.database}",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.passwords),
        }
        # Only the API server and the scheduler have it.
        self.signing = {"AIRFLOW__API_AUTH__JWT_SECRET": "0" * 128}
        self.command = [sys.executable, *service["command"][1:]]

    def init(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run(self.command, **environment)

    def run(self, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        every = inherited | self.environment | environment
        return subprocess.run(command, cwd=ROOT, env=every, capture_output=True, text=True, timeout=200, check=False)

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.database)
        try:
            with connection:
                return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def pools(self) -> dict[str, tuple[int, bool]]:
        rows = self.sql("SELECT pool, slots, include_deferred FROM slot_pool")
        return {name: (slots, bool(deferred)) for name, slots, deferred in rows}


@pytest.fixture(scope="module")
def deployed(environment_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    made = Deployed(tmp_path_factory.mktemp("deployed"), resolved(environment_file)["services"]["init"])
    said = made.init()
    assert said.returncode == 0, said.stderr[-3000:]
    assert made.password not in said.stdout + said.stderr
    return made


def test_the_database_and_the_pools_are_there(deployed: Deployed) -> None:
    assert deployed.sql("SELECT count(*) FROM dag_run") == [(0,)]
    assert {name: deployed.pools()[name] for name in POOLS} == {name: (slots, True) for name, slots in POOLS.items()}


@pytest.fixture(scope="module")
def airflow_says(deployed: Deployed) -> dict[str, Any]:
    """What only a process with Airflow in it can tell; one, for its start takes seconds."""
    found: dict[str, Any] = fresh(
        f"""
import jwt
from fastapi.testclient import TestClient
from airflow.api_fastapi.app import create_auth_manager
from airflow.jobs.dag_processor_job_runner import DagProcessorJobRunner
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.jobs.triggerer_job_runner import TriggererJobRunner

manager = create_auth_manager()
client = TestClient(manager.get_fastapi_app())
manager.init()

def sign_in(user, password):
    answer = client.post("/token", json={{"username": user, "password": password}})
    token = answer.json().get("access_token")
    return answer.status_code, token and jwt.decode(token, options={{"verify_signature": False}})["role"]

result = {{
    "right": sign_in("admin", {deployed.password!r}),
    "wrong": [sign_in("admin", "admin"), sign_in("admin", ""), sign_in("other", "x")],
    "without": client.get("/token").status_code,
    "jobs": [runner.job_type for runner in (SchedulerJobRunner, DagProcessorJobRunner, TriggererJobRunner)],
    "host": Job().hostname,
    "columns": list(Job.__table__.columns.keys()),
}}
""",
        **deployed.environment,
        **deployed.signing,
    )
    return found


def test_the_admin_signs_in_and_nobody_else(deployed: Deployed, airflow_says: dict[str, Any]) -> None:
    assert airflow_says["right"] == [201, "admin"]
    assert airflow_says["wrong"] == [[401, None], [400, None], [401, None]]
    assert airflow_says["without"] == 403
    assert json.loads(deployed.passwords.read_text()) == {"admin": deployed.password}  # none was made up


def test_a_second_time_keeps_what_somebody_has_set(deployed: Deployed) -> None:
    deployed.sql("UPDATE slot_pool SET slots = 3 WHERE pool = 'pixop'")
    deployed.sql("DELETE FROM slot_pool WHERE pool = 'bytenite'")
    deployed.passwords.write_text(json.dumps({"admin": "old", "viewer": "theirs"}))
    deployed.passwords.chmod(0o644)

    said = deployed.init()

    assert said.returncode == 0, said.stderr[-3000:]
    assert "pools made: bytenite\n" in said.stdout
    assert deployed.pools()["pixop"] == (3, True)
    assert deployed.pools()["bytenite"] == (POOLS["bytenite"], True)
    assert json.loads(deployed.passwords.read_text()) == {"admin": deployed.password, "viewer": "theirs"}
    assert stat.S_IMODE(deployed.passwords.stat().st_mode) == 0o600


def test_a_database_that_cannot_be_migrated_fails_the_start(deployed: Deployed, tmp_path: Path) -> None:
    nowhere = f"sqlite:///{tmp_path}/no/such/folder/airflow.db"
    passwords = str(tmp_path / "passwords.json")

    said = deployed.init(
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=nowhere, AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE=passwords
    )

    assert said.returncode != 0
    assert not (tmp_path / "passwords.json").exists()


JOBS = {"scheduler": "SchedulerJob", "dag-processor": "DagProcessorJob", "triggerer": "TriggererJob"}


@pytest.mark.parametrize("service", JOBS)
def test_health_is_a_beat_of_this_containers_own_job(
    deployed: Deployed, everything: dict[str, Any], service: str
) -> None:
    _, program, *arguments = everything["services"][service]["healthcheck"]["test"]
    assert (program, arguments[-1]) == ("python", JOBS[service])

    def healthy(*jobs: tuple[str, str, str, float]) -> bool:
        deployed.sql("DELETE FROM job")
        for job_type, state, host, ago in jobs:
            beat = datetime.now(UTC) - timedelta(seconds=ago)
            query = "INSERT INTO job (job_type, state, hostname, latest_heartbeat) VALUES (?, ?, ?, ?)"
            deployed.sql(query, job_type, state, host, beat.isoformat(sep=" "))
        return deployed.run([sys.executable, *arguments]).returncode == 0

    job, host = JOBS[service], socket.gethostname()
    assert healthy((job, "running", host, 5))
    assert healthy((job, "running", host, 900), (job, "running", host, 5))  # the one before was killed
    assert not healthy((job, "running", host, 90))
    assert not healthy(
        (job, "running", "another-container", 5), (job, "failed", host, 5), ("OtherJob", "running", host, 5)
    )


def test_these_jobs_are_what_airflow_calls_them_and_where(airflow_says: dict[str, Any]) -> None:
    assert sorted(airflow_says["jobs"]) == sorted(JOBS.values())
    assert airflow_says["host"] == socket.gethostname()
    assert {"job_type", "state", "hostname", "latest_heartbeat"} <= set(airflow_says["columns"])
