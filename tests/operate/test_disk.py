"""docs/operate.md, *Disk*: what it has cron do takes away what is old, and nothing that is needed."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from reelworks.core.claim import KEY
from reelworks.core.owners import ASSET
from stack import ROOT

DOCS = (ROOT / "docs" / "operate.md").read_text()
[FROM_CRON] = re.findall(
    r"^docker compose run --rm --no-deps -T init bash -c \\\n  '(airflow db clean .*)'$", DOCS, re.M
)
FROM_HELM = yaml.safe_load((ROOT / "deploy" / "helm" / "values.yaml").read_text())["databaseCleanup"]["args"]
DAY = timedelta(days=1)


@pytest.fixture
def database(home: Path, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database with a run of 89 days ago and one of 91, and with what hangs on each."""
    path = tmp_path / "airflow.db"
    shutil.copy(home / "airflow.db", path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO asset VALUES (1, ?, ?, '', '{}', '2026-01-01', '2026-01-01')", (ASSET, ASSET))
        for number, age in enumerate((89 * DAY, 91 * DAY)):
            _run(connection, number, f"{age.days} days", str((datetime.now(UTC) - age).replace(tzinfo=None)))
        connection.commit()
        yield connection


def _run(connection: sqlite3.Connection, number: int, name: str, then: str) -> None:
    rows = {
        "dag_run": {"id": number, "dag_id": "a_dag", "run_id": name, "run_type": "manual", "start_date": then}
        | {"run_after": then, "state": "success"},
        "task_state_store": {"dag_run_id": number, "dag_id": "a_dag", "run_id": name, "task_id": "encode"}
        | {"key": KEY, "value": "{}", "updated_at": then, "expires_at": None},
        "asset_state_store": {"asset_id": 1, "key": name, "value": "{}", "updated_at": then},
        "log": {"dttm": then, "event": "running", "run_id": name},
    }
    for table, row in rows.items():
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", [*row.values()])


def left(connection: sqlite3.Connection, table: str, column: str = "run_id") -> list[str]:
    # The command itself is in the audit log, too, and belongs to no run.
    names = connection.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY {column}")
    return [name for (name,) in names]


@pytest.mark.parametrize("command", [["bash", "-c", FROM_CRON], FROM_HELM], ids=["compose", "helm"])
def test_old_rows_go_with_their_claims_and_the_reaper_s_notes_stay(
    database: sqlite3.Connection, tmp_path: Path, command: list[str]
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")} | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path / 'airflow.db'}",
    }

    said = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)

    assert said.returncode == 0, said.stderr
    for table in ("dag_run", "task_state_store", "log"):
        assert left(database, table) == ["89 days"], table
    assert left(database, "asset_state_store", "key") == ["89 days", "91 days"]
    copies = database.execute("SELECT name FROM sqlite_master WHERE name LIKE '_airflow_deleted%'").fetchall()
    assert copies == []


def test_old_logs_go_with_their_folders_and_none_that_is_written(tmp_path: Path) -> None:
    commands = re.findall(r"^docker compose exec -T worker (find /opt/airflow/logs .*)$", DOCS, re.M)
    old, new, begun = (tmp_path / "dag_id=a" / f"run_id={name}" for name in ("old", "new", "begun"))
    for folder, days in ((old, 91), (new, 89)):
        folder.mkdir(parents=True)
        (folder / "encode.log").touch()
        _age(folder / "encode.log", days)
    begun.mkdir()  # by a task that is about to write

    def clean() -> set[Path]:
        for command in commands:
            subprocess.run(command.replace("/opt/airflow/logs", str(tmp_path)).split(), check=True)
        return {path for path in tmp_path.rglob("*") if path.parent != tmp_path}

    assert len(commands) == 2
    assert clean() == {old, new, new / "encode.log", begun}
    _age(old, 2)
    assert clean() == {new, new / "encode.log", begun}


def _age(path: Path, days: int) -> None:
    then = time.time() - days * DAY.total_seconds()
    os.utime(path, (then, then))
