import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from stack import database
from stack.processes import Processes


class Migrations(Processes):
    """Does in SQLite what Airflow's command would do, and counts."""

    count = 0

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str], within: float) -> None:
        self.count += 1
        with sqlite3.connect(self.home / "airflow" / "airflow.db") as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"CREATE TABLE migration_{self.count} (id INTEGER)")


def tables(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "airflow.db") as connection:
        return [row[0] for row in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(database, "HOMES", tmp_path)
    for name in ("up", "demo"):
        (tmp_path / name / "airflow").mkdir(parents=True)
    return tmp_path


def test_one_migration_serves_every_home(homes: Path) -> None:
    up, demo = Migrations(homes / "up"), Migrations(homes / "demo")

    for owner in (up, demo, demo):
        database.prepare(owner.home / "airflow", owner, {})

    assert (up.count, demo.count) == (1, 0)
    assert tables(homes / "demo/airflow") == ["migration_1"]


def test_a_kept_database_is_migrated_when_the_packages_change(homes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    up = Migrations(homes / "up")
    database.prepare(up.home / "airflow", up, {})
    monkeypatch.setattr(database, "packages_digest", lambda: "other")

    database.prepare(up.home / "airflow", up, {})

    assert tables(homes / "up/airflow") == ["migration_1", "migration_2"]
    assert not (homes / "templates" / "airflow-other.db").exists()


def test_a_copy_that_was_cut_short_is_not_taken_for_whole(homes: Path) -> None:
    up, demo = Migrations(homes / "up"), Migrations(homes / "demo")
    database.prepare(up.home / "airflow", up, {})
    (homes / "demo/airflow/airflow.db").write_bytes(b"SQLite format 3 and no more")

    database.prepare(demo.home / "airflow", demo, {})

    assert tables(homes / "demo/airflow") == ["migration_1"]
