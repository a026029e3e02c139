"""What has to be done before Airflow starts, each time, and harms nothing when it is done again.

The database gets the schema of the Airflow that is installed, and the services get their pools. Where SimpleAuthManager
keeps its passwords in a file of our choice, the admin gets the one in ``ADMIN_PASSWORD``. Runs as the service ``init``
of docker-compose.yaml, and as the chart's migration job on Kubernetes, where users are FAB's.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

POOLS = Path(__file__).with_name("pools.json")
ADMIN = "admin"


def make_pools(path: Path) -> list[str]:
    """Make the pools in a file of ``airflow pools export``'s form; the names of the new ones.

    Not ``airflow pools import``, which would undo what somebody has set in the UI.
    """
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session

    wanted = json.loads(path.read_text())
    with create_session() as session:
        missing = [name for name in wanted if Pool.get_pool(name, session=session) is None]
        for name in missing:
            Pool.create_or_update_pool(name=name, session=session, **wanted[name])
    return missing


def set_password(path: Path, user: str, password: str) -> None:
    """Put a password into the file that SimpleAuthManager reads; other users keep theirs.

    It holds them in plain text, so it is the owner's only, and lies on a volume of the API server's.
    """
    known = json.loads(path.read_text()) if path.exists() else {}
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(known | {user: password}, file)
    unfinished.replace(path)


def main() -> None:
    """Do all of it; raises CalledProcessError where the database cannot be migrated, KeyError for what is not set."""
    passwords_file = os.environ.get("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE")
    password = os.environ["ADMIN_PASSWORD"] if passwords_file else ""
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True)
    print(f"pools made: {', '.join(make_pools(POOLS)) or 'none, all are there'}")
    if passwords_file:
        set_password(Path(passwords_file), ADMIN, password)
        print(f"the password of {ADMIN} is set")


if __name__ == "__main__":
    main()
