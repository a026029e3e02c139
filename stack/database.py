"""Gives a home its Airflow database: migrated once for each set of locked packages, copied ever after."""

import hashlib
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path

from stack import HOMES, ROOT
from stack.processes import Processes

WITHIN = 180.0
MIGRATE = (sys.executable, "-m", "airflow", "db", "migrate")


def prepare(home: Path, processes: Processes, environment: Mapping[str, str]) -> None:
    """See to it that ``home/airflow.db`` has the schema of the Airflow that is installed."""
    database, mark = home / "airflow.db", home / "airflow.db.packages"
    digest = packages_digest()
    template = HOMES / "templates" / f"airflow-{digest}.db"
    if not mark.exists():
        # Never finished: a migration or a copy that was cut short.
        for part in home.glob("airflow.db*"):
            part.unlink()
        if template.exists():
            shutil.copyfile(template, database)
        else:
            processes.run("migrate", MIGRATE, environment, WITHIN)
            _keep(database, template)
    elif mark.read_text() != digest:
        processes.run("migrate", MIGRATE, environment, WITHIN)
    mark.write_text(digest)


def packages_digest() -> str:
    """Return what changes when the locked packages do, and so perhaps the schema."""
    return hashlib.sha256((ROOT / "requirements.txt").read_bytes()).hexdigest()[:16]


def _keep(database: Path, template: Path) -> None:
    """Copy a consistent state under a temporary name first: two stacks may be doing the same."""
    template.parent.mkdir(parents=True, exist_ok=True)
    unfinished = template.with_name(f"{template.name}.{database.parent.parent.name}")
    source, target = sqlite3.connect(database), sqlite3.connect(unfinished)
    try:
        source.backup(target)
    finally:
        source.close()
        target.close()
    unfinished.replace(template)
