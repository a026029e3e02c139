"""How Airflow is set when it runs on one machine: everything through the environment, secrets made per home."""

import base64
import json
import os
import secrets
from pathlib import Path
from typing import Any

from stack import ROOT
from stack.ports import HOST
from stack.processes import clean_environment

POOLS = {"bytenite": 8, "openencoder": 4, "pixop": 4}
"""How many tasks may have a job at a service at once, those that wait for it included."""


def airflow_environment(home: Path, port: int, connections: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Make the environment of every Airflow process in ``home``, with the API server on ``port``."""
    address = f"http://{HOST}:{port}"
    settings = {
        "CORE__DAGS_FOLDER": ROOT / "dags",
        "CORE__PLUGINS_FOLDER": ROOT / "plugins",
        "CORE__LOAD_EXAMPLES": False,
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": False,
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": 4,  # SQLite locks up with more
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": True,
        "CORE__TEST_CONNECTION": "Enabled",
        "CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",  # the default asks the DNS, which can take seconds
        "API__HOST": HOST,
        "API__PORT": port,
        "API__BASE_URL": address,
        "API__WORKERS": 1,
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "DATABASE__CHECK_MIGRATIONS": False,  # done once, before anything starts
        "DAG_PROCESSOR__REFRESH_INTERVAL": 5,
        "DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": 1,
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": 10,
        "DAG_PROCESSOR__PARSING_PROCESSES": 1,
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": 0.2,
        # At the default of 5 a task that defers briefly can be taken for failed.
        "WORKERS__MIN_HEARTBEAT_INTERVAL": 1,
        "LOGGING__BASE_LOG_FOLDER": home / "logs",
    }
    return {
        **clean_environment(),
        **{f"AIRFLOW__{key}": str(value) for key, value in (settings | _secrets(home)).items()},
        **{f"AIRFLOW_CONN_{key.upper()}": json.dumps(value) for key, value in connections.items()},
        "AIRFLOW_HOME": str(home),
        "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",  # macOS would stop the executor's forks
    }


def callers_connections() -> dict[str, str]:
    """Pick what the caller's environment says of connections, so that a real account can be used instead."""
    wanted: tuple[str, ...] = ("AIRFLOW_CONN_", "AIRFLOW_VAR_")
    if "AIRFLOW_CONN_AWS_DEFAULT" in os.environ:
        wanted += ("AWS_",)  # it may name a profile; with the sandbox's connection a profile would only be in the way
    return {key: value for key, value in os.environ.items() if key.startswith(wanted)}


def sandbox_connections(sandbox: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Make Airflow connections to what the sandbox says of itself in sandbox.json."""
    s3, sqs, bytenite, fleet, pixop = (sandbox[name] for name in ("s3", "sqs", "bytenite", "openencoder", "pixop"))
    endpoints = {"s3": {"endpoint_url": s3["endpoint"]}, "sqs": {"endpoint_url": sqs["url"]}}
    return {
        "aws_default": {
            "conn_type": "aws",
            "login": s3["access_key"],
            "password": s3["secret_key"],
            "extra": {"region_name": s3["region"], "service_config": endpoints},
        },
        "bytenite_default": {
            "conn_type": "bytenite",
            "host": bytenite["url"],
            "password": bytenite["api_key"],
        },
        "openencoder_default": {
            "conn_type": "openencoder",
            "host": fleet["url"],
            "login": fleet["username"],
            "password": fleet["password"],
            "extra": {name: fleet[name] for name in ("inbound_bucket", "outbound_bucket")},
        },
        "pixop_default": {
            "conn_type": "pixop",
            "host": pixop["url"],
            "login": pixop["email"],
            "password": pixop["password"],
            "extra": {"team_id": pixop["team_id"]},
        },
    }


def inbox_settings(sandbox: dict[str, Any]) -> dict[str, str]:
    """Say where the sandbox tells of what lands, and which pools there are; a caller's own queue and pools win."""
    ours = {"REELWORKS_QUEUE": sandbox["sqs"]["queue_url"]}
    ours |= {f"REELWORKS_{pool.upper()}_POOL": pool for pool in POOLS}
    return {name: os.environ.get(name) or value for name, value in ours.items()}


def _secrets(home: Path) -> dict[str, str]:
    """Keys of this home, made once: what was encrypted before a restart must be readable after it."""
    path = home / "secrets.json"
    if not path.exists():
        made = {
            "CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
            "API__SECRET_KEY": secrets.token_urlsafe(32),
        }
        home.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(made))
        unfinished.rename(path)
    loaded: dict[str, str] = json.loads(path.read_text())
    return loaded
