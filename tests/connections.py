"""Airflow connections for tests: in the environment, where Airflow looks first."""

import json
from typing import Any

import pytest


def connect(
    monkeypatch: pytest.MonkeyPatch,
    conn_id: str,
    conn_type: str = "bytenite",
    password: str | None = "5ec2e7",
    **rest: Any,
) -> None:
    """Make the connection ``conn_id``; ``rest`` is host, port, schema, extra …"""
    told = {"conn_type": conn_type, "password": password, **rest}
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(told))
